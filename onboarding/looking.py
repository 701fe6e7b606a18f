"""Where mail that may have left would lie, and the look for it there: the roof's part of the settling pass."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from intake.sources.mailbox import Account, Search, Sought, search_mail
from onboarding.aftermath import record_moved
from onboarding.mailboxes import mailbox_account
from onboarding.settings import MailboxSettings, Settings
from onboarding.workspace import Workspace
from outbox.evidence import Evidence
from outbox.messages import Connection, Message
from outbox.settle_pass import Settler
from outbox.settling import Looked, Policy, Settlement
from outbox.states import State

logger = logging.getLogger(__name__)

FOUND: Final = "found"
NOT_FOUND: Final = "not_found"
COPY_UNWATCHED: Final = "copy_unwatched"
"""The message's copy went to an address that no configured mailbox has now."""
REST_SECONDS: Final = 60.0
"""A place that could not be reached is not tried again for so long, or each of many messages would wait for it."""


@dataclass(frozen=True, kw_only=True)
class SearchPlace:
    """Where a mail that left would lie."""

    name: str
    """As `outbox show` tells it: the mailbox's id, and the folder if it is not the watched one."""
    account: Account
    evidence: Evidence


class Looker:
    """Looks for messages in every place where they would lie. Used by one thread."""

    def __init__(self, settings: Settings, seconds: Callable[[], float] = time.monotonic) -> None:
        """Raises ConfigurationError as `mailbox_account`."""
        self._settings = settings
        self._seconds = seconds
        self._inboxes = {mailbox.id: _inbox(mailbox) for mailbox in settings.mailboxes}
        self._sent = sent_places(settings)
        self._failed: dict[str, tuple[float, Search]] = {}

    def look(self, message: Message) -> Looked:
        """What a look for this message comes to. Never raises for what servers do."""
        told: list[str] = []
        unreached: str | None = None
        copies = self._copies(message)
        if message.copy_to is not None and not copies:  # the configuration was changed: it lies where nobody looks
            unreached = COPY_UNWATCHED
            told.append(f"{message.copy_to}: {COPY_UNWATCHED}")
        for place in (*copies, *self._sent):
            search = self._search(place, message)
            if message.message_id in search.found:
                return Looked(found=place.evidence, where="; ".join((*told, f"{place.name}: {FOUND}")))
            unreached = unreached or (search.problem and search.problem.value)
            told.append(f"{place.name}: {search.problem.value if search.problem else NOT_FOUND}")
        return Looked(unreached=unreached, where="; ".join(told))

    def _copies(self, message: Message) -> tuple[SearchPlace, ...]:
        """Where the message's own copy would lie, whatever `smtp.copy_to` is today; nowhere if it went without one."""
        mailboxes = () if message.copy_to is None else self._settings.mailboxes_for(message.copy_to)
        return tuple(self._inboxes[mailbox.id] for mailbox in mailboxes)

    def _search(self, place: SearchPlace, message: Message) -> Search:
        at, failed = self._failed.get(place.name, (float("-inf"), Search()))
        if self._seconds() - at < REST_SECONDS:
            return failed
        sought = Sought(message_id=message.message_id, mark=message.envelope_id)
        search = search_mail(place.account, [sought], moved=place.evidence is Evidence.COPY)
        if search.problem is not None:
            logger.warning("mail not looked for", extra={"place": place.evidence.value, "error": search.problem.value})
            self._failed[place.name] = (self._seconds(), Search(problem=search.problem))
        return search


def _inbox(mailbox: MailboxSettings) -> SearchPlace:
    return SearchPlace(name=mailbox.id, account=mailbox_account(mailbox), evidence=Evidence.COPY)


def sent_places(settings: Settings) -> tuple[SearchPlace, ...]:
    """Where the mail server itself keeps what is sent. Raises as `mailbox_account`."""
    named = ((mailbox, mailbox.sent_folder) for mailbox in settings.mailboxes)
    return tuple(_sent_place(mailbox, folder) for mailbox, folder in named if folder is not None)


def _sent_place(mailbox: MailboxSettings, folder: str) -> SearchPlace:
    account = replace(mailbox_account(mailbox), folder=folder)
    return SearchPlace(name=f"{mailbox.id}/{folder}", account=account, evidence=Evidence.SENT_FOLDER)


def settler_of(workspace: Workspace) -> Settler:
    """The settling pass of this workspace. One process uses one, under the run lock. Raises as `Looker`."""

    def follow_up(connection: Connection, message: Message, _settlement: Settlement) -> None:
        if message.state is not State.UNKNOWN:
            record_moved(connection, message, before=State.UNKNOWN, actor=workspace.system, now=workspace.clock())

    return Settler(
        begin=workspace.store.begin,
        clock=workspace.clock,
        policy=Policy(workspace.settings.forward.when_unknown),
        look=Looker(workspace.settings).look,
        on_settled=follow_up,
    )
