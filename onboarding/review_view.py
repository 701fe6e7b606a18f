"""How one return that waits for a person looks."""

from pathlib import Path

from agreements.canonical import JsonValue
from agreements.language import Language
from agreements.texts import finding_action, finding_message, text
from onboarding.answers import Answer, table
from onboarding.explanation import signature_checks
from onboarding.files import write_file
from onboarding.review import approvals_needed, read_judgement
from onboarding.store.judgements import list_approvals
from onboarding.validation import signature_data, signature_lines, signature_title
from onboarding.views import finding_lines, judgement_data, judgement_row, local_time
from onboarding.workspace import Workspace


def review_answer(workspace: Workspace, identity: int, language: Language) -> Answer:
    """Every finding with what to do, every signature, and who has approved so far. Raises NotFoundError."""
    judgement = read_judgement(workspace, identity)
    with workspace.store.read() as connection:
        approvals = list_approvals(connection, identity)
    report = judgement.report
    signatures: list[JsonValue] = [signature_data(signature) for signature in report.signatures] if report else []
    data: dict[str, JsonValue] = {
        **judgement_data(judgement, language),
        "signatures": signatures,
        "provenance": report.provenance.model_dump(mode="json") if report and report.provenance else None,
        "approvals": [{"by": approval.by.user, "at": local_time(approval.at)} for approval in approvals],
        "approvals_needed": approvals_needed(judgement),
    }
    lines = table(("id", "agreement", "verdict", "why", "time"), [judgement_row(judgement, language)], language)
    for finding in judgement.decision.findings:
        lines += ["", *finding_lines(finding, language)]
    for signature in report.signatures if report else ():
        lines += ["", *signature_lines(signature, language)]
    lines += ["", *(text("talk.approved_by", language, by=approval.by.user) for approval in approvals)]
    return Answer(data=data, lines=lines)


def write_review_page(workspace: Workspace, identity: int, path: Path, language: Language) -> None:
    """The same as a page to read, print or send on. Raises NotFoundError."""
    from renderers.review import ReviewFinding, ReviewPage, render_review

    judgement = read_judgement(workspace, identity)
    with workspace.store.read() as connection:
        approvals = list_approvals(connection, identity)
    signatures = judgement.report.signatures if judgement.report else ()
    page = ReviewPage(
        title=f"{text('table.return', language)} {identity}: {judgement.agreement or judgement.case or ''}",
        verdict=text(f"states.verdict.{judgement.decision.verdict.value}", language),
        facts=(
            (text("table.time", language), local_time(judgement.judged_at)),
            ("SHA-256", judgement.sha256),
        ),
        findings_title=text("talk.findings", language),
        findings=tuple(
            ReviewFinding(
                code=finding.code,
                severity=finding.severity,
                severity_label=text(f"states.severity.{finding.severity.value}", language),
                message=finding_message(finding, language),
                action=finding_action(finding, language),
            )
            for finding in judgement.decision.findings
        ),
        signatures=tuple(
            (
                signature_title(signature, language),
                tuple((check.label(language), check.outcome) for check in signature_checks(signature, language)),
            )
            for signature in signatures
        ),
        approvals=tuple(text("talk.approved_by", language, by=approval.by.user) for approval in approvals),
    )
    write_file(path, render_review(page, language))
