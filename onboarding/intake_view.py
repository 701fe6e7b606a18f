"""How one receipt looks: where it came from, what lay in it, what became of it, and what a person should do."""

from collections.abc import Iterator
from dataclasses import dataclass

from agreements.canonical import JsonValue
from agreements.case import Case
from agreements.casenumber import parse_case_number
from agreements.errors import NotFoundError
from agreements.findings import Finding
from agreements.language import Language
from agreements.texts import has_text, text
from intake.ledger import find_document, find_receipt, find_successor, list_receipts, receipts_inside, receipts_of
from intake.matching import Clue
from intake.openings import Opening, find_opening
from intake.receipts import Outcome, Receipt, ReceiptState
from intake.unpacking import MailReading
from onboarding.answers import Answer, table
from onboarding.clues import find_delivery
from onboarding.evidence import find_told_of
from onboarding.ready_replies import Reply, ready_reply
from onboarding.review_view import review_answer
from onboarding.store.cases import find_case
from onboarding.store.judgements import Judgement, find_judgement_of
from onboarding.views import finding_data, finding_lines, receipt_data, receipt_row, utc
from onboarding.workspace import Workspace
from outbox.messages import Connection

_COLUMNS = ("receipt", "file", "state", "reason", "time")
_PART_COLUMNS = ("receipt", "file", "place", "kind", "size", "state", "reason")
_EVIDENCE_COLUMNS = ("evidence", "case", "agreement")


@dataclass(frozen=True, kw_only=True)
class _Became:
    """What became of a receipt's content."""

    outcome: Outcome | None = None
    judgement: Judgement | None = None


@dataclass(frozen=True, kw_only=True)
class _Details:
    """Everything about one receipt."""

    receipt: Receipt
    became: _Became
    opening: Opening | None
    """What was found in it, if it is a mail or an archive."""
    parts: tuple[Receipt, ...]
    """The receipts of the documents in it."""
    mail: MailReading | None
    """The mail that it is, or lay in."""
    same_content: tuple[Receipt, ...]
    case: Case | None
    """The one case that it belongs to or points at."""
    told_of: int | None
    """The message that it is a copy of, or that a mail system writes about."""
    superseded_by: int | None
    """The receipt that came in its place: what is to be done is said there."""

    @property
    def clues(self) -> tuple[Clue, ...]:
        return () if self.became.outcome is None else self.became.outcome.clues

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Why it is as it is, the reason first; then what else was found in it."""
        reason = () if self.receipt.reason is None else (self.receipt.reason,)
        found = () if self.opening is None else self.opening.findings
        return (*reason, *(finding for finding in found if finding not in reason))


def receipt_list(workspace: Workspace, state: str | None, language: Language) -> Answer:
    """Receipts, all or of one state, each with the case and the judgement of its content."""
    wanted = ReceiptState(state) if state else None
    with workspace.store.read() as connection:
        receipts = list(_every_receipt(connection, wanted))
        data: list[JsonValue] = [_data(receipt, _find_became(connection, receipt), language) for receipt in receipts]
    return Answer(data=data, lines=table(_COLUMNS, [receipt_row(receipt, language) for receipt in receipts], language))


def _every_receipt(connection: Connection, state: ReceiptState | None) -> Iterator[Receipt]:
    last = 0
    while page := list_receipts(connection, state, after=last):
        yield from page
        last = page[-1].id


def receipt_details(workspace: Workspace, identity: int, language: Language) -> Answer:
    """A receipt with its reason, what lay in it, what points at a case, a ready reply where the sender must do
    something, and the judgement of its content where it has one. Raises NotFoundError.
    """
    with workspace.store.read() as connection:
        details = _find_details(connection, identity)
    reply = _reply(workspace, details, language)
    data = {**_data(details.receipt, details.became, language), **_details_data(details, reply, language)}
    lines = table(_COLUMNS, [receipt_row(details.receipt, language)], language)
    for block in _blocks(details, reply, language):
        lines += ["", *block]
    judgement = details.became.judgement
    if judgement is not None:
        lines += ["", *review_answer(workspace, judgement.id, language).lines]
    return Answer(data=data, lines=lines)


# --- gathering --------------------------------------------------------------------------------------------------------


def _find_details(connection: Connection, identity: int) -> _Details:
    receipt = find_receipt(connection, identity)
    if receipt is None:
        raise NotFoundError("receipt_unknown", receipt=identity)
    became = _find_became(connection, receipt)
    opening = None if receipt.sha256 is None else find_opening(connection, receipt.sha256)
    same = () if receipt.sha256 is None else receipts_of(connection, receipt.sha256)
    around = find_delivery(connection, receipt)
    successor = find_successor(connection, receipt.id)
    within = opening or (around[1] if around else None)
    return _Details(
        receipt=receipt,
        became=became,
        opening=opening,
        parts=tuple(part for each in same for part in receipts_inside(connection, each.id)) if opening else (),
        mail=within.mail if within else None,
        same_content=tuple(each for each in same if each.id != identity),
        case=_find_case(connection, receipt, became.outcome),
        told_of=_told_of(connection, opening),
        superseded_by=successor.id if successor else None,
    )


def _told_of(connection: Connection, opening: Opening | None) -> int | None:
    message = None if opening is None or opening.mail is None else find_told_of(connection, opening.mail)
    return None if message is None else message.id


def _find_case(connection: Connection, receipt: Receipt, outcome: Outcome | None) -> Case | None:
    """Its case, else the only one that is pointed at; never another vendor's than whose channel it came by."""
    if outcome is None:
        return None
    named = {clue.case for clue in outcome.clues}
    if outcome.case_number is not None:
        named = {parse_case_number(outcome.case_number)}
    case = find_case(connection, named.pop()) if len(named) == 1 else None
    return None if case is not None and receipt.vendor_id not in (None, case.vendor_id) else case


