r"""A watched mailbox: the search is the truth, IDLE just says "look now". imapclient only in this package.

The way of a mail, and what is durable after each step:

1. `scan` finds it. Nothing is durable; nothing is touched, not even `\Seen`, which means nothing here.
2. `take` copies it to the originals, piece by piece. The bytes are durable; the mail is untouched.
3. The caller commits the receipt, and later its outcome. The receipt is durable; the mail is untouched.
4. `finish` moves the mail to `Inntak/Mottatt`, `Inntak/Karantene` or `Inntak/Ikke-avtale`, and the caller commits that.

A crash in between repeats the step: keys make receipts unique, and `finish` looks first what is still there. Where the
server forbids moving, or `move` is off, everything works from the ledger alone.

When the folder gets a new UIDVALIDITY, its UIDs start afresh (RFC 9051 2.3.1.1): every mail in it has a new key and is
taken once more, which the ledger recognises by its content.

Not promised: that a mail which somebody else deletes or moves away before the scan is seen; nor that the bytes are
those the sender sent, as the server has the only copy.
"""

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Event
from typing import Final

from imapclient.exceptions import IMAPClientAbortError, IMAPClientError

from agreements.errors import AvtaleError
from agreements.findings import INT_MAIL_NOT_GIVEN, INT_TOO_LARGE
from agreements.ports import Blobs
from intake.receipts import Receipt
from intake.sources.mailbox.account import Account, connect
from intake.sources.mailbox.client import SafeClient
from intake.sources.mailbox.entries import (
    Finished,
    MailboxState,
    MailEntry,
    MailKey,
    MailScan,
    Refused,
    Taken,
)
from intake.sources.mailbox.finishing import Finishing
from intake.sources.mailbox.moving import Mover, batches
from intake.sources.mailbox.problems import (
    MailboxUnavailable,
    Problem,
    problem_of,
    refusal_of,
)
from intake.sources.mailbox.reading import MailGone, MailTooLong, open_mail
from intake.sources.mailbox.selecting import Selected, select
from intake.sources.mailbox.waiting import await_news

logger = logging.getLogger(__name__)

MAX_MAIL_BYTES: Final = 40_000_000  # 25 MiB of PDF are 36 MB of mail (facts §4.4, §5): more is stored, but not opened
MAX_STORED_BYTES: Final = 256 * 2**20  # as for folders: more is refused unread
MAX_BATCH: Final = 200  # mails of one scan: so many receipts wait to be moved, at most
MAX_SEARCHED: Final = 80_000  # messages per search: an answer of ten digits each stays under imaplib's 1 MB per line
MAX_UID: Final = 2**32 - 1  # RFC 9051 9, nz-number
STRIKES: Final = (
    3  # facts §7, "poison mail": what breaks the connection so often comes after all others, as does what is refused
)


