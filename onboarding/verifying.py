"""Step 5: the set-up is verified by both, and each answers for exactly the configuration in force.

1. agree     vendor and Digipost agree on methods, case by case; services only suggest. The case is in verification
2. record    what came of each method, with evidence
3. attest    a named person of each party. Digipost's word comes as mail that proves its sender; anything else is the
             vendor's testimony, shown as such, and not enough unless a setting says so

Names stand in the rows, never in the record. The database holds the same rules (`onboarding.store.triggers`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from agreements.calendar import norwegian_day
from agreements.canonical import JsonValue
from agreements.case import Attestations, Case, Step, move_verification, with_sign_off_by
from agreements.characters import tidy
from agreements.errors import GateError, NotFoundError, UsageError
from agreements.language import Language
from agreements.parties import Actor, Customer
from agreements.signers import name_key
from agreements.turn import Party
from agreements.values import Fault
from agreements.verification import (
    Attestation,
    Channel,
    Lack,
    Method,
    MethodResult,
    MethodState,
    VerificationRecord,
    attestation_code,
    lacks,
    required_methods,
    valid_attestation,
)
from onboarding.attested_mail import AttestedMail, mail_unmet, read_attested_mail
from onboarding.correspondence.verification_requests import requested_at, write_request
from onboarding.files import OddFileError, open_file
from onboarding.plan_file import find_text_fault
from onboarding.record import EventKind
from onboarding.setting_rules import SENDER_ID
from onboarding.steps.configuration import Configuration, read_configuration, summary_of
from onboarding.store.cases import move_case
from onboarding.store.events import NewEvent, last_seq
from onboarding.store.verification import (
    AgreedMethods,
    StoredAttestation,
    StoredConfiguration,
    find_agreed_methods,
    find_configuration,
    insert_agreed_methods,
    insert_attestation,
    insert_result,
    is_mail_used,
    list_attestations,
    list_results,
    put_configuration,
)
from onboarding.workspace import Workspace
from outbox.messages import Connection

MAX_EVIDENCE_BYTES: Final = 25 * 2**20
"""Largest evidence file; ours, as of a received PDF."""
_MAIL_ENDING: Final = ".eml"
_METHOD_LACKS: Final = frozenset({Lack.NO_METHOD_AGREED, Lack.METHOD_OPEN, Lack.METHOD_FAILED, Lack.NONE_PASSED})


@dataclass(frozen=True, kw_only=True)
class Verification:
    """Step 5 of a case as it stands."""

    case: Case
    configuration: Configuration
    record: VerificationRecord
    stored: StoredConfiguration | None
    """What was last to be verified; None before step 5."""
    agreed: AgreedMethods | None
    suggested: tuple[Method, ...]
    """What the ordered services call for; a suggestion."""

    @property
    def sha256(self) -> str:
        """The hash of the configuration in force."""
        return self.record.configuration_sha256

    @property
    def code(self) -> str:
        """What an attestation by mail must carry."""
        return attestation_code(str(self.case.number), self.sha256)

    @property
    def sign_offs(self) -> Attestations:
        """As the case's guards ask for them."""
        given = {party: valid_attestation(self.record, party) for party in (Party.VENDOR, Party.DIGIPOST)}
        hashes = {party: None if one is None else one.configuration_sha256 for party, one in given.items()}
        missing = tuple(lack.value for lack in lacks(self.record) if lack in _METHOD_LACKS)
        return Attestations(vendor=hashes[Party.VENDOR], digipost=hashes[Party.DIGIPOST], methods=missing)


def read_verification(workspace: Workspace, number: str) -> Verification:
    """Step 5 of a case. Raises NotFoundError, UsageError, GateError while no agreement has been issued."""
    configuration = read_configuration(workspace, number)
    with workspace.store.read() as connection:
        return _verification(workspace, connection, configuration)


