"""`case export`: everything there is of a case in one folder, each file named in an index with its hash.

For whoever must answer for the case later, or hand it on. The folder holds names and addresses: keep it as the
originals.
"""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from agreements.canonical import JsonValue
from agreements.case import Case
from agreements.errors import GateError
from agreements.language import Language
from onboarding.case_view import case_details, case_timeline
from onboarding.clear_signal import FILE as SIGNAL
from onboarding.files import write_file
from onboarding.steps.configuration import read_summary
from onboarding.steps.enquiry import read_case
from onboarding.store.events import Event, list_events
from onboarding.store.issued import list_agreements
from onboarding.store.judgements import list_judgements
from onboarding.store.signals import find_signal
from onboarding.store.verification import find_agreed_methods, list_attestations
from onboarding.verifying import read_verification, render_record
from onboarding.views import judgement_data, utc
from onboarding.workspace import Workspace
from outbox.messages import list_messages

INDEX: Final = "index.json"


def export_case(workspace: Workspace, number: str, folder: Path, language: Language) -> tuple[Path, ...]:
    """Write a case into a folder, replacing an earlier export; the paths, the index last.

    Raises NotFoundError, UsageError, IntegrityError for an original that is not what it was, ConfigurationError.
    """
    case = read_case(workspace, number)
    index: dict[str, str] = {}
    paths: list[Path] = []
    for name, data in _files(workspace, case, language):
        path = folder / name
        write_file(path, data)
        index[name] = hashlib.sha256(data).hexdigest()
        paths.append(path)
    listed: JsonValue = {"case": str(case.number), "made_at": utc(workspace.clock()), "sha256": dict(index)}
    write_file(folder / INDEX, _json(listed))
    return (*paths, folder / INDEX)


def _files(workspace: Workspace, case: Case, language: Language) -> Iterator[tuple[str, bytes]]:
    number = str(case.number)
    yield "case.json", _json(case_details(workspace, number, language).data)
    yield "timeline.txt", ("\n".join(case_timeline(workspace, number, language).lines) + "\n").encode()
    with workspace.store.read() as connection:
        events = list_events(connection, number)
        agreements = list_agreements(connection, case.number)
        judgements = list_judgements(connection, case=case.number)
        messages = list_messages(connection, case_number=number)
        evidence = [one.attestation for one in list_attestations(connection, case.number)]
        agreed = find_agreed_methods(connection, case.number)
        signal = find_signal(connection, case.number)
    yield "events.json", _json([_event(event) for event in events])
    for agreement in agreements:
        yield f"issued/{agreement.number}.pdf", workspace.blobs.read(agreement.sha256)
    for judgement in judgements:
        name = f"returned/{judgement.id}-{judgement.status.value}"
        yield f"{name}.pdf", workspace.blobs.read(judgement.sha256)
        yield f"{name}.json", _json(judgement_data(judgement, language))
    for message in messages:
        yield f"messages/{message.id}-{message.purpose}.eml", workspace.blobs.read(message.sha256)
    yield from _of_verification(workspace, case, language)
    kept = {f"evidence/{one.party.value}-{one.evidence_sha256}": one.evidence_sha256 for one in evidence}
    if agreed is not None:
        kept["evidence/methods-agreed"] = agreed.evidence_sha256
    for name, sha256 in kept.items():
        if sha256 is not None:
            yield name, workspace.blobs.read(sha256)
    if signal is not None:
        yield SIGNAL, signal.document.encode()


def _of_verification(workspace: Workspace, case: Case, language: Language) -> Iterator[tuple[str, bytes]]:
    """What there is to verify, and what came of it; nothing before an agreement was issued."""
    from renderers.summary import SummaryFormat, render_summary

    try:
        verification = read_verification(workspace, str(case.number))
    except GateError:
        return
    summary = read_summary(workspace, str(case.number))
    yield "configuration.json", render_summary(summary, language, SummaryFormat.JSON)
    yield "verification.pdf", render_record(verification, language)


def _event(event: Event) -> JsonValue:
    return {
        "seq": event.seq,
        "at": utc(event.at),
        "kind": event.kind,
        "user": event.actor.user,
        "os_user": event.actor.os_user,
        "data": json.loads(event.data),
        "hash": event.hash,
    }


def _json(value: JsonValue) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode()
