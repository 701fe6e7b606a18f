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
REST_SECONDS: Final = 60.0
"""A place that could not be reached is not tried again for so long, or each of many messages would wait for it."""


@dataclass(frozen=True, kw_only=True)
class SearchPlace:
    """Where a mail that left would lie."""

    name: str
    """As `outbox show` tells it: the mailbox's id, and the folder if it is not the watched one."""
    account: Account
    moved: bool
    """Whether mail is moved on from there when it is done with."""
    evidence: Evidence


def search_places(settings: Settings) -> tuple[SearchPlace, ...]:
    """The copy's mailbox, and where the mail server itself keeps what is sent. Raises as `mailbox_account`."""
    copies = () if settings.smtp.copy_to is None else settings.mailboxes_for(settings.smtp.copy_to)
    sent = [(mailbox, mailbox.sent_folder) for mailbox in settings.mailboxes if mailbox.sent_folder is not None]
    return (*map(_copy_place, copies), *(_sent_place(mailbox, folder) for mailbox, folder in sent))


def _copy_place(mailbox: MailboxSettings) -> SearchPlace:
    return SearchPlace(name=mailbox.id, account=mailbox_account(mailbox), moved=mailbox.move, evidence=Evidence.COPY)


def _sent_place(mailbox: MailboxSettings, folder: str) -> SearchPlace:
    account = replace(mailbox_account(mailbox), folder=folder)
    return SearchPlace(name=f"{mailbox.id}/{folder}", account=account, moved=False, evidence=Evidence.SENT_FOLDER)


class Looker:
    """Looks for messages in every place there is. Used by one thread."""

    def __init__(self, places: tuple[SearchPlace, ...], seconds: Callable[[], float] = time.monotonic) -> None:
        self._places = places
        self._seconds = seconds
        self._failed: dict[str, tuple[float, Search]] = {}

    def look(self, message: Message) -> Looked:
        """What a look for this message comes to. Never raises for what servers do.

        A message that went without a copy is not looked for where copies come.
        """
        told: list[str] = []
        unreached: str | None = None
        for place in self._places:
            if place.evidence is Evidence.COPY and message.copy_to is None:
                continue
            search = self._search(place, message)
            if message.message_id in search.found:
                where = "; ".join((*told, f"{place.name}: {FOUND}"))
                return Looked(found=place.evidence, where=where)
            unreached = unreached or (search.problem and search.problem.value)
            told.append(f"{place.name}: {search.problem.value if search.problem else NOT_FOUND}")
        return Looked(unreached=unreached, where="; ".join(told))

    def _search(self, place: SearchPlace, message: Message) -> Search:
        at, failed = self._failed.get(place.name, (float("-inf"), Search()))
        if self._seconds() - at < REST_SECONDS:
            return failed
        sought = Sought(message_id=message.message_id, mark=message.envelope_id)
        search = search_mail(place.account, [sought], moved=place.moved)
        if search.problem is not None:
            logger.warning("mail not looked for", extra={"place": place.evidence.value, "error": search.problem.value})
            self._failed[place.name] = (self._seconds(), Search(problem=search.problem))
        return search


def settler_of(workspace: Workspace) -> Settler:
    """The settling pass of this workspace. One process uses one, under the run lock. Raises as `search_places`."""

    def follow_up(connection: Connection, message: Message, _settlement: Settlement) -> None:
        if message.state is not State.UNKNOWN:
            record_moved(connection, message, before=State.UNKNOWN, actor=workspace.system, now=workspace.clock())

    return Settler(
        begin=workspace.store.begin,
        clock=workspace.clock,
        policy=Policy(workspace.settings.forward.when_unknown),
        look=Looker(search_places(workspace.settings)).look,
        on_settled=follow_up,
    )
