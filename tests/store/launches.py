"""A case in verification and the two words for it, straight into the store."""

from dataclasses import replace

import sqlalchemy as sa

from agreements.case import AgreementState, Case, LaunchPlan, Step
from agreements.parties import Actor
from agreements.turn import Party
from agreements.verification import Attestation, Channel, Method, MethodResult, MethodState
from onboarding.store.cases import move_case
from onboarding.store.events import append_event, last_seq
from onboarding.store.verification import (
    StoredAttestation,
    StoredConfiguration,
    insert_attestation,
    insert_result,
    put_configuration,
)
from tests.store.examples import KARI, NOW, add_case, happened

OLA = Actor(user="ola", os_user="ola")
HASH = "ab" * 32
OTHER = "cd" * 32


def verifying(connection: sa.Connection, state: MethodState = MethodState.PASSED) -> tuple[Case, StoredConfiguration]:
    """A case in verification, with what came of one method."""
    case = add_case(connection)
    moved = replace(
        case,
        unconfirmed=False,
        step=Step.VERIFICATION,
        plan=LaunchPlan.DIRECT,
        agreement_version=1,
        agreement_state=AgreementState.FORWARDED,
    )
    case = move_case(connection, moved, event=happened("setup.begun"))
    configuration = put_configuration(connection, case, HASH, now=NOW)
    result = MethodResult(method=Method.V1, agreed=True, state=state, party=Party.VENDOR, by="Siri", on=NOW.date())
    insert_result(connection, case.number, result, configuration=configuration, actor=KARI, now=NOW)
    return case, configuration


def attest(
    connection: sa.Connection,
    case: Case,
    configuration: StoredConfiguration,
    party: Party,
    actor: Actor,
    **changes: object,
) -> None:
    append_event(connection, replace(happened("verification.attested"), case_number=str(case.number)))
    by_mail = party is Party.DIGIPOST
    given = Attestation(
        party=party,
        name="Per Demo",
        at=NOW,
        configuration_sha256=HASH,
        channel=Channel.VERIFIED_MAIL if by_mail else Channel.PROGRAM,
        evidence_sha256=OTHER,
    )
    stored = StoredAttestation(
        attestation=replace(given, **{k: v for k, v in changes.items() if k in ("accepted", "channel")}),  # type: ignore[arg-type]
        configuration_id=configuration.id,
        recorded_by=actor.user,
        os_user=actor.os_user,
        event_seq=int(str(changes.get("event_seq", last_seq(connection)))),
        mail_id=f"mail {last_seq(connection)}" if by_mail else None,
        proof="{}" if by_mail else None,
    )
    insert_attestation(connection, case.number, stored, actor=actor, now=NOW)
