"""Does this mail lie in this mailbox? Known by its Message-ID, or by our own header where a relay gave it another.

A connection of its own, opened for reading and closed again: nothing is fetched, marked or moved, and the thread that
watches the mailbox is not disturbed. Every wait is bounded by the account's time-outs.

The watched folder is searched before those that mail is moved to. Mail goes that way only, so one that is moved while
we look is met in the one or the other.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from agreements.mail import OWN_HEADER
from intake.sources.mailbox.account import Account, connect
from intake.sources.mailbox.client import SafeClient
from intake.sources.mailbox.moving import CannotMove, Mover, Place
from intake.sources.mailbox.problems import Problem, problem_of
from intake.sources.mailbox.selecting import select

_JUNK: Final = rb"\Junk"  # RFC 6154 2
_JUNK_NAMES: Final = frozenset({"junk", "spam", "junk email", "junk e-mail"})
"""Where a server does not tell which folder it is."""


@dataclass(frozen=True, kw_only=True)
class Sought:
    """A mail of ours to look for."""

    message_id: str
    """With its angle brackets."""
    mark: str
    """What our own header says in it."""


@dataclass(frozen=True, kw_only=True)
class Search:
    """What a look into a mailbox came to."""

    found: frozenset[str] = frozenset()
    """The Message-IDs of those that are there; with a problem, of some of them."""
    problem: Problem | None = None
    """Why it could not be looked into everywhere; then nothing may be concluded from what was not found."""


def search_mail(account: Account, sought: Sequence[Sought], *, moved: bool) -> Search:
    """Look for mails in the account's folder; never raises for what server, network or provider do.

    `moved`: also in the folders that mail is moved to when it is done with, and that of junk; one that is not there
    holds none.
    """
    found: set[str] = set()
    client: SafeClient | None = None
    try:
        client = connect(account)
        for folder in _folders(client, account, moved=moved):
            select(client, folder, write=False)
            found.update(mail.message_id for mail in sought if _is_there(client, mail))
    except Exception as error:  # noqa: BLE001 - as in `source`: hostile servers are met with exceptions of any kind
        return Search(found=frozenset(found), problem=problem_of(error))
    finally:
        if client is not None:
            client.leave(account.timeouts.leave)
    return Search(found=frozenset(found))


def _folders(client: SafeClient, account: Account, *, moved: bool) -> Iterator[str]:
    """The folders to look into, in the order that mail goes through them."""
    yield account.folder
    if not moved:
        return
    mover = Mover(client, watched=account.folder, copied=set())
    for place in Place:
        try:
            name, is_there = mover.find(place)
        except CannotMove:  # the watched folder itself, which was looked into
            continue
        if is_there:
            yield name
    for flags, _, name in client.list_folders():
        # A filter may take mail from an address of its own house for forged.
        is_junk = _JUNK in flags or name.casefold() in _JUNK_NAMES
        if is_junk and rb"\Noselect" not in flags:
            yield name


def _is_there(client: SafeClient, mail: Sought) -> bool:
    """Marked as deleted or not: that it came is all that is asked."""
    by_id = client.search(["HEADER", "Message-ID", mail.message_id])
    return bool(by_id or client.search(["HEADER", OWN_HEADER, mail.mark]))
