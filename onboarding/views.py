"""How cases, receipts, judgements and messages look: as JSON for programs, as rows and lines for people."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime

from agreements.calendar import norwegian_time
from agreements.canonical import JsonValue
from agreements.case import Case
from agreements.duties import waiting_for
from agreements.findings import Finding, Severity
from agreements.language import Language
from agreements.texts import finding_action, finding_message, text
from agreements.times import format_utc
from intake.receipts import Receipt
from onboarding.store.judgements import Judgement
from outbox.messages import Message
from outbox.states import State

_WEIGHTS = tuple(Severity)


def local_time(moment: datetime | None) -> str:
    """`23.11.2026 14.03`, Norwegian time, for people."""
    return "" if moment is None else norwegian_time(moment).strftime("%d.%m.%Y %H.%M")


def utc(moment: datetime | None) -> str | None:
    """ISO 8601 UTC, for programs."""
    return None if moment is None else format_utc(moment)


def ignored_in_words(ignored: Mapping[str, int], language: Language) -> str:
    """What is passed over in a folder: `2 hidden, 1 sub-folder`."""
    return ", ".join(f"{count} {text(f'ignored.{reason}', language)}" for reason, count in ignored.items())


def case_data(case: Case) -> dict[str, JsonValue]:
    """A case for programs. `waiting_for` is who has the ball."""
    waiting = waiting_for(case)
    return {
        "case": str(case.number),
        "vendor": case.vendor_id,
        "org_number": case.org_number.digits,
        "customer": case.customer_name,
        "language": case.language.value,
        "step": case.step.value,
        "held": case.held,
        "unconfirmed": case.unconfirmed,
        "asked": case.asked,
        "asking": case.asking,
        "signing": None if case.signing is None else case.signing.value,
        "plan": case.plan.value,
        "agreement": str(case.in_force) if case.in_force else None,
        "agreement_state": case.agreement_state.value,
        "waiting_for": waiting.value if waiting else None,
        "launched_sha256": case.launched_sha256,
        "closing": None if case.closing is None else case.closing.value,
        "revision": case.revision,
        "created_at": format_utc(case.created_at),
        "updated_at": format_utc(case.updated_at),
    }


def case_row(case: Case, language: Language) -> list[str]:
    """A case as a table row: number, customer, step, agreement, who has the ball, last change."""
    waiting = waiting_for(case)
    return [
        str(case.number),
        case.customer_name,
        text(f"states.step.{case.step.value}", language),
        text(f"states.agreement.{case.agreement_state.value}", language),
        text(f"states.party.{waiting.value}", language) if waiting else "",
        local_time(case.updated_at),
    ]


def finding_data(finding: Finding, language: Language) -> dict[str, JsonValue]:
    """A finding as in `cli.md`: code, severity, message, action."""
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "message": finding_message(finding, language),
        "action": finding_action(finding, language),
    }


def finding_lines(finding: Finding, language: Language) -> list[str]:
    """A finding for people: what happened, then what to do."""
    severity = text(f"states.severity.{finding.severity.value}", language)
    return [
        f"{finding.code} ({severity}): {finding_message(finding, language)}",
        f"    {finding_action(finding, language)}",
    ]


def receipt_data(receipt: Receipt, language: Language) -> dict[str, JsonValue]:
    """A receipt for programs."""
    return {
        "id": receipt.id,
        "source": receipt.source,
        "vendor": receipt.vendor_id,
        "name": receipt.display_name,
        "sha256": receipt.sha256,
        "size": receipt.size,
        "state": receipt.state.value,
        "reason": None if receipt.reason is None else finding_data(receipt.reason, language),
        "supersedes": receipt.supersedes,
        "parent": receipt.parent,
        "seen_at": utc(receipt.seen_at),
        "stored_at": utc(receipt.stored_at),
        "decided_at": utc(receipt.decided_at),
        "finished_at": utc(receipt.finished_at),
        "source_outcome": receipt.source_outcome.value if receipt.source_outcome else None,
    }


def receipt_row(receipt: Receipt, language: Language) -> list[str]:
    """A receipt as a table row: id, file (behind the receipt it lay in), state, reason, time."""
    reason = "" if receipt.reason is None else finding_message(receipt.reason, language)
    state = text(f"states.receipt.{receipt.state.value}", language)
    name = receipt.display_name if receipt.parent is None else f"{receipt.parent} > {receipt.display_name}"
    return [str(receipt.id), name, state, reason, local_time(receipt.seen_at)]


def judgement_data(judgement: Judgement, language: Language) -> dict[str, JsonValue]:
    """A judgement for programs."""
    return {
        "id": judgement.id,
        "case": str(judgement.case) if judgement.case else None,
        "agreement": str(judgement.agreement) if judgement.agreement else None,
        "sha256": judgement.sha256,
        "verdict": judgement.decision.verdict.value,
        "status": judgement.status.value,
        "findings": [finding_data(finding, language) for finding in judgement.decision.findings],
        "judged_at": format_utc(judgement.judged_at),
        "decided_at": utc(judgement.decided_at),
        "decided_by": judgement.decided_by.user if judgement.decided_by else None,
        "os_user": judgement.decided_by.os_user if judgement.decided_by else None,
        "reason": judgement.reason,
    }


def judgement_row(judgement: Judgement, language: Language) -> list[str]:
    """A judgement as a table row: id, agreement, verdict, the weightiest finding, time."""
    findings = judgement.decision.findings
    weightiest = min(findings, key=lambda finding: _WEIGHTS.index(finding.severity), default=None)
    return [
        str(judgement.id),
        str(judgement.agreement or judgement.case or ""),
        text(f"states.verdict.{judgement.decision.verdict.value}", language),
        finding_message(weightiest, language) if weightiest else "",
        local_time(judgement.judged_at),
    ]


def message_data(message: Message) -> dict[str, JsonValue]:
    """A message for programs."""
    return {
        "id": message.id,
        "purpose": message.purpose,
        "case": message.case_number,
        "agreement": message.agreement,
        "message_id": message.message_id,
        "envelope_id": message.envelope_id,
        "recipient": message.recipient,
        "copy_to": message.copy_to,
        "sha256": message.sha256,
        "size": message.size,
        "state": message.state.value,
        "attempts": message.attempts,
        "next_attempt_at": utc(message.next_attempt_at),
        "phase": message.phase.value if message.phase else None,
        "reply": message.reply,
        "reason": message.reason,
        "evidence": message.evidence,
        "holds": [asdict(hold) for hold in message.holds],
        "created_at": utc(message.created_at),
        "sent_at": utc(message.sent_at),
    }


MESSAGE_COLUMNS = ("id", "purpose", "agreement", "recipient", "state", "reply", "time")
"""Headings of `message_row`."""


def message_row(message: Message, language: Language) -> list[str]:
    """A message as a table row: id, purpose, agreement or case, recipient, state, what is known of it, time.

    Known is the server's reply; else the reason why there is none, or by what it was found out that it left.
    """
    reason = text(f"outbox_reasons.{message.reason}.message", language) if message.reason else ""
    evidence = text(f"outbox_evidence.{message.evidence}", language) if message.evidence else ""
    state = text(f"states.message.{message.state.value}", language)
    doubtful = message.state is State.FAILED_LATER and reason  # then the reply is what anybody may have written
    said = reason if doubtful else message.reply or reason or evidence
    about = message.agreement or message.case_number or ""
    purpose = text(f"states.purpose.{message.purpose}", language)
    return [str(message.id), purpose, about, message.recipient, state, said, local_time(message.updated_at)]
