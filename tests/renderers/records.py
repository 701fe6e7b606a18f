"""Launch plans and verification records to render: complete, awkward, and empty. All names and numbers are made up."""

from datetime import UTC, date, datetime

from agreements.case import LaunchPlan
from agreements.orgnumber import OrgNumber
from agreements.parties import Customer
from agreements.plan import (
    Milestone,
    PilotGroup,
    Plan,
    PlanContact,
    PlanDecision,
    PlanReason,
    PlanVoice,
    RampStep,
    Schedule,
)
from agreements.turn import Party
from agreements.verification import Attestation, Channel, Method, MethodResult, MethodState, VerificationRecord
from tests.renderers.samples import LONG_NAME, VENDOR, synthetic

CUSTOMER = Customer(org_number=OrgNumber(synthetic("31098765")), name="Blåbær & Sønn AS")
LONG_CUSTOMER = Customer(org_number=OrgNumber(synthetic("31098765")), name=LONG_NAME)
MADE_ON = date(2026, 11, 27)
CONFIGURATION = "3f9a0c71" * 8
EARLIER = "b00cafe5" * 8

EMPTY_PLAN = Plan(
    case_number="DA-2026-000042-J",
    agreement_number=None,
    customer=CUSTOMER,
    vendor=VENDOR,
    made_on=MADE_ON,
    decision=PlanDecision(plan=LaunchPlan.OPEN),
)
DIRECT_PLAN = Plan(
    case_number="DA-2026-000042-J",
    agreement_number="DA-2026-000042-J.1",
    customer=CUSTOMER,
    vendor=VENDOR,
    made_on=MADE_ON,
    decision=PlanDecision(
        plan=LaunchPlan.DIRECT,
        voices=(
            PlanVoice(party=Party.VENDOR, name="Åse Tjønneland", on=date(2026, 11, 26)),
            PlanVoice(party=Party.DIGIPOST, name="Dag Postmann", on=date(2026, 11, 27)),
            PlanVoice(party=Party.CUSTOMER, name="Kari Nordmann", on=date(2026, 11, 25)),
        ),
        recruitment=(),
    ),
    first_send_date=date(2027, 1, 4),
    monthly_volume=120,
)
FULL_PLAN = Plan(
    case_number="DA-2026-000042-J",
    agreement_number="DA-2026-000042-J.12",
    customer=LONG_CUSTOMER,
    vendor=VENDOR,
    made_on=MADE_ON,
    decision=PlanDecision(
        plan=LaunchPlan.PLANNED,
        voices=(
            PlanVoice(party=Party.VENDOR, name="Åse Tjønneland", on=date(2026, 11, 26)),
            PlanVoice(party=Party.DIGIPOST, name="Dag Postmann og Anne-Grethe Kjærsgård-Øvergård", on=MADE_ON),
        ),
        starts_on=date(2026, 12, 1),
        recruitment=("Brev til alle tilsette", "Oppslag på intranettet"),
        note="Mykje post i mars og september.\nVerksemda vil byrje med lønsslippar.",
    ),
    reasons=tuple(PlanReason),
    first_send_date=date(2027, 2, 1),
    monthly_volume=125_000,
    peaks="Lønn den 12. i kvar månad.\nKommunale avgifter i mars og september.",
    schedule=Schedule(
        milestones=(
            Milestone(
                title="Oppsettet er klart i testmiljøet",
                owner=Party.VENDOR,
                due=date(2026, 12, 4),
                done_on=date(2026, 12, 3),
                done_by="Åse Tjønneland",
            ),
            Milestone(title="Oppsettet er verifisert av begge", owner=Party.DIGIPOST, due=date(2026, 12, 11)),
            Milestone(
                title="Informasjon til alle tilsette om at lønsslippen kjem i Digipost, på intranettet og i allmøtet",
                owner=Party.CUSTOMER,
                due=None,
            ),
        ),
        pilot=PilotGroup(recipients="Personalavdelinga i Otta", size=1_250, starts_on=date(2027, 2, 1)),
        ramp=(
            RampStep(starts_on=date(2027, 2, 15), monthly_letters=10_000),
            RampStep(starts_on=date(2027, 4, 1), monthly_letters=125_000),
        ),
        communication="Alle mottakarar får brev to veker før.\nSpørsmål går til servicetorget.",
        rollback=PlanContact(name="Driftsvakta", phone="+47 90 00 00 00", email="drift@blaabaer.example.org"),
    ),
)