def agree_methods(
    workspace: Workspace,
    number: str,
    methods: Sequence[Method],
    *,
    vendor_by: str,
    digipost_by: str,
    evidence: Path,
    actor: Actor,
) -> Case:
    """Record how vendor and Digipost have agreed to verify. A case in set-up is in verification from then on.

    The request to Digipost is written too, for a person to release. Raises UsageError (no or unknown methods, names,
    evidence), NotFoundError, GateError (not set up yet, held, closed, launched), TemporaryError.
    """
    _require_agreeable(workspace, methods)
    before, now = read_verification(workspace, number), workspace.clock()
    agreed = AgreedMethods(
        methods=tuple(dict.fromkeys(methods)),
        vendor_by=_name("verification.vendor_by", vendor_by),
        digipost_by=_name("verification.digipost_by", digipost_by),
        evidence_sha256=_put_file(workspace, evidence),
        agreed_at=now,
    )
    case = before.case
    if case.step is Step.VERIFICATION:
        _require_moving(case)
        moved = replace(case, updated_at=now)
    else:
        moved = move_verification(case, before.sha256, now=now)
    data: dict[str, JsonValue] = {"methods": list(agreed.methods), "evidence": agreed.evidence_sha256}
    event = NewEvent(kind=EventKind.VERIFICATION_AGREED, actor=actor, at=now, data=data)
    with workspace.store.begin() as connection:
        written = move_case(connection, moved, event=event)
        insert_agreed_methods(connection, case.number, agreed, actor=actor)
        put_configuration(connection, written, before.sha256, now=now)
        moved = _pass_on(workspace, connection, before, written, actor=actor, now=now)
    write_request(workspace, moved.number)
    return moved


def record_result(
    workspace: Workspace, number: str, result: MethodResult, evidence_file: Path | None, actor: Actor
) -> Case:
    """Record what came of a method: an agreed one in step 5, the follow-up (V7) after the launch.

    `result`: with party; the day is today. Raises UsageError, NotFoundError, GateError, TemporaryError.
    """
    before, now = read_verification(workspace, number), workspace.clock()
    case, stored = before.case, before.stored
    after_launch = result.method is Method.V7
    if stored is None or case.step is not (Step.LAUNCHED if after_launch else Step.VERIFICATION):
        unmet = "not_launched" if after_launch else "not_in_verification"
        raise GateError("verification_refused", unmet=(unmet,), case=str(case.number))
    _require_moving(case)
    if not after_launch and (before.agreed is None or result.method not in before.agreed.methods):
        raise UsageError("method_not_agreed", method=result.method.value, case=str(case.number))
    words = _words(result.evidence)
    if not words and evidence_file is None:
        raise UsageError("evidence_missing")
    kept = replace(
        result,
        by=_name("verification.by", result.by),
        on=norwegian_day(now),
        evidence=words,
        evidence_sha256=None if evidence_file is None else _put_file(workspace, evidence_file),
    )
    data: dict[str, JsonValue] = {
        "method": kept.method.value,
        "result": kept.state.value,
        "evidence": kept.evidence_sha256,
    }
    event = NewEvent(kind=EventKind.VERIFICATION_RECORDED, actor=actor, at=now, data=data)
    with workspace.store.begin() as connection:
        written = move_case(connection, replace(case, updated_at=now), event=event)
        insert_result(connection, case.number, kept, configuration=stored, actor=actor, now=now)
        return _pass_on(workspace, connection, before, written, actor=actor, now=now)


def attest(
    workspace: Workspace,
    number: str,
    party: Party,
    name: str,
    *,
    evidence: Path | None,
    receipt_sha256: str | None = None,
    actor: Actor,
) -> tuple[Case, Attestation]:
    """Record a party's word for the configuration in force, given by the person `name`.

    `evidence`: the file that shows it. For Digipost a mail (`.eml`), or one that was received (`receipt_sha256`), is
    held to every rule of `attested_mail`, and refused if it breaks one; any other file is the vendor's testimony.
    Raises GateError `attestation_refused` with everything that is missing, UsageError, NotFoundError, TemporaryError.
    """
    given_by = _name("verification.by", name)
    before, now = read_verification(workspace, number), workspace.clock()
    case = before.case
    _refuse(case, () if case.step is Step.VERIFICATION else ("not_in_verification",))
    _require_moving(case)
    sha256 = receipt_sha256 or _put_file(workspace, _required(evidence))
    is_mail = receipt_sha256 is not None or _required(evidence).suffix.lower() == _MAIL_ENDING
    mail = read_attested_mail(workspace, sha256) if is_mail and party is Party.DIGIPOST else None
    given = Attestation(
        party=party,
        name=given_by,
        at=now if mail is None or mail.reading.date is None else mail.reading.date,
        configuration_sha256=before.sha256,
        channel=_channel(party, mail),
        evidence_sha256=sha256,
        accepted=mail is not None or party is Party.VENDOR or workspace.settings.attestation.accept_testimony,
    )
    with workspace.store.begin() as connection:
        _refuse(case, _unmet(workspace, connection, before, given, mail, actor=actor, now=now))
        event = NewEvent(kind=EventKind.VERIFICATION_ATTESTED, actor=actor, at=now, data=_attested(given))
        written = move_case(connection, replace(case, updated_at=now), event=event)
        stored = put_configuration(connection, written, before.sha256, now=now)
        row = StoredAttestation(
            attestation=given,
            configuration_id=stored.id,
            recorded_by=actor.user,
            os_user=actor.os_user,
            event_seq=last_seq(connection),
            mail_id=None if mail is None else mail.mail_id,
            proof=None if mail is None else mail.proof,
        )
        insert_attestation(connection, case.number, row, actor=actor, now=now)
        return _pass_on(workspace, connection, before, written, actor=actor, now=now), given