def _find_became(connection: Connection, receipt: Receipt) -> _Became:
    if receipt.sha256 is None:
        return _Became()
    document = find_document(connection, receipt.sha256)
    judgement = find_judgement_of(connection, receipt.sha256)
    return _Became(outcome=document.outcome if document else None, judgement=judgement)


def _reply(workspace: Workspace, details: _Details, language: Language) -> Reply | None:
    """In the case's language where the case is known; signed by its vendor, else by the channel's."""
    if details.receipt.state is not ReceiptState.QUARANTINED or details.superseded_by is not None:
        return None
    case = details.case
    vendor = workspace.settings.find_vendor(case.vendor_id if case else details.receipt.vendor_id or "")
    return ready_reply(
        details.findings,
        case_number=str(case.number) if case else None,
        vendor=vendor.name if vendor else "",
        language=case.language if case else language,
    )


# --- for programs -----------------------------------------------------------------------------------------------------


def _data(receipt: Receipt, became: _Became, language: Language) -> dict[str, JsonValue]:
    outcome, judgement = became.outcome, became.judgement
    return {
        **receipt_data(receipt, language),
        "case": outcome.case_number if outcome else None,
        "agreement": outcome.agreement if outcome else None,
        "judgement": judgement.id if judgement else None,
        "verdict": judgement.decision.verdict.value if judgement else None,
    }


def _details_data(details: _Details, reply: Reply | None, language: Language) -> dict[str, JsonValue]:
    return {
        "superseded_by": details.superseded_by,
        "message": details.told_of,
        "same_content": [receipt.id for receipt in details.same_content],
        "mail": None if details.mail is None else _mail_data(details.mail),
        "parts": [*_part_data(details, language)],
        "findings": [finding_data(finding, language) for finding in details.findings],
        "evidence": [_clue_data(clue) for clue in details.clues],
        "reply": None if reply is None else {"to": _reply_to(details), "subject": reply.subject, "body": reply.body},
    }


def _mail_data(mail: MailReading) -> JsonValue:
    return {
        "kind": mail.kind.value,
        "from": mail.sender or None,
        "subject": mail.subject,
        "date": utc(mail.date),
        "bar_to_reply": mail.bar_to_reply.value if mail.bar_to_reply else None,
    }


def _part_data(details: _Details, language: Language) -> Iterator[JsonValue]:
    """Documents with their receipts, then what lay beside them."""
    if details.opening is None:
        return
    paths = {candidate.sha256: candidate.path for candidate in details.opening.candidates}
    for part in details.parts:
        yield {
            "receipt": part.id,
            "name": part.display_name,
            "path": [*paths.get(part.sha256 or "", ())],
            "kind": "pdf",
            "size": part.size,
            "state": part.state.value,
            "reason": None if part.reason is None else finding_data(part.reason, language),
        }
    for other in details.opening.others:
        told: dict[str, JsonValue] = {"name": other.name, "path": [*other.path], "kind": other.kind, "size": other.size}
        yield {"receipt": None, **told, "state": None, "reason": None}