VENDOR_WORD = Attestation(
    party=Party.VENDOR,
    name="Åse Tjønneland",
    at=datetime(2026, 11, 27, 9, 30, tzinfo=UTC),
    configuration_sha256=CONFIGURATION,
    channel=Channel.PROGRAM,
)
DIGIPOST_WORD = Attestation(
    party=Party.DIGIPOST,
    name="Dag Postmann",
    at=datetime(2026, 11, 27, 13, 3, tzinfo=UTC),
    configuration_sha256=CONFIGURATION,
    channel=Channel.VERIFIED_MAIL,
)
PASSED = MethodResult(
    method=Method.V1,
    agreed=True,
    state=MethodState.PASSED,
    party=Party.VENDOR,
    by="Åse Tjønneland",
    on=date(2026, 11, 26),
    evidence="VALID_SENDER, med alle bestilte rettigheter.",
    evidence_sha256="ab" * 32,
)
RECORD = VerificationRecord(
    case_number="DA-2026-000042-J",
    agreement_number="DA-2026-000042-J.1",
    customer=CUSTOMER,
    vendor=VENDOR,
    made_on=MADE_ON,
    sender_id=1_234_567,
    configuration_sha256=CONFIGURATION,
    results=(PASSED, MethodResult(method=Method.V5, agreed=True, state=MethodState.NOT_RELEVANT)),
    attestations=(VENDOR_WORD, DIGIPOST_WORD),
)
EMPTY_RECORD = VerificationRecord(
    case_number="DA-2026-000042-J",
    agreement_number=None,
    customer=CUSTOMER,
    vendor=VENDOR,
    made_on=MADE_ON,
    sender_id=None,
    configuration_sha256=CONFIGURATION,
    results=(),
    attestations=(),
)
AWKWARD_RECORD = VerificationRecord(
    case_number="DA-2026-000042-J",
    agreement_number="DA-2026-000042-J.12",
    customer=LONG_CUSTOMER,
    vendor=VENDOR,
    made_on=MADE_ON,
    sender_id=9_223_372_036_854_775_807,
    configuration_sha256=CONFIGURATION,
    results=(
        PASSED,
        MethodResult(method=Method.V2, agreed=True, state=MethodState.OPEN),
        MethodResult(method=Method.V3, agreed=False, state=MethodState.OPEN),
        MethodResult(
            method=Method.V4,
            agreed=True,
            state=MethodState.FAILED,
            party=Party.DIGIPOST,
            by="Anne-Grethe Kjærsgård-Øvergård",
            on=date(2026, 11, 27),
            evidence="Feil logo i brevet.\nAvsenderen hadde rett navn.",
        ),
        MethodResult(method=Method.V5, agreed=True, state=MethodState.NOT_RELEVANT),
        MethodResult(method=Method.V6, agreed=True, state=MethodState.PASSED, party=Party.VENDOR),
    ),
    attestations=(
        Attestation(
            party=Party.VENDOR,
            name="Åse Tjønneland",
            at=datetime(2026, 11, 20, 9, 30, tzinfo=UTC),
            configuration_sha256=EARLIER,
            channel=Channel.PROGRAM,
        ),
        VENDOR_WORD,
        Attestation(
            party=Party.DIGIPOST,
            name="Anne-Grethe Kjærsgård-Øvergård",
            at=datetime(2026, 11, 27, 13, 3, tzinfo=UTC),
            configuration_sha256=CONFIGURATION,
            channel=Channel.VENDOR_TESTIMONY,
        ),
    ),
)
