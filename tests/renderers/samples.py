"""Agreements to render: plain, and as awkward as they come. All names and numbers are made up."""

from datetime import UTC, date, datetime
from functools import cache
from hashlib import sha256

from agreements.agreement import SigningRoute, TermsFile, agreement_values
from agreements.canonical import JsonValue
from agreements.catalogue import load_catalogue
from agreements.language import Language
from agreements.orgnumber import OrgNumber, check_digit
from agreements.parties import Customer, Signer, SigningBasis, Vendor
from agreements.summary import Agreed, ConfigurationSummary, SetUp, SummaryApproval, SummarySubject, build_summary
from renderers.agreement import AgreementDocument, RenderedAgreement, render_agreement
from renderers.overrides import STANDARD, Overrides
from tests.agreements.ground_examples import settings_of

DUE = date(2026, 12, 1)  # two working days after the approval of the samples, a Friday


def synthetic(first_eight: str) -> str:
    digit = check_digit(first_eight)
    assert digit is not None
    return first_eight + digit


VENDOR = Vendor(
    id="fjord",
    name="Fjordsystem AS",
    org_number=OrgNumber(synthetic("31234567")),
    system_name="Fjord HR",
    broker_id=8541208,
    contact_name="Åse Tjønneland",
    contact_email="onboarding@fjordsystem.example.org",
)
KARI = Signer(name="Kari Nordmann", basis=SigningBasis.SIGNATURE_RIGHT)
OLA = Signer(name="Ola Bjørn Ærlig-Østby", basis=SigningBasis.PROKURA, birth_date=date(1975, 3, 12))
TERMS = (
    TermsFile(name="Vilkår A (øving)", date="2026-01-15", sha256=sha256(b"A").hexdigest()),
    TermsFile(name="Vilkår B (øving)", date="2026-02-01", sha256=sha256(b"B").hexdigest()),
)
MARKING_KEY = bytes(range(32))
LONG_NAME = (
    "Interkommunalt samarbeid om lønn, rekneskap og arkiv i Nord-Gudbrandsdalen, "
    "Øystre Slidre og Sør-Aurdal, avdeling Fagernes vest A/S"
)


def address(line: str, postal_code: str, city: str) -> JsonValue:
    return {"lines": [line], "postal_code": postal_code, "city": city}


REQUIRED: dict[str, JsonValue] = {
    "customer.orgnr": synthetic("31098765"),
    "customer.name": "Blåbær & Sønn AS",
    "customer.business_address": address("Kirkegata 12", "0153", "Oslo"),
    "customer.postal_address": address("Postboks 34 Sentrum", "0101", "Oslo"),
    "customer.sector": "private",
    "contact.contract.name": "Kari Nordmann",
    "contact.contract.email": "kari@blaabaer.example.org",
    "contact.business.name": "Per Ås",
    "contact.business.email": "per@blaabaer.example.org",
    "admin.name": "Siv Hætta",
    "admin.email": "siv@blaabaer.example.org",
    "vendor.may_send_on_behalf": True,
    "service.channel": "api",
    "service.digital": True,
    "defaults.authentication_level": "PASSWORD",
    "defaults.sensitivity_level": "NORMAL",
    "invoice.method": "ehf",
    "invoice.endpoint": f"0192:{synthetic('31098765')}",
    "launch.monthly_volume": 1200,
    "launch.first_send_date": "2027-02-01",
    "dpa.accepted": True,
}
MUCH: dict[str, JsonValue] = REQUIRED | {
    "customer.name": LONG_NAME,
    "customer.sender_name": "Nord-Gudbrandsdalen og Øystre Slidre",
    "customer.orgform": "IKS",
    "customer.sector": "public",
    "customer.part_id": "lonn-og-arkiv",
    "contact.contract.phone": "+4722030045",
    "contact.operations.name": "Driftsvakta",
    "contact.operations.phone": "+4790000000",
    "admin.birth_date": "1980-05-17",
    "vendor.may_read_inbox": True,
    "vendor.may_use_archive": True,
    "service.channel": "batch_sftp",
    "service.print_fallback": True,
    "service.direct_print": True,
    "service.dpi": True,
    "service.document_types": ["Payslip", "Invoice", "Inkasso", "Appointment", "SignedDocument"],
    "defaults.sms_after_hours": [24, 72],
    "defaults.email_notification": True,
    "print.return_name": LONG_NAME,
    "print.return_address": address("Gudbrandsdalsvegen 1234", "2670", "Otta"),
    "invoice.reference": "KST 4711 / Ressurs 0815",
    "invoice.posten_customer_no": "20012345",
    "dpi.avsenderidentifikator": "nord-gudbrandsdalen-lonn",
    "dpi.databehandler_orgnr": synthetic("31234567"),
    "launch.monthly_volume": 125000,
    "launch.peaks": "Lønn den 12. i kvar månad.\nKommunale avgifter i mars og september.",
    "launch.recruitment": ["Brev til alle tilsette", "Oppslag på intranettet"],
}


def sample(
    values: dict[str, JsonValue] = REQUIRED,
    *,
    signers: tuple[Signer, ...] = (KARI,),
    language: Language = Language.NB,
    terms: tuple[TermsFile, ...] = TERMS,
    example: bool = False,
    route: SigningRoute = SigningRoute.SERVICE,
    open_fields: tuple[str, ...] = (),
    overrides: Overrides = STANDARD,
) -> AgreementDocument:
    return AgreementDocument(
        number="DA-2026-000042-J.1",
        values=agreement_values(load_catalogue(), case_values=values, vendor=VENDOR, profile={}, signers=signers),
        signers=signers,
        language=language,
        issued_on=date(2026, 11, 23),
        terms=terms,
        example=example,
        contact_email=VENDOR.contact_email,
        marking_key=MARKING_KEY,
        route=route,
        open_fields=open_fields,
        overrides=overrides,
    )


@cache
def rendered(language: Language = Language.NB, *, full: bool = False, example: bool = False) -> RenderedAgreement:
    """An agreement with what must be there, or with everything and two signers; laid out once for all tests."""
    document = sample(
        MUCH if full else REQUIRED,
        signers=(KARI, OLA) if full else (KARI,),
        language=language,
        terms=() if example else TERMS,
        example=example,
    )
    return render_agreement(document)


def summary(
    values: dict[str, JsonValue] = REQUIRED,
    *,
    setup: dict[str, JsonValue] | None = None,
    approved: bool = True,
    manual: bool = False,
) -> ConfigurationSummary:
    document = sample(values)
    at = datetime(2026, 11, 27, 14, 3, tzinfo=UTC)  # a Friday
    subject = SummarySubject(
        case_number="DA-2026-000042-J",
        agreement_number=document.number,
        customer=Customer(org_number=OrgNumber(str(values["customer.orgnr"])), name=str(values["customer.name"])),
        vendor=VENDOR,
        signed_sha256=TERMS[0].sha256 if approved else None,
        approval=SummaryApproval(by="Kari Koordinator", at=at, manual=manual) if approved else None,
    )
    return build_summary(
        load_catalogue(),
        subject,
        Agreed(values=document.values),
        SetUp(settings=settings_of(setup or {})),
        due=DUE if approved else None,
    )