def _clue_data(clue: Clue) -> JsonValue:
    agreement = None if clue.version is None else f"{clue.case}.{clue.version}"
    return {"evidence": clue.evidence.value, "case": str(clue.case), "agreement": agreement}


def _reply_to(details: _Details) -> str | None:
    """The sender's own address, unless no person reads there."""
    mail = details.mail
    return mail.sender if mail is not None and mail.may_reply and mail.sender else None


# --- for people -------------------------------------------------------------------------------------------------------


def _blocks(details: _Details, reply: Reply | None, language: Language) -> Iterator[list[str]]:
    """Each is set off by an empty line."""
    if details.findings:
        yield _finding_lines(details, language)
    yield from ([line] for line in _pointers(details, language))
    if details.mail is not None:
        yield _mail_lines(details.mail, language)
    rows = [_part_row(part, language) for part in _part_data(details, language)]
    if rows:
        yield [text("talk.intake.parts", language), *table(_PART_COLUMNS, rows, language)]
    if details.clues:
        rows = [_clue_row(clue, language) for clue in details.clues]
        yield [text("talk.intake.evidence", language), *table(_EVIDENCE_COLUMNS, rows, language)]
    if reply is not None:
        yield _reply_lines(details, reply, language)


def _pointers(details: _Details, language: Language) -> Iterator[str]:
    """To other receipts, and to the message it tells of."""
    receipt = details.receipt
    if details.superseded_by is not None:
        yield text("talk.intake.superseded_by", language, receipt=details.superseded_by)
    if receipt.supersedes is not None:
        yield text("talk.intake.supersedes", language, receipt=receipt.supersedes)
    if receipt.parent is not None:
        yield text("talk.intake.inside", language, receipt=receipt.parent)
    if details.same_content:
        numbers = ", ".join(str(each.id) for each in details.same_content)
        yield text("talk.intake.same_content", language, receipts=numbers)
    if details.told_of is not None:
        yield text("talk.intake.told_of", language, message=details.told_of)


def _finding_lines(details: _Details, language: Language) -> list[str]:
    """What happened, and what to do unless a later receipt says that."""
    lines = [finding_lines(finding, language) for finding in details.findings]
    return [line for said in lines for line in (said if details.superseded_by is None else said[:1])]


def _mail_lines(mail: MailReading, language: Language) -> list[str]:
    sender = "talk.intake.from" if mail.sender else "talk.intake.no_sender"
    lines = [
        text("talk.intake.kind", language, kind=text(f"terms.mail_kind.{mail.kind}", language)),
        text(sender, language, sender=mail.sender) if mail.sender else text(sender, language),
        text("talk.intake.subject", language, subject=mail.subject),
    ]
    if mail.bar_to_reply is not None:
        why = text(f"terms.bar_to_reply.{mail.bar_to_reply}", language)
        lines.append(text("talk.intake.never_answered", language, why=why))
    return lines


def _part_row(part: JsonValue, language: Language) -> list[str]:
    assert isinstance(part, dict)
    reason, path, kind = part["reason"], part["path"], f"terms.kind.{part['kind']}"
    assert isinstance(path, list)
    return [
        str(part["receipt"] or ""),
        str(part["name"]),
        " > ".join(str(step) for step in path),
        _said(kind, language),
        str(part["size"]),
        text(f"states.receipt.{part['state']}", language) if part["state"] else "",
        str(reason["message"]) if isinstance(reason, dict) else "",
    ]


def _said(key: str, language: Language) -> str:
    return text(key, language) if has_text(key) else key.rpartition(".")[2]


def _clue_row(clue: Clue, language: Language) -> list[str]:
    agreement = "" if clue.version is None else f"{clue.case}.{clue.version}"
    return [text(f"terms.evidence.{clue.evidence}", language), str(clue.case), agreement]


def _reply_lines(details: _Details, reply: Reply, language: Language) -> list[str]:
    address = _reply_to(details)
    to = "talk.intake.reply_to_nobody" if address is None else "talk.intake.reply_to"
    return [
        text("talk.intake.reply", language),
        text(to, language) if address is None else text(to, language, address=address),
        text("talk.intake.subject", language, subject=reply.subject),
        "",
        *reply.body.splitlines(),
    ]
