"""Synthetic values the store tests share."""

from dataclasses import replace
from datetime import UTC, date, datetime

import sqlalchemy as sa

from agreements.agreement import Agreement, IssuedState, SigningRoute
from agreements.case import Case
from agreements.casenumber import AgreementNumber, CaseNumber
from agreements.language import Language
from agreements.orgnumber import OrgNumber, check_digit
from agreements.parties import Actor, Signer, SigningBasis
from onboarding.store.cases import insert_case, next_case_number
from onboarding.store.events import NewEvent

NOW = datetime(2026, 11, 23, 8, 57, 20, 123456, tzinfo=UTC)
KARI = Actor(user="kari", os_user="kari")
SIGNERS = (
    Signer(name="Kari Ås Nordmann", basis=SigningBasis.SIGNATURE_RIGHT, birth_date=date(1980, 2, 29)),
    Signer(name="Per Øye", basis=SigningBasis.PROKURA),
)


def synthetic_org_number(index: int) -> OrgNumber:
    """The index-th valid number of the synthetic range that begins with 310."""
    numbers = (f"310{n:05d}{check_digit(f'310{n:05d}')}" for n in range(10_000) if check_digit(f"310{n:05d}"))
    return OrgNumber(next(number for position, number in enumerate(numbers) if position == index))


def happened(kind: str = "case.created") -> NewEvent:
    return NewEvent(kind=kind, actor=KARI, at=NOW)


def a_case(number: CaseNumber | None = None, *, org: int = 0) -> Case:
    return Case(
        number=number or CaseNumber(2026, 1),
        vendor_id="fjord",
        org_number=synthetic_org_number(org),
        customer_name="Ås & Øye AS",
        language=Language.NN,
        values={"customer.name": "Ås & Øye AS", "channels": ["print", "digital"], "volume": 1200, "test": True},
        signers=SIGNERS,
        unconfirmed=True,
        created_at=NOW,
        updated_at=NOW,
    )


def add_case(connection: sa.Connection, *, org: int = 0) -> Case:
    """A stored case with the next number of 2026."""
    return insert_case(connection, a_case(next_case_number(connection, 2026), org=org), event=happened())


def an_agreement(case: Case, *, version: int = 1, sha256: str = "ab" * 32, size: int = 51_234) -> Agreement:
    return Agreement(
        number=AgreementNumber(case.number, version),
        sha256=sha256,
        size=size,
        template_version="2026-11-01",
        language=Language.NB,
        pages=4,
        example_terms=True,
        route=SigningRoute.OWN_TOOL,
        open_fields=("invoice.reference", "launch.peaks"),
        control_code="7K3M-9QXA",
        field_map_sha256="12" * 32,
        values=case.values,
        signers=case.signers,
        state=IssuedState.ISSUED,
        issued_at=NOW,
        issued_by="kari",
    )


def moved(case: Case, **changes: object) -> Case:
    return replace(case, **changes)  # type: ignore[arg-type]