def whose_sign_off(record: VerificationRecord) -> Party | None:
    """Who has the ball in step 5: Digipost once nothing but its word is missing; None when nothing is."""
    missing = set(lacks(record))
    if not missing:
        return None
    return Party.DIGIPOST if missing == {Lack.DIGIPOST_NOT_ATTESTED} else Party.VENDOR


def render_record(verification: Verification, language: Language) -> bytes:
    """The printable record. Raises ConfigurationError."""
    from onboarding.rendering import private_fonts

    private_fonts()
    from renderers.verification import render_verification

    record = verification.record
    return render_verification(record, language)


def is_shown(verification: Verification, result: MethodResult) -> bool:
    """Whether a method says anything of this case: it is agreed on, tried, or suggested."""
    return result.agreed or result.state is not MethodState.NOT_RELEVANT or result.method in verification.suggested


# --- what the rows say ------------------------------------------------------------------------------------------------


def _verification(workspace: Workspace, connection: Connection, configuration: Configuration) -> Verification:
    case, summary = configuration.case, summary_of(workspace, configuration)
    stored, agreed = find_configuration(connection, case.number), find_agreed_methods(connection, case.number)
    suggested = tuple(m for m in required_methods(configuration.values) if workspace.settings.verification.offers(m))
    sender_id = configuration.values.get(SENDER_ID)
    record = VerificationRecord(
        case_number=str(case.number),
        agreement_number=None if case.in_force is None else str(case.in_force),
        customer=Customer(org_number=case.org_number, name=case.customer_name),
        vendor=workspace.vendor(case.vendor_id).party(),
        made_on=norwegian_day(workspace.clock()),
        sender_id=sender_id if isinstance(sender_id, int) else None,
        configuration_sha256=summary.configuration_sha256,
        results=_results(workspace, connection, case, () if agreed is None else agreed.methods),
        attestations=_attestations(connection, case, stored),
        accept_testimony=workspace.settings.attestation.accept_testimony,
    )
    return Verification(
        case=case, configuration=configuration, record=record, stored=stored, agreed=agreed, suggested=suggested
    )


def _results(
    workspace: Workspace, connection: Connection, case: Case, agreed: tuple[Method, ...]
) -> tuple[MethodResult, ...]:
    tried = list_results(connection, case.number, agreed)
    language = case.language

    def result(method: Method) -> MethodResult:
        open_state = MethodState.OPEN if method in agreed else MethodState.NOT_RELEVANT
        found = tried.get(method) or MethodResult(method=method, agreed=method in agreed, state=open_state)
        return replace(found, label=workspace.settings.verification.label(method, language))

    return tuple(result(method) for method in Method if method is not Method.V7 or method in tried)


def _attestations(connection: Connection, case: Case, stored: StoredConfiguration | None) -> tuple[Attestation, ...]:
    """Of another agreement's version none counts, however alike the configurations are."""
    stale = stored is None or stored.version != case.agreement_version
    given = (one.attestation for one in list_attestations(connection, case.number))
    return tuple(replace(one, superseded=one.superseded or stale) for one in given)


def _pass_on(
    workspace: Workspace, connection: Connection, before: Verification, case: Case, *, actor: Actor, now: datetime
) -> Case:
    """The case with whoever has the ball now, where that has changed; written in the caller's transaction."""
    if case.step is not Step.VERIFICATION:
        return case
    record = _verification(workspace, connection, replace(before.configuration, case=case)).record
    ball = whose_sign_off(record)
    if ball == case.setup_ball:
        return case
    event = NewEvent(kind=EventKind.VERIFICATION_PASSED_ON, actor=actor, at=now, data={})
    return move_case(connection, with_sign_off_by(case, ball, now=now), event=event)


# --- what stands in the way -------------------------------------------------------------------------------------------


