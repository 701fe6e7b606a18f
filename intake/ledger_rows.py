"""Rows of the ledger's tables as values, and values as what a row holds."""

import json
from datetime import datetime
from typing import Any, Final

from agreements.canonical import JsonValue, canonical_json
from agreements.casenumber import parse_case_number
from agreements.findings import Finding
from agreements.times import parse_utc
from intake.matching import Clue, Evidence
from intake.receipts import Document, DocumentState, Outcome, Receipt, ReceiptState, SourceOutcome

MAX_CLUES: Final = 20  # kept of one content: a hostile text may hold thousands of numbers


def reason_text(reason: Finding | None) -> str | None:
    """One finding as canonical JSON; None for none."""
    return None if reason is None else canonical_json(reason.model_dump(mode="json"))


def _reason(text: str | None) -> Finding | None:
    return None if text is None else Finding.model_validate_json(text)


def clues_text(clues: tuple[Clue, ...]) -> str | None:
    """The strongest, as JSON; None for none."""
    rows: list[JsonValue] = [[clue.evidence.value, str(clue.case), clue.version] for clue in clues[:MAX_CLUES]]
    return canonical_json(rows) if rows else None


def _clues(text: str | None) -> tuple[Clue, ...]:
    rows = [] if text is None else json.loads(text)
    return tuple(
        Clue(evidence=Evidence(evidence), case=parse_case_number(case), version=version)
        for evidence, case, version in rows
    )


def _time(text: str | None) -> datetime | None:
    return None if text is None else parse_utc(text)


def receipt_of(row: Any) -> Receipt:
    """The receipt that a row of `receipts` holds."""
    return Receipt(
        id=row.id,
        source=row.source,
        source_key=row.source_key,
        slot=row.slot,
        vendor_id=row.vendor_id,
        display_name=row.display_name,
        sha256=row.sha256,
        size=row.size,
        state=ReceiptState(row.state),
        reason=_reason(row.reason),
        supersedes=row.supersedes,
        seen_at=parse_utc(row.seen_at),
        stored_at=_time(row.stored_at),
        decided_at=_time(row.decided_at),
        finished_at=_time(row.finished_at),
        source_outcome=None if row.source_outcome is None else SourceOutcome(row.source_outcome),
        parent=row.parent,
    )


def document_of(row: Any) -> Document:
    """The content that a row of `documents` holds."""
    outcome = None
    if row.outcome is not None:
        state, reason = ReceiptState(row.outcome), _reason(row.reason)
        outcome = Outcome(
            state=state,
            reason=reason,
            case_number=row.case_number,
            agreement=row.agreement,
            clues=_clues(row.clues),
        )
    return Document(
        sha256=row.sha256,
        size=row.size,
        state=DocumentState(row.state),
        outcome=outcome,
        first_receipt=row.first_receipt,
        judged_at=_time(row.judged_at),
    )
