"""Step 5 as `verify …` answers it: methods, results, who has attested what, and what is missing."""

from pathlib import Path

from agreements.calendar import norwegian_day
from agreements.canonical import JsonValue
from agreements.case import Case
from agreements.errors import NotFoundError, UsageError
from agreements.language import Language
from agreements.texts import text
from agreements.turn import Party
from agreements.values import format_date
from agreements.verification import Attestation, MethodResult, counts, lacks
from intake.ledger import find_receipt
from onboarding.answers import Answer, table
from onboarding.correspondence.verification_requests import requested_at
from onboarding.files import write_file
from onboarding.verifying import Verification, is_shown, read_verification, render_record
from onboarding.views import case_data, local_time, utc
from onboarding.workspace import Workspace
from renderers.templates import words


def verification_answer(
    workspace: Workspace, verification: Verification, files: tuple[Path, ...], language: Language
) -> Answer:
    """The whole step, with the files that were written."""
    record, agreed = verification.record, verification.agreed
    with workspace.store.read() as connection:
        asked = requested_at(connection, verification.case.number, verification.stored)
    missing = lacks(record)
    data: dict[str, JsonValue] = {
        **case_data(verification.case),
        "configuration_sha256": record.configuration_sha256,
        "code": verification.code,
        "sender_id": record.sender_id,
        "suggested": [method.value for method in verification.suggested],
        "agreed": [] if agreed is None else [method.value for method in agreed.methods],
        "agreed_by": {} if agreed is None else {"vendor": agreed.vendor_by, "digipost": agreed.digipost_by},
        "methods": [_result_data(one) for one in record.results if is_shown(verification, one)],
        "attestations": [_attestation_data(verification, one) for one in record.attestations],
        "requested_at": None if asked is None else utc(asked),
        "missing": [lack.value for lack in missing],
        "verified": not missing,
        "files": [str(path) for path in files],
    }
    say = words(language)
    rows = [_result_row(one, language) for one in record.results if is_shown(verification, one)]
    lines = [
        text("talk.verify.code", language, code=verification.code),
        text("talk.verify.asked" if asked else "talk.verify.not_asked", language, at=local_time(asked)),
        "",
        *table(("method", "what", "result", "performed", "time"), rows, language),
        "",
        *table(
            ("party", "name", "channel", "counts", "time"),
            [_attestation_row(verification, one, language) for one in record.attestations],
            language,
        ),
        "",
        say("verification.not_verified_note" if missing else "verification.verified"),
        *(f"  - {say(f'verification.lacks.{lack.value}')}" for lack in missing),
        *(str(path) for path in files),
    ]
    return Answer(data=data, lines=lines)


def stands_answer(workspace: Workspace, number: str, language: Language) -> Answer:
    """How the step stands after something was recorded."""
    return verification_answer(workspace, read_verification(workspace, number), (), language)


def attested_answer(workspace: Workspace, case: Case, given: Attestation, language: Language) -> Answer:
    """What was attested, and how the step stands; a testimony that is not enough is told as such."""
    stands = stands_answer(workspace, str(case.number), language)
    note = [] if given.accepted else [text("talk.verify.testimony", language), ""]
    return Answer(data=stands.data, lines=[*note, *stands.lines])


def write_record(verification: Verification, folder: Path, language: Language) -> Path:
    """The verification record as PDF, in a folder; replaces an earlier one."""
    path = folder / f"Verifisering-{verification.case.number}.pdf"
    write_file(path, render_record(verification, language))
    return path


def receipt_content(workspace: Workspace, receipt: int, party: str) -> str:
    """The mail of a receipt, as its hash. Raises NotFoundError; UsageError for a party that is not asked by mail."""
    if party != Party.DIGIPOST.value:
        raise UsageError("receipt_of_digipost_only")
    with workspace.store.read() as connection:
        found = find_receipt(connection, receipt)
    if found is None or found.sha256 is None:
        raise NotFoundError("receipt_unknown", receipt=receipt)
    return found.sha256


def _result_data(result: MethodResult) -> dict[str, JsonValue]:
    return {
        "method": result.method.value,
        "agreed": result.agreed,
        "state": result.state.value,
        "party": None if result.party is None else result.party.value,
        "by": result.by,
        "on": None if result.on is None else result.on.isoformat(),
        "evidence": result.evidence,
        "evidence_sha256": result.evidence_sha256,
    }


def _result_row(result: MethodResult, language: Language) -> list[str]:
    say = words(language)
    state = say(f"verification.method_states.{result.state.value}")
    return [
        result.method.value,
        result.label or say(f"verification.methods.{result.method.value}"),
        state if result.agreed else say("verification.not_agreed"),
        result.by,
        "" if result.on is None else format_date(result.on, language),
    ]


def _attestation_data(verification: Verification, given: Attestation) -> dict[str, JsonValue]:
    return {
        "party": given.party.value,
        "name": given.name,
        "at": utc(given.at),
        "channel": given.channel.value,
        "configuration_sha256": given.configuration_sha256,
        "evidence_sha256": given.evidence_sha256,
        "counts": counts(verification.record, given),
    }


def _attestation_row(verification: Verification, given: Attestation, language: Language) -> list[str]:
    say = words(language)
    return [
        text(f"states.party.{given.party.value}", language),
        given.name,
        say(f"verification.channels.{given.channel.value}"),
        text("values.yes" if counts(verification.record, given) else "values.no", language),
        format_date(norwegian_day(given.at), language),
    ]
