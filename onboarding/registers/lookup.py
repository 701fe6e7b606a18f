"""What the registers say of an organisation: asked, read, and kept with its day.

The answers hold names and birth dates: they stand among the originals, named by their hashes, and in no log.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from agreements.language import Language
from agreements.orgnumber import OrgNumber
from agreements.signing_authority import SigningAuthority, Stop
from onboarding.registers.client import RegisterUnavailableError, Reply, ask
from onboarding.registers.shapes import ChangedShapeError, Entity, read_entity, read_rule
from onboarding.settings.model import Registers
from onboarding.store.snapshots import StoredSnapshot, find_snapshot, insert_snapshot
from onboarding.workspace import Workspace


class Outcome(StrEnum):
    """How a look-up ended. Words: `authority.outcome.<outcome>`."""

    ANSWERED = "answered"
    UNKNOWN = "unknown"
    """There is no such organisation (404)."""
    CHANGED = "changed"
    """The answer has another shape than we know, or speaks of somebody else."""
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, kw_only=True)
class LookUp:
    """What is known, and since when."""

    org_number: OrgNumber
    at: datetime
    outcome: Outcome
    name: str | None = None
    form: str | None = None
    address: str = ""
    language: Language | None = None
    """The form of Norwegian that the organisation uses (`maalform`)."""
    stop: Stop | None = None
    authority: SigningAuthority | None = None
    """None where the register of signing rights gave nothing that can be read."""


@dataclass(frozen=True, kw_only=True)
class _Answers:
    entity: Reply | None
    signature: Reply | None
    prokura: Reply | None


def look_up(workspace: Workspace, org_number: OrgNumber) -> LookUp:
    """Ask now, and keep the answers. Never raises for what the registers do; belongs in no transaction."""
    settings, now = workspace.settings.registers, workspace.clock()
    entity = _ask(settings, settings.entity_url, f"/enheter/{org_number}")
    if entity is not None and entity.status == 404:  # a sub-unit stands in a list of its own
        below = _ask(settings, settings.entity_url, f"/underenheter/{org_number}")
        entity = entity if below is None or below.status != 200 else below
    known = entity is not None and entity.status == 200
    answers = _Answers(
        entity=entity,
        signature=_ask(settings, settings.authority_url, f"/enheter/{org_number}/signatur") if known else None,
        prokura=_ask(settings, settings.authority_url, f"/enheter/{org_number}/prokura") if known else None,
    )
    found = _read(org_number, answers, now)
    parts = {"entity": answers.entity, "signature": answers.signature, "prokura": answers.prokura}
    kept = {name: workspace.blobs.put(reply.body) for name, reply in parts.items() if reply is not None and reply.body}
    with workspace.store.begin() as connection:
        status = None if entity is None else entity.status
        snapshot = StoredSnapshot(org_number=org_number, at=now, outcome=found.outcome.value, status=status, **kept)
        insert_snapshot(connection, snapshot)
    return found


def find_look_up(workspace: Workspace, org_number: OrgNumber, *, before: datetime) -> LookUp | None:
    """The last look-up that was kept before a moment, read anew; None if there is none."""
    with workspace.store.read() as connection:
        snapshot = find_snapshot(connection, org_number, before=before)
    if snapshot is None:
        return None
    bodies = {name: getattr(snapshot, name) for name in ("entity", "signature", "prokura")}
    replies = {
        name: None if sha256 is None else Reply(status=200, body=workspace.blobs.read(sha256))
        for name, sha256 in bodies.items()
    }
    if snapshot.status in (404, 410):
        replies["entity"] = Reply(status=snapshot.status, body=b"")
    return _read(org_number, _Answers(**replies), snapshot.at)


def _ask(settings: Registers, base: str, path: str) -> Reply | None:
    try:
        return ask(base, path, seconds=settings.timeout_seconds)
    except RegisterUnavailableError:
        return None


def _read(org_number: OrgNumber, answers: _Answers, at: datetime) -> LookUp:
    reply = answers.entity
    if reply is None:
        return LookUp(org_number=org_number, at=at, outcome=Outcome.UNAVAILABLE)
    if reply.status == 404:
        return LookUp(org_number=org_number, at=at, outcome=Outcome.UNKNOWN, stop=Stop.UNKNOWN)
    if reply.status == 410:
        return LookUp(org_number=org_number, at=at, outcome=Outcome.ANSWERED, stop=Stop.DELETED)
    try:
        entity = read_entity(reply.body, org_number)
    except ChangedShapeError:
        return LookUp(org_number=org_number, at=at, outcome=Outcome.CHANGED)
    return LookUp(
        org_number=org_number,
        at=at,
        outcome=Outcome.ANSWERED,
        name=entity.navn,
        form=entity.organisasjonsform.kode,
        address=entity.address,
        language=_language(entity),
        stop=entity.stop,
        authority=_authority(org_number, answers),
    )


def _authority(org_number: OrgNumber, answers: _Answers) -> SigningAuthority | None:
    """Both rights or none: of half an answer nobody can be refuted."""
    if answers.signature is None or answers.prokura is None:
        return None
    if answers.signature.status != 200 or answers.prokura.status != 200:
        return None
    try:
        return SigningAuthority(
            signature=read_rule(answers.signature.body, org_number), prokura=read_rule(answers.prokura.body, org_number)
        )
    except ChangedShapeError:
        return None


def _language(entity: Entity) -> Language | None:
    return {"b": Language.NB, "n": Language.NN}.get((entity.maalform or "")[:1].casefold())