class MailboxSource:
    """One mailbox's folder. Used by one thread; on one host at a time (the roof holds the lock).

    Connects by itself when it has to. Every fault closes the connection; the next `scan` makes a new one.
    """

    def __init__(
        self,
        *,
        source_id: str,
        account: Account,
        vendor_id: str | None,
        move: bool = True,
        max_bytes: int = MAX_MAIL_BYTES,
    ) -> None:
        """`move`: whether decided mail is moved on the server. `max_bytes`: larger mail is not to be opened."""
        self.source_id = source_id
        self.vendor_id = vendor_id
        self._account = account
        self._move = move
        self._max_bytes = max_bytes
        self._client: SafeClient | None = None
        self._uidvalidity: int | None = None
        self._copied: set[int] = set()
        self._strikes: Counter[str] = Counter()

    # --- scan -----------------------------------------------------------------------------------------------------

    def scan(self, *, known: frozenset[str] = frozenset(), limit: int = MAX_BATCH) -> MailScan:
        """Look into the folder. Never raises for what the server does.

        `known`: keys not to be handed over again (`ledger.known_keys`). `limit`: at most so many are handed over.
        """
        try:
            with self._talking() as client:
                return self._look(client, known, limit)
        except MailboxUnavailable as error:
            return MailScan(state=MailboxState.UNAVAILABLE, problem=error.problem)

    def _look(self, client: SafeClient, known: frozenset[str], limit: int) -> MailScan:
        selected = self._select(client)
        client.forget_news()  # here only: what `finish` hears when it opens the folder is still to be searched for
        keys = {uid: str(self._key(uid, selected)) for uid in _search(client, selected.exists)}
        new = [uid for uid, key in keys.items() if key not in known]
        poison = {uid for uid in new if self._is_poison(keys[uid])}
        new.sort(key=lambda uid: (uid in poison, uid))
        return MailScan(
            state=MailboxState.AVAILABLE,
            ready=tuple(self._entries(client, new[:limit], selected)),
            more=len(new) - len(poison) > limit,  # or mail that can't be had would keep us busy
            known=len(keys) - len(new),
            ignored={"deleted": selected.exists - len(keys)} if selected.exists > len(keys) else {},
            present_keys=frozenset(keys.values()),
            bell=client.has_capability("IDLE"),
        )

    def _select(self, client: SafeClient) -> Selected:
        """Open the folder anew: its UIDVALIDITY may be another one."""
        selected = select(client, self._account.folder, write=self._move)
        if self._uidvalidity not in (None, selected.uidvalidity):
            logger.warning("folder has been numbered anew", extra={"source": self.source_id})
            self._copied.clear()
        self._uidvalidity = selected.uidvalidity
        return selected

    def _key(self, uid: int, selected: Selected) -> MailKey:
        return MailKey(
            account=self._account.name, folder=self._account.folder, uidvalidity=selected.uidvalidity, uid=uid
        )

    def _entries(self, client: SafeClient, uids: Sequence[int], selected: Selected) -> Iterator[MailEntry]:
        for batch in batches(uids):
            for uid, size in _sizes(client, batch).items():
                key = self._key(uid, selected)
                yield MailEntry(source=self.source_id, vendor_id=self.vendor_id, place=key, size=size)

    # --- take -----------------------------------------------------------------------------------------------------

    def take(self, entry: MailEntry, blobs: Blobs) -> Taken | Refused | None:
        """Store a copy of the mail's bytes; the mail stays untouched.

        None: it is gone, the next scan tells. Refused: its bytes can't be had. Raises MailboxUnavailable, and what
        storing raises (TemporaryError when the disk is full); then nothing is lost, and the next scan hands the entry
        over again.
        """
        if entry.size > MAX_STORED_BYTES:
            return _too_long(entry, entry.size)
        if self._client is None or entry.place.uidvalidity != self._uidvalidity:
            return None
        uid = entry.place.uid
        try:
            mail = open_mail(
                lambda offset, size: self._fetch(uid, offset, size), announced=entry.size, limit=MAX_STORED_BYTES
            )
            sha256, size = blobs.put_stream(mail)
        except MailGone:
            return None
        except MailTooLong as error:
            return _too_long(entry, error.size)
        except _NotGiven as error:
            self._strikes[entry.key] = STRIKES
            return Refused(entry=entry, finding=INT_MAIL_NOT_GIVEN(reason=error.reason), try_again=True)
        except MailboxUnavailable as error:
            self._strikes[entry.key] += 1
            if not self._is_poison(entry.key):
                raise
            return Refused(entry=entry, finding=INT_MAIL_NOT_GIVEN(reason=error.code), try_again=True)
        self._strikes.pop(entry.key, None)
        finding = INT_TOO_LARGE(size=size, limit=self._max_bytes) if size > self._max_bytes else None
        return Taken(entry=entry, sha256=sha256, size=size, finding=finding)

    def _is_poison(self, key: str) -> bool:
        return self._strikes[key] >= STRIKES

    def _fetch(self, uid: int, offset: int, size: int) -> bytes | None:
        """A piece of the mail, without marking it as read. None: there is no such mail."""
        with self._talking() as client:
            try:
                answers = client.fetch([uid], [f"BODY.PEEK[]<{offset}.{size}>"])
            except IMAPClientError as error:
                reason = refusal_of(error)
                if reason is None:
                    raise
                raise _NotGiven(reason) from error
            if uid not in answers:
                return None
            piece = answers[uid].get(b"BODY[]<%d>" % offset)
            if not isinstance(piece, bytes):
                raise _NotGiven("no_bytes")
            if len(piece) > size:
                raise IMAPClientAbortError("more than asked for")
            return piece

    # --- finish ---------------------------------------------------------------------------------------------------

    def finish(self, receipts: Sequence[Receipt]) -> tuple[Finished, ...]:
        """Move the mail of decided receipts to its places, in batches; tells what became of each.

        May be repeated. One that is not told of is still to be finished. Raises MailboxUnavailable, also when the
        server refused to move every one of them for now.
        """
        if not receipts:
            return ()
        with self._talking() as client:
            selected = self._select(client)
            leave = None if self._move and selected.writable else ("read_only" if self._move else "settings")
            finishing = Finishing(
                client,
                Mover(client, watched=self._account.folder, copied=self._copied),
                uidvalidity=selected.uidvalidity,
                leave=leave,
            )
            finishing.finish(receipts, account=self._account)
        if finishing.refused and not finishing.done:
            raise MailboxUnavailable(Problem.MOVE_REFUSED, source=self.source_id)
        return tuple(finishing.done)

    # --- connection -----------------------------------------------------------------------------------------------

    def wait(self, stop: Event, *, nudged: Event | None = None) -> None:
        """Return when mail may have come, when one of the events is set, or after one slice (`Timeouts.idle`).

        Raises MailboxUnavailable. Look again afterwards, in any case.
        """
        if self._client is None:
            return
        with self._talking() as client:
            await_news(client, self._account.timeouts, stop=stop, nudged=nudged)
        if stop.is_set():
            self.abandon()

    def close(self) -> None:
        """Log out and close, in about a second."""
        client, self._client = self._client, None
        if client is not None:
            client.leave(self._account.timeouts.leave)

    def abandon(self) -> None:
        """Close without a word, at once."""
        client, self._client = self._client, None
        if client is not None:
            client.hang_up()

    def interrupt(self) -> None:
        """End whatever the source's thread waits for from the server, at once; callable from any thread."""
        client = self._client
        if client is not None:
            client.cut()

    @contextmanager
    def _talking(self) -> Iterator[SafeClient]:
        """The connection; a fault closes it and becomes MailboxUnavailable."""
        try:
            if self._client is None:
                self._client = connect(self._account)
            yield self._client
        except (_NotGiven, AvtaleError):
            raise
        except Exception as error:
            # imapclient meets what a hostile server says with exceptions of any kind; ours, too, must not end the loop
            self.abandon()
            problem = problem_of(error)
            fault = type(error).__name__
            logger.warning(
                "mailbox unavailable", extra={"source": self.source_id, "error": problem.value, "fault": fault}
            )
            raise MailboxUnavailable(problem, source=self.source_id) from error


