"""How one return that waits for a person looks."""

from pathlib import Path

from agreements.canonical import JsonValue
from agreements.language import Language
from agreements.texts import text
from onboarding.answers import Answer, table
from onboarding.review import approvals_needed, read_judgement
from onboarding.store.judgements import list_approvals
from onboarding.validation import signature_data, signature_lines
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
    from renderers.review import render_review

    answer = review_answer(workspace, identity, language)
    path.write_bytes(render_review(answer.data, language))
