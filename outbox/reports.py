"""Which message a delivery status notification (RFC 3464) is about, and what it says of it.

Found by what only those know who have had the mail, or the mail systems on its way: our envelope id, the Message-ID,
the mark in our own header. Last by the agreement's number in the returned header and the recipient: both stand on
documents that others see, so that way a report may say that a mail did *not* arrive, which makes a person look, but
never that it did.

A group of the report about our copy's recipient says nothing of the message. A group that names neither (an alias, a
member of a list) can only tell of trouble: that one of many got the mail does not say that ours did.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from outbox.evidence import Action, Report
from outbox.messages import Connection, Message, find_by_envelope_id, find_by_message_id, list_messages
from outbox.states import LEFT, State

MAX_TEXT: Final = 1000  # characters kept of one system's words, as of a reply (`smtp.MAX_REPLY`)
_STRICTEST_FIRST: Final = (Action.FAILED, Action.DELAYED, Action.DELIVERED, Action.RELAYED, Action.EXPANDED)
_TROUBLE: Final = frozenset({Action.FAILED, Action.DELAYED})
_MAY_HAVE_LEFT: Final = LEFT | {State.UNKNOWN}
_DIAGNOSTIC_TYPE: Final = re.compile(r"\A[A-Za-z0-9-]{1,20}; *")  # `smtp; 550 …` (RFC 3464 2.3.6)
_BY_CLASS: Final = {"2": Action.DELIVERED, "4": Action.DELAYED, "5": Action.FAILED}  # RFC 3463 2


class MatchedBy(StrEnum):
    """By what a report's message was found."""

    ENVELOPE_ID = "envelope_id"
    MESSAGE_ID = "message_id"
    MARK = "mark"
    """Our own header."""
    AGREEMENT = "agreement"
    """The agreement's number and the recipient."""


@dataclass(frozen=True, kw_only=True)
class RecipientStatus:
    """What a report says of one recipient. Strangers' text."""

    original: str = ""
    """The address as we gave it, where the mail system was told (RFC 3461 4.2)."""
    final: str = ""
    """The address it came to in the end."""
    action: str = ""
    status: str = ""
    """RFC 3463: `5.1.1`."""
    diagnostic: str = ""

    def names(self, address: str | None) -> bool:
        """Whether it is about this address. Letter case counts for nothing: no mail system tells Kari from kari."""
        return address is not None and address.casefold() in {self.original.casefold(), self.final.casefold()}


@dataclass(frozen=True, kw_only=True)
class StatusNotification:
    """A report as it was read, before anybody knows what it is about."""

    envelope_id: str = ""
    message_id: str = ""
    """With its angle brackets, as are the next two of the returned mail."""
    mark: str = ""
    agreement: str = ""
    recipients: tuple[RecipientStatus, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Matched:
    """A message that a notification is about."""

    message: Message
    by: MatchedBy
    report: Report | None
    """What it says of the message's recipient; None: nothing that may count."""
    copy_lost: bool
    """Whether it says that our own copy did not arrive."""


def find_reported(conn: Connection, told: StatusNotification) -> Matched | None:
    """The message that a notification is about, or None where it is none of ours, or can't be told from others."""
    found = _find(conn, told)
    if found is None:
        return None
    message, by = found
    report = what_is_said(message, told.recipients)
    if by is MatchedBy.AGREEMENT:
        report = replace(report, known=False) if report is not None and report.action is Action.FAILED else None
    about_copy = [one for one in told.recipients if one.names(message.copy_to) and not one.names(message.recipient)]
    copy_lost = any(_action(one) is Action.FAILED for one in about_copy)
    return Matched(message=message, by=by, report=report, copy_lost=copy_lost)


def tells_trouble(told: StatusNotification) -> bool:
    """Whether anything in it says else than that all is well. Pure."""
    return not told.recipients or any(_action(one) in {None, *_TROUBLE} for one in told.recipients)


def what_is_said(message: Message, recipients: Iterable[RecipientStatus]) -> Report | None:
    """The strictest that is said of the message's recipient. Pure."""
    said = [(action, one) for one in recipients if (action := _about(message, one)) is not None]
    if not said:
        return None
    action, strictest = min(said, key=lambda each: _STRICTEST_FIRST.index(each[0]))
    return Report(action=action, text=_text(message, strictest))


def _find(conn: Connection, told: StatusNotification) -> tuple[Message, MatchedBy] | None:
    by_key = (
        (MatchedBy.ENVELOPE_ID, find_by_envelope_id, told.envelope_id),
        (MatchedBy.MESSAGE_ID, find_by_message_id, told.message_id),
        (MatchedBy.MARK, find_by_envelope_id, told.mark),
    )
    for by, find_by, key in by_key:
        message = find_by(conn, key) if key else None
        if message is not None:
            return message, by
    message = _find_by_agreement(conn, told)
    return None if message is None else (message, MatchedBy.AGREEMENT)


def _find_by_agreement(conn: Connection, told: StatusNotification) -> Message | None:
    """The only message with this agreement that left, or may have, for a recipient that the report names."""
    case = told.agreement.rpartition(".")[0]
    named = [
        message
        for message in (list_messages(conn, case_number=case) if case else ())
        if message.agreement == told.agreement and message.state in _MAY_HAVE_LEFT
        if any(one.names(message.recipient) for one in told.recipients)
    ]
    return named[0] if len(named) == 1 else None


def _about(message: Message, one: RecipientStatus) -> Action | None:
    """What a group says of the message's own recipient, or None."""
    action = _action(one)
    if one.names(message.recipient):
        return action
    return action if action in _TROUBLE and not one.names(message.copy_to) else None


def _action(one: RecipientStatus) -> Action | None:
    """The action, or where there is none what the status's class says (RFC 3463 2)."""
    try:
        return Action(one.action)
    except ValueError:
        return _BY_CLASS.get(one.status[:1])


def _text(message: Message, one: RecipientStatus) -> str:
    """Status and diagnostic; before them the address, where it is not the one the message went to."""
    address = "" if one.names(message.recipient) else one.final or one.original
    words = _DIAGNOSTIC_TYPE.sub("", one.diagnostic)
    return " ".join(part for part in (address, one.status, words) if part)[:MAX_TEXT]