def _unmet(
    workspace: Workspace,
    connection: Connection,
    before: Verification,
    given: Attestation,
    mail: AttestedMail | None,
    *,
    actor: Actor,
    now: datetime,
) -> tuple[str, ...]:
    unmet = tuple(_same_person(connection, before, given, actor))
    if mail is None:
        return unmet
    return unmet + mail_unmet(
        workspace.settings,
        mail,
        code=before.code,
        requested_at=requested_at(connection, before.case.number, before.stored),
        used=bool(mail.mail_id) and is_mail_used(connection, mail.mail_id),
        now=now,
    )


def _same_person(connection: Connection, before: Verification, given: Attestation, actor: Actor) -> list[str]:
    """Nobody answers for both: not as the user who enters it, nor by the operating system, nor by name."""
    unmet: list[str] = []
    for other in list_attestations(connection, before.case.number):
        if other.attestation.superseded or other.attestation.party is given.party:
            continue
        if other.os_user == actor.os_user:
            unmet.append("same_os_user")
        if other.recorded_by == actor.user:
            unmet.append("same_user")
        if name_key(other.attestation.name) == name_key(given.name):
            unmet.append("same_name")
    return list(dict.fromkeys(unmet))


def _refuse(case: Case, unmet: tuple[str, ...]) -> None:
    if unmet:
        raise GateError("attestation_refused", unmet=unmet, case=str(case.number))


def _require_moving(case: Case) -> None:
    if case.held:
        raise GateError("verification_refused", unmet=("case_held",), case=str(case.number))


def _require_agreeable(workspace: Workspace, methods: Sequence[Method]) -> None:
    refused = [method.value for method in methods if not workspace.settings.verification.offers(method)]
    if refused or not methods:
        known = ", ".join(one.value for one in Method if workspace.settings.verification.offers(one))
        raise UsageError("methods_not_offered", methods=", ".join(refused) or "–", known=known)


# --- what people type -------------------------------------------------------------------------------------------------


def parse_methods(typed: str) -> tuple[Method, ...]:
    """`V1,V3`, in any case. Raises UsageError for what is no method."""
    names = [name.strip().upper() for name in typed.split(",") if name.strip()]
    unknown = [name for name in names if name not in {method.value for method in Method}]
    if unknown or not names:
        known = ", ".join(method.value for method in Method if method is not Method.V7)
        raise UsageError("methods_not_offered", methods=", ".join(unknown) or "–", known=known)
    return tuple(dict.fromkeys(map(Method, names)))


def find_evidence_file(typed: str) -> Path | None:
    """The file that somebody named as evidence; None if there is no such file, and it is words."""
    try:
        path = Path(typed)
        return path if path.is_file() else None
    except (OSError, ValueError):  # too long or odd for a path: words
        return None


def _channel(party: Party, mail: AttestedMail | None) -> Channel:
    if party is Party.VENDOR:
        return Channel.PROGRAM
    return Channel.VENDOR_TESTIMONY if mail is None else Channel.VERIFIED_MAIL


def _attested(given: Attestation) -> dict[str, JsonValue]:
    return {
        "party": given.party.value,
        "channel": given.channel.value,
        "accepted": given.accepted,
        "configuration_sha256": given.configuration_sha256,
        "evidence": given.evidence_sha256,
    }


def _name(field: str, typed: str) -> str:
    fault = find_text_fault(typed, lines=False)
    if fault is not None or not tidy(typed):
        code, params = ("missing", {}) if fault is None else (fault.code, fault.params)
        raise UsageError("values_refused", count=1, faults=(Fault(field_id=field, code=code, params=params),))
    return tidy(typed)


def _words(typed: str) -> str:
    fault = find_text_fault(typed, lines=True)
    if fault is not None:
        faults = (Fault(field_id="verification.evidence", code=fault.code, params=fault.params),)
        raise UsageError("values_refused", count=1, faults=faults)
    return tidy(typed, lines=True)


def _required(evidence: Path | None) -> Path:
    if evidence is None:
        raise UsageError("evidence_missing")
    return evidence


def _put_file(workspace: Workspace, path: Path) -> str:
    """The file among the originals. Raises NotFoundError, or UsageError for one that is empty or too large."""
    try:
        with open_file(path) as stream:
            data = stream.read(MAX_EVIDENCE_BYTES + 1)
    except OddFileError as error:
        raise NotFoundError("not_a_file", path=str(path)) from error
    except OSError as error:
        raise NotFoundError("file_not_found", path=str(path)) from error
    if not 0 < len(data) <= MAX_EVIDENCE_BYTES:
        raise UsageError("evidence_size", limit=MAX_EVIDENCE_BYTES)
    return workspace.blobs.put(data)
