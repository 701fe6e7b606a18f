"""The zoo's ground: who is who, what was issued, and how a return is judged: by all of the product's own policy."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

import renderers
from agreements.canonical import JsonValue
from agreements.casenumber import AgreementNumber, CaseNumber
from agreements.decision import Decision, decide
from agreements.language import Language
from agreements.orgnumber import OrgNumber
from agreements.parties import Signer, SigningBasis
from agreements.returns import ReturnContext, judge_return
from agreements.signature_report import RevocationPolicy
from agreements.signers import ExpectedSigners, SignerPolicy, name_key
from agreements.times import format_utc
from intake.matching import match_return
from onboarding.inspection import DOCUMENT, ISSUED, Inspection, inspect
from renderers.agreement import render_agreement
from signatures.revocations import NOTHING_KEPT, Revocations
from signatures.throwaway import Credential, ThrowawayPki
from signatures.trust import Trust
from tests.agreements.ground_examples import a_case, an_agreement
from tests.renderers.samples import REQUIRED, sample

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
RECEIVED = NOW + timedelta(minutes=5)
FIRM = OrgNumber(str(REQUIRED["customer.orgnr"]))
FIRM_NAME = str(REQUIRED["customer.name"])
KARI = Signer(name="Kari Nordmann", basis=SigningBasis.SIGNATURE_RIGHT, birth_date=date(1980, 5, 17))
OLA = Signer(name="Ola Bjørn Ærlig-Østby", basis=SigningBasis.SIGNATURE_RIGHT)
NUMBER = AgreementNumber(CaseNumber(2026, 42), 1)

os.environ["FONTCONFIG_FILE"] = str(renderers.fontconfig_file())  # as the roof does before the first page is laid out


@dataclass(frozen=True, kw_only=True)
class Specimen:
    """A return with everything it is judged by. What a builder does not say is the honest case."""

    pdf: bytes
    issued: bytes
    trust: Trust
    signers: tuple[Signer, ...] = (KARI,)
    at: datetime = RECEIVED
    case: Mapping[str, Any] = field(default_factory=dict)
    agreement: Mapping[str, Any] = field(default_factory=dict)
    delivered_by: str = "fjord"
    confirmed: bool = True
    """The right to sign of everybody named is confirmed by a register."""


Builder = Callable[[], Specimen]


def judged(specimen: Specimen) -> Decision:
    """What the product decides: the sandbox child's work, the policy, and the comparison of the numbers in the text."""
    arguments: JsonValue = {"trust": specimen.trust.to_json(), "at": format_utc(specimen.at)}
    seen = inspect({DOCUMENT: specimen.pdf, ISSUED: specimen.issued}, arguments)
    inspection = Inspection.model_validate(seen)
    if inspection.failure is not None or inspection.report is None:
        assert inspection.failure is not None
        return decide([inspection.failure])
    match = match_return({1: "own"}, {(1, "own"): NUMBER}, " ".join(inspection.numbers))
    return decide((*judge_return(inspection.report, context_of(specimen), None).decision.findings, *match.findings))


def context_of(specimen: Specimen) -> ReturnContext:
    """The case as the store would give it."""
    confirmed = frozenset(name_key(signer.name) for signer in specimen.signers) if specimen.confirmed else frozenset()
    case = replace(a_case(org_number=FIRM, customer_name=FIRM_NAME, signers=specimen.signers), **specimen.case)
    return ReturnContext(
        case=case,
        agreement=replace(an_agreement(signers=specimen.signers, number=NUMBER), **specimen.agreement),
        delivered_by=specimen.delivered_by,
        expected=ExpectedSigners(
            org_number=case.org_number, signers=specimen.signers, policy=SignerPolicy.CONFIRMED, confirmed=confirmed
        ),
    )


# --- what was issued --------------------------------------------------------------------------------------------------


@cache
def issued(*signers: Signer, number: str = str(NUMBER), language: Language = Language.NB) -> bytes:
    """The agreement as the product issues it, rendered once."""
    document = replace(sample(signers=signers or (KARI,), language=language), number=number)
    return render_agreement(document).pdf


# --- who is who -------------------------------------------------------------------------------------------------------


@cache
def pki() -> ThrowawayPki:
    """The authority everybody trusts; it has revoked nobody."""
    return ThrowawayPki.create(NOW, demo=False, label="dyrehagen")


@cache
def kari() -> Credential:
    return pki().person(KARI.name, KARI.birth_date)


@cache
def ola() -> Credential:
    return pki().person(OLA.name)


@cache
def seal() -> Credential:
    return pki().seal(FIRM_NAME, FIRM.digits)


@cache
def stranger() -> Credential:
    return pki().person("Fremmed Person")


def trust(authority: ThrowawayPki | None = None, *, revocations: Revocations = NOTHING_KEPT) -> Trust:
    """As a case has it: revocation data is required."""
    root = (authority or pki()).root.der
    return Trust.from_der([root], revocation=RevocationPolicy.REQUIRE, accept_demo=False, revocations=revocations)


def kept(authority: ThrowawayPki | None = None) -> Trust:
    """The same, with today's lists in the operator's own folder."""
    source = authority or pki()
    return trust(source, revocations=Revocations(crls=source.crls(NOW)))


def by_kari(pdf: bytes, **changes: Any) -> Specimen:
    """A return of the agreement that Kari alone must sign."""
    return replace(Specimen(pdf=pdf, issued=issued(), trust=trust()), **changes)


def jointly(pdf: bytes, **changes: Any) -> Specimen:
    """A return of the agreement that Kari and Ola must sign together."""
    return replace(Specimen(pdf=pdf, issued=issued(KARI, OLA), trust=trust(), signers=(KARI, OLA)), **changes)
