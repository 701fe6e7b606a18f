"""How one receipt looks: where it came from, what it was, what became of it."""

from agreements.errors import NotFoundError
from agreements.language import Language
from agreements.texts import finding_action, finding_message
from intake.ledger import find_document, find_receipt
from onboarding.answers import Answer, table
from onboarding.review_view import review_answer
from onboarding.store.judgements import find_judgement_of
from onboarding.views import receipt_data, receipt_row
from onboarding.workspace import Workspace


def receipt_details(workspace: Workspace, identity: int, language: Language) -> Answer:
    """A receipt with its reason and, where it has one, the judgement of its content. Raises NotFoundError."""
    with workspace.store.read() as connection:
        receipt = find_receipt(connection, identity)
        if receipt is None:
            raise NotFoundError("receipt_unknown", receipt=identity)
        document = find_document(connection, receipt.sha256) if receipt.sha256 else None
        judgement = find_judgement_of(connection, receipt.sha256) if receipt.sha256 else None
    outcome = document.outcome if document else None
    data = {
        **receipt_data(receipt, language),
        "case": outcome.case_number if outcome else None,
        "agreement": outcome.agreement if outcome else None,
        "judgement": judgement.id if judgement else None,
        "verdict": judgement.decision.verdict.value if judgement else None,
    }
    lines = table(("receipt", "file", "state", "reason", "time"), [receipt_row(receipt, language)], language)
    if receipt.reason is not None:
        lines += ["", finding_message(receipt.reason, language), finding_action(receipt.reason, language)]
    if judgement is not None:
        lines += ["", *review_answer(workspace, judgement.id, language).lines]
    return Answer(data=data, lines=lines)
