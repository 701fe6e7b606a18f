"""How one return that waits for a person looks."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from agreements.canonical import JsonValue
from agreements.catalogue import load_catalogue
from agreements.language import Language
from agreements.machine_readable import is_birth_date
from agreements.national_id import mask_national_ids
from agreements.parameters import Method, parameter_json
from agreements.texts import finding_action, finding_message, text
from agreements.values import format_value
from onboarding.answers import Answer, table
from onboarding.correspondence.rejections import Untold, draft_rejection
from onboarding.correspondence.writing import Written
from onboarding.explanation import signature_checks
from onboarding.files import write_file
from onboarding.pictures import draw_pages
from onboarding.review import approvals_needed, read_judgement
from onboarding.store.issued import find_agreement
from onboarding.store.judgements import Judgement, JudgementStatus, list_approvals
from onboarding.validation import signature_data, signature_lines, signature_title
from onboarding.views import finding_lines, judgement_data, judgement_row, local_time
from onboarding.workspace import Workspace


def review_answer(workspace: Workspace, identity: int, language: Language) -> Answer:
    """Every finding with what to do, every signature, and who has approved so far. Raises NotFoundError."""
    judgement = read_judgement(workspace, identity)
    with workspace.store.read() as connection:
        approvals = list_approvals(connection, identity)
    report, reply = judgement.report, _reply(workspace, judgement)
    signatures: list[JsonValue] = [signature_data(signature) for signature in report.signatures] if report else []
    data: dict[str, JsonValue] = {
        **judgement_data(judgement, language),
        "signatures": signatures,
        "provenance": report.provenance.model_dump(mode="json") if report and report.provenance else None,
        "parameters": parameters_data(judgement),
        "reply": None if reply is None else {"subject": reply.subject, "body": reply.body},
        "approvals": [{"by": approval.by.user, "at": local_time(approval.at)} for approval in approvals],
        "approvals_needed": approvals_needed(judgement),
    }
    lines = table(("id", "agreement", "verdict", "why", "time"), [judgement_row(judgement, language)], language)
    for finding in judgement.decision.findings:
        lines += ["", *finding_lines(finding, language)]
    for signature in report.signatures if report else ():
        lines += ["", *signature_lines(signature, language)]
    if values := filled_values(judgement, language):
        lines += ["", *table(("field", "value", "where"), [list(row) for row in values], language)]
    if reply is not None:
        lines += [
            "",
            text("talk.review_reply", language, identity=identity),
            "",
            reply.subject,
            "",
            *reply.body.splitlines(),
        ]
    lines += ["", *(text("talk.approved_by", language, by=approval.by.user) for approval in approvals)]
    return Answer(data=data, lines=lines)


def filled_values(judgement: Judgement, language: Language) -> tuple[tuple[str, str, str], ...]:
    """What was not printed when the agreement was issued, or was recognised in a picture: name, value, where."""
    catalogue = load_catalogue()
    read = judgement.parameters.values if judgement.parameters else ()
    return tuple(
        (
            catalogue.field(one.field_id).label(language),
            mask_national_ids(format_value(catalogue, catalogue.field(one.field_id), one.value, language)),
            text(f"talk.read_how.{one.source.method.value}", language, page=one.source.page),
        )
        for one in read
        if one.source.method is not Method.PRINTED and not is_birth_date(catalogue.field(one.field_id))
    )


def parameters_data(judgement: Judgement) -> JsonValue:
    """What was read, with its proofs; identity numbers masked. None where nothing was."""
    if judgement.parameters is None:
        return None
    return [_masked(parameter_json(one)) for one in judgement.parameters.values]


def _masked(value: JsonValue) -> JsonValue:
    if isinstance(value, str):
        return mask_national_ids(value)
    if isinstance(value, Mapping):
        return {name: _masked(part) for name, part in value.items()}
    return [_masked(part) for part in value] if isinstance(value, Sequence) else value


def _reply(workspace: Workspace, judgement: Judgement) -> Written | None:
    """The answer that turning it down would send, as long as nobody has decided."""
    if judgement.status is not JudgementStatus.OPEN:
        return None
    draft = draft_rejection(workspace, judgement)
    return None if isinstance(draft, Untold) else draft


def write_review_page(workspace: Workspace, identity: int, path: Path, language: Language) -> None:
    """The same as a page to read, print or send on. Raises NotFoundError."""
    from renderers.review import ReviewFinding, ReviewPage, ReviewPicture, render_review

    judgement = read_judgement(workspace, identity)
    with workspace.store.read() as connection:
        approvals = list_approvals(connection, identity)
        agreement = None if judgement.agreement is None else find_agreement(connection, judgement.agreement)
    issued = None if agreement is None or agreement.adopted else agreement.sha256
    reply = _reply(workspace, judgement)
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
        values_title=text("talk.filled_values", language),
        values=filled_values(judgement, language),
        approvals=tuple(text("talk.approved_by", language, by=approval.by.user) for approval in approvals),
        reply_title=text("talk.review_reply", language, identity=identity),
        reply="" if reply is None else f"{reply.subject}\n\n{reply.body}",
        pictures_title=text("talk.review_pages.title", language),
        pictures=tuple(
            ReviewPicture(number=pair.number, issued=pair.issued, returned=pair.returned)
            for pair in draw_pages(workspace, issued=issued, returned=judgement.sha256)
        ),
        picture_labels=(
            text("talk.review_pages.issued", language),
            text("talk.review_pages.returned", language),
            text("talk.review_pages.page", language),
            text("talk.review_pages.nothing", language),
        ),
    )
    write_file(path, render_review(page, language))
