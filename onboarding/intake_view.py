"""How one receipt looks: where it came from, what it was, what became of it."""

from dataclasses import dataclass

from agreements.canonical import JsonValue
from agreements.errors import NotFoundError
from agreements.language import Language
from agreements.texts import finding_action, finding_message
from intake.ledger import find_document, find_receipt, list_receipts
from intake.receipts import Outcome, Receipt, ReceiptState
from onboarding.answers import Answer, table
from onboarding.review_view import review_answer
from onboarding.store.judgements import Judgement, find_judgement_of
from onboarding.views import receipt_data, receipt_row
from onboarding.workspace import Workspace
from outbox.messages import Connection

_COLUMNS = ("receipt", "file", "state", "reason", "time")


@dataclass(frozen=True, kw_only=True)
class _Became:
    """What became of a receipt's content."""

    outcome: Outcome | None = None
    judgement: Judgement | None = None


def receipt_list(workspace: Workspace, state: str | None, language: Language) -> Answer:
    """Receipts, all or of one state, each with the case and the judgement of its content."""
    with workspace.store.read() as connection:
        receipts = list_receipts(connection, ReceiptState(state) if state else None)
        data: list[JsonValue] = [_data(receipt, _find_became(connection, receipt), language) for receipt in receipts]
    return Answer(data=data, lines=table(_COLUMNS, [receipt_row(receipt, language) for receipt in receipts], language))


def receipt_details(workspace: Workspace, identity: int, language: Language) -> Answer:
    """A receipt with its reason and, where it has one, the judgement of its content. Raises NotFoundError."""
    with workspace.store.read() as connection:
        receipt = find_receipt(connection, identity)
        if receipt is None:
            raise NotFoundError("receipt_unknown", receipt=identity)
        became = _find_became(connection, receipt)
    judgement, data = became.judgement, _data(receipt, became, language)
    lines = table(_COLUMNS, [receipt_row(receipt, language)], language)
    if receipt.reason is not None:
        lines += ["", finding_message(receipt.reason, language), finding_action(receipt.reason, language)]
    if judgement is not None:
        lines += ["", *review_answer(workspace, judgement.id, language).lines]
    return Answer(data=data, lines=lines)


def _find_became(connection: Connection, receipt: Receipt) -> _Became:
    if receipt.sha256 is None:
        return _Became()
    document = find_document(connection, receipt.sha256)
    judgement = find_judgement_of(connection, receipt.sha256)
    return _Became(outcome=document.outcome if document else None, judgement=judgement)


def _data(receipt: Receipt, became: _Became, language: Language) -> dict[str, JsonValue]:
    outcome, judgement = became.outcome, became.judgement
    return {
        **receipt_data(receipt, language),
        "case": outcome.case_number if outcome else None,
        "agreement": outcome.agreement if outcome else None,
        "judgement": judgement.id if judgement else None,
        "verdict": judgement.decision.verdict.value if judgement else None,
    }
