"""Digipost's answers: a mail from its people about a case of ours is filed there, and seen by whoever must read it.

1. whose    the one From address lies in one of `attestation.domains`, exactly: a domain below it is another domain
2. what of  the mail points at one case of the vendor whose channel it came by: it answers a mail of ours, came to the
            case's own address, or has the case's number in its subject
3. filed    in the transaction that decides the mail: an event (receipt, kind, evidence; no text and no names), and who
            has the ball. A question waits for the vendor until a person says it is answered; what a person wrote
            without asking acknowledges a forwarded agreement; what a program wrote is filed and changes nothing

Anybody can write a From line. So an answer approves nothing, attests nothing and sets no value: a number that it calls
a sender id is a suggestion, which a person confirms. What a forger can reach is that a person looks at a case.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from agreements.canonical import JsonValue
from agreements.case import Case, with_answer
from agreements.casenumber import CaseNumber, parse_case_number
from agreements.catalogue import load_catalogue
from agreements.findings import INT_DIGIPOST_ANSWER, INT_DIGIPOST_NO_CASE, Finding
from agreements.parties import Actor
from intake.matching import Evidence, Match
from intake.receipts import Receipt
from intake.unpacking import MailKind, MailReading
from onboarding.record import EventKind
from onboarding.settings import Settings
from onboarding.store.cases import find_case, move_case
from onboarding.store.events import Event, NewEvent, append_event, list_events
from onboarding.workspace import Workspace
from outbox.messages import Connection

_SENDER_ID: Final = "setup.sender_id"
_WRITTEN: Final = frozenset({MailKind.PLAIN, MailKind.RETURN, MailKind.AUTO_REPLY, MailKind.ENCRYPTED})
"""Kinds of mail that may be an answer; the others are sent to many, by mail systems, or by ourselves."""
_BY_A_PERSON: Final = frozenset({MailKind.PLAIN, MailKind.ENCRYPTED})
_EVIDENCE: Final = frozenset({Evidence.ADDRESS_TOKEN, Evidence.ANSWERED_MAIL, Evidence.NUMBER_IN_NAME})


class AnswerKind(StrEnum):
    """What an answer is to us. Words: `states.answer.<kind>`."""

    ACKNOWLEDGEMENT = "acknowledgement"
    QUESTION = "question"
    """A question mark in the sender's own words, or a mail that can't be read."""


@dataclass(frozen=True, kw_only=True)
class DigipostAnswer:
    """An answer, and the case it is about."""

    case: CaseNumber
    receipt: int
    kind: AnswerKind
    evidence: Evidence
    """What points at the case."""
    automatic: bool
    """A program wrote it, or sent it for somebody."""
    attests: bool = False
    """It holds an attestation code of the case, in its sender's own words: for a person to confirm, if it proves to be
    Digipost's (`verify attest`)."""
    sender_ids: tuple[str, ...] = ()
    """Numbers it calls a sender id, for a person to confirm."""

    @property
    def reason(self) -> Finding:
        """What its receipt says."""
        return INT_DIGIPOST_ANSWER(case=str(self.case))


def is_from_digipost(settings: Settings, mail: MailReading) -> bool:
    """Whether the mail says that it was written at Digipost. It may lie."""
    domain = mail.sender.rpartition("@")[2].casefold()
    return domain in {known.casefold() for known in settings.attestation.domains} and mail.kind in _WRITTEN


def find_answer(workspace: Workspace, receipt: Receipt, mail: MailReading, match: Match) -> DigipostAnswer | None:
    """The answer that a mail is, or None. `match`: where the mail around its documents points."""
    if not is_from_digipost(workspace.settings, mail) or match.case is None or match.evidence not in _EVIDENCE:
        return None
    if match.conflicting or match.other_vendor:
        return None
    with workspace.store.read() as connection:
        case = find_case(connection, match.case)
    if case is None:
        return None
    asks = mail.asks or mail.kind is MailKind.ENCRYPTED
    return DigipostAnswer(
        case=match.case,
        receipt=receipt.id,
        kind=AnswerKind.QUESTION if asks else AnswerKind.ACKNOWLEDGEMENT,
        evidence=match.evidence,
        automatic=mail.by_program,
        attests=any(code.startswith(f"{match.case} ") for code in mail.codes),
        sender_ids=_possible(workspace, case, mail.sender_ids),
    )


def lost_answer(settings: Settings, mail: MailReading) -> Finding | None:
    """Why a mail without documents that is no answer must be read all the same: somebody at Digipost wrote it."""
    written = is_from_digipost(settings, mail) and mail.kind in _BY_A_PERSON
    return INT_DIGIPOST_NO_CASE() if written else None


def file_answer(connection: Connection, answer: DigipostAnswer, *, actor: Actor, now: datetime) -> None:
    """File an answer on its case, in the transaction that decides its mail. Filing the same receipt again is nothing.

    Raises TemporaryError if somebody else changed the case meanwhile.
    """
    case = find_case(connection, answer.case)
    if case is None or any(filed.receipt == answer.receipt for filed in read_answers(connection, answer.case)):
        return
    data: dict[str, JsonValue] = {
        "receipt": answer.receipt,
        "answer": answer.kind.value,
        "evidence": answer.evidence.value,
        "automatic": answer.automatic,
        "attests": answer.attests,
        "sender_ids": list(answer.sender_ids),
    }
    event = NewEvent(kind=EventKind.DIGIPOST_ANSWERED, actor=actor, at=now, case_number=str(answer.case), data=data)
    moved = _moved(case, answer, now)
    if moved == case:
        append_event(connection, event)
    else:
        move_case(connection, moved, event=event)


def read_answers(connection: Connection, case: CaseNumber) -> tuple[DigipostAnswer, ...]:
    """What is filed on a case, oldest first."""
    return tuple(map(answer_of, answer_events(list_events(connection, str(case)))))


def answer_events(events: tuple[Event, ...]) -> tuple[Event, ...]:
    """Those of a case's events that file answers."""
    return tuple(event for event in events if event.kind == EventKind.DIGIPOST_ANSWERED)


def answer_of(event: Event) -> DigipostAnswer:
    """The answer that an event files."""
    data = json.loads(event.data)
    return DigipostAnswer(
        case=parse_case_number(event.case_number or ""),
        receipt=data["receipt"],
        kind=AnswerKind(data["answer"]),
        evidence=Evidence(data["evidence"]),
        automatic=data["automatic"],
        attests=data.get("attests", False),
        sender_ids=tuple(data["sender_ids"]),
    )


def _moved(case: Case, answer: DigipostAnswer, now: datetime) -> Case:
    """A program's receipt comes to every mail within seconds: it says nothing of who has read it."""
    question = answer.kind is AnswerKind.QUESTION
    return case if answer.automatic and not question else with_answer(case, question=question, now=now)


def _possible(workspace: Workspace, case: Case, numbers: tuple[str, ...]) -> tuple[str, ...]:
    """Those that can be a sender id: none of the numbers it is most often mistaken for (facts/domain.md §2)."""
    vendor = workspace.vendor(case.vendor_id)
    others = {int(case.org_number.digits), int(vendor.org_number.digits), vendor.broker_id}
    least = load_catalogue().field(_SENDER_ID).min or 1
    values = dict.fromkeys(int(number) for number in numbers)
    return tuple(str(value) for value in values if value >= least and value not in others)