class _NotGiven(Exception):
    """The server refuses one mail's bytes, and works otherwise."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def _search(client: SafeClient, exists: int) -> list[int]:
    """The UIDs of all that is not marked as deleted, in order; so many at a time that the answer fits in a line."""
    found: set[int] = set()
    for first in range(1, exists + 1, MAX_SEARCHED):
        last = min(first + MAX_SEARCHED - 1, exists)
        found.update(client.search([f"{first}:{last}", "UNDELETED"] if exists > MAX_SEARCHED else ["UNDELETED"]))
    return sorted(uid for uid in found if 1 <= uid <= MAX_UID)


def _sizes(client: SafeClient, uids: Sequence[int]) -> dict[int, int]:
    """The size of each mail that is there, in order; 0 where the server has none to give, and `take` will tell why.

    A server that can't read one mail refuses the whole command: halving keeps it from holding up the others.
    """
    try:
        answers = client.fetch(uids, ["RFC822.SIZE"])
    except IMAPClientError as error:
        if refusal_of(error) is None:
            raise
        if len(uids) == 1:
            return dict.fromkeys(uids, 0)
        half = len(uids) // 2
        return _sizes(client, uids[:half]) | _sizes(client, uids[half:])
    sizes = {uid: answers[uid].get(b"RFC822.SIZE") for uid in uids if uid in answers}
    return {uid: size if isinstance(size, int) else 0 for uid, size in sizes.items()}


def _too_long(entry: MailEntry, size: int) -> Refused:
    return Refused(entry=entry, finding=INT_TOO_LARGE(size=size, limit=MAX_STORED_BYTES), try_again=False)
