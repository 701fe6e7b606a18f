"""Ready-made values of the ground for its tests. Synthetic people and organisations only."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from agreements.agreement import Agreement, IssuedState, SigningRoute
from agreements.canonical import JsonValue
from agreements.case import AgreementState, Case, Step
from agreements.casenumber import AgreementNumber, CaseNumber
from agreements.configuration import Setting
from agreements.findings import Finding
from agreements.language import Language
from agreements.orgnumber import OrgNumber, check_digit
from agreements.parties import Signer, SigningBasis, Vendor
from agreements.signature_report import (
    ChangesAfter,
    Indication,
    Provenance,
    Revocation,
    Shape,
    SignatureKind,
    SignatureReport,
    SignatureResult,
    SignerIdentity,
)
from agreements.signers import ExpectedSigners, SignerPolicy

NOW = datetime(2026, 11, 23, 8, 57, 20, tzinfo=UTC)
LATER = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def settings_of(values: Mapping[str, JsonValue], *, at: datetime = LATER) -> tuple[Setting, ...]:
    """The values as if somebody had set each of them."""
    return tuple(
        Setting(field_id=name, value=value, by="kari", at=at, reason="as agreed") for name, value in values.items()
    )


def synthetic(first_eight: str) -> OrgNumber:
    """A synthetic organisation number with its check digit."""
    digit = check_digit(first_eight)
    assert digit is not None
    return OrgNumber(first_eight + digit)


CUSTOMER = synthetic("31000001")
STRANGER = synthetic("31000003")
KARI = Signer(name="Kari Nordmann", basis=SigningBasis.SIGNATURE_RIGHT)
OLA = Signer(name="Ola Nordmann", basis=SigningBasis.PROKURA)
VENDOR = Vendor(
    id="fjord",
    name="Fjordsystem AS",
    org_number=synthetic("31000005"),
    system_name="Fjord HR",
    broker_id=8541208,
    contact_name="Nina Teknisk",
    contact_email="teknisk@example.org",
)


def a_case(**changes: Any) -> Case:
    """A case whose agreement has been issued to one signer."""
    case = Case(
        number=CaseNumber(2026, 42),
        vendor_id=VENDOR.id,
        org_number=CUSTOMER,
        customer_name="Fjellet Regnskap AS",
        language=Language.NB,
        values={},
        signers=(KARI,),
        step=Step.AGREEMENT,
        agreement_version=1,
        agreement_state=AgreementState.ISSUED,
        created_at=NOW,
        updated_at=NOW,
    )
    return replace(case, **changes)


def an_agreement(version: int = 1, **changes: Any) -> Agreement:
    """An issued version of the case's agreement."""
    agreement = Agreement(
        number=AgreementNumber(CaseNumber(2026, 42), version),
        sha256="a" * 64,
        size=51234,
        template_version="standard 0123456789ab",
        language=Language.NB,
        pages=3,
        example_terms=False,
        route=SigningRoute.SERVICE,
        control_code="7K3M-9QXA",
        field_map_sha256="b" * 64,
        values={},
        signers=(KARI,),
        state=IssuedState.ISSUED,
        issued_at=NOW,
        issued_by="kari",
    )
    return replace(agreement, **changes)


def signed_by(
    name: str | None, *, birth_date: date | None = None, certificate: str | None = None, trusted: bool = True
) -> SignatureResult:
    """A person's signature in which nothing is wrong."""
    signer = SignerIdentity(name=name, birth_date=birth_date, certificate_sha256=certificate)
    return _result(SignatureKind.SIGNATURE, signer, trusted=trusted)


def sealed_by(
    org_number: OrgNumber | None, *, org_name: str | None = "Fjellet Regnskap AS", trusted: bool = True
) -> SignatureResult:
    """An organisation's seal in which nothing is wrong."""
    digits = org_number.digits if org_number else None
    return _result(
        SignatureKind.SEAL, SignerIdentity(name="Segl", org_name=org_name, org_number=digits), trusted=trusted
    )


def time_stamp() -> SignatureResult:
    """A document time-stamp."""
    return _result(SignatureKind.DOCUMENT_TIMESTAMP, SignerIdentity(name="TSA"), trusted=True)


def _result(kind: SignatureKind, signer: SignerIdentity, *, trusted: bool) -> SignatureResult:
    return SignatureResult(
        field="Signatur1",
        kind=kind,
        indication=Indication.TOTAL_PASSED if trusted else Indication.INDETERMINATE,
        sub_indication=None if trusted else "NO_CERTIFICATE_CHAIN_FOUND",
        intact=True,
        covers_document=True,
        changes_after=ChangesAfter.NONE,
        level="B-LT",
        signer=signer,
        trusted=trusted,
        revocation=Revocation.GOOD,
        claimed_time=NOW,
        best_signature_time=NOW,
    )


def a_report(*signatures: SignatureResult, findings: tuple[Finding, ...] = (), **changes: Any) -> SignatureReport:
    """A report on our issued bytes with these signatures appended, in which nothing is wrong."""
    report = SignatureReport(
        sha256="b" * 64,
        size=60000,
        indication=Indication.TOTAL_PASSED,
        sub_indication=None,
        signatures=signatures,
        provenance=Provenance(shape=Shape.APPENDED, issued_is_prefix=True),
        findings=findings,
        trust_id="c" * 64,
        judged_at=NOW,
        engine="pyHanko 0.38.0",
    )
    return report.model_copy(update=changes)


def expecting(*signers: Signer, policy: SignerPolicy = SignerPolicy.DECLARED, **changes: Any) -> ExpectedSigners:
    """These signers, or the customer's seal."""
    return replace(ExpectedSigners(org_number=CUSTOMER, signers=signers, policy=policy), **changes)
