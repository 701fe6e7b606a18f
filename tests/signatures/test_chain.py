"""What a chain of certificates allows, and that a chain which breaks a rule is told apart from a stranger's."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from agreements.signature_report import Indication, RevocationPolicy, SignatureReport
from signatures.engine import CLOCK_TOLERANCE
from signatures.judge import judge
from signatures.throwaway import Credential, LeafOptions, SigningOptions, ThrowawayPki, sign
from signatures.trust import Trust
from tests.signatures.papers import NOW, RECEIVED
from tests.zoo import pens
from tests.zoo.pens import Extension, Pen

DAY = timedelta(days=1)
DOCUMENTS = {
    "any": "2.5.29.37.0",
    "document signing": "1.3.6.1.5.5.7.3.36",
    "e-mail": "1.3.6.1.5.5.7.3.4",
    "logging in": "1.3.6.1.5.5.7.3.2",
    "Microsoft's": "1.3.6.1.4.1.311.10.3.12",
    "Adobe's": "1.2.840.113583.1.1.5",
}
OTHER_THINGS = (
    ExtendedKeyUsageOID.SERVER_AUTH,
    ExtendedKeyUsageOID.OCSP_SIGNING,
    ExtendedKeyUsageOID.TIME_STAMPING,
    ExtendedKeyUsageOID.CODE_SIGNING,
)
UNKNOWN = (x509.UnrecognizedExtension(ObjectIdentifier("1.2.3.4.5"), b"\x05\x00"), True)


def purposes(*oids: ObjectIdentifier) -> Extension:
    return x509.ExtendedKeyUsage(oids), False


def judged(pdf: bytes, pki: ThrowawayPki) -> SignatureReport:
    """Revocation is not asked for: what is refused here is refused for the chain alone."""
    trust = Trust.from_der([pki.root.der], revocation=RevocationPolicy.OFF, accept_demo=False)
    return judge(pdf, trust=trust, at=RECEIVED, issued=None)


def signed(agreement: bytes, person: Credential, *chain: Credential) -> bytes:
    return pens.write(agreement, person, Pen(chain=chain or (person.pki.intermediate,), embeds=False))


def codes(report: SignatureReport) -> set[str]:
    return {finding.code for finding in report.findings if finding.code.startswith("SIG")}


# --- what a certificate is for ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("oid", DOCUMENTS.values(), ids=DOCUMENTS)
def test_a_certificate_that_names_signing_among_its_purposes_may_sign(
    oid: str, pki: ThrowawayPki, agreement: bytes
) -> None:
    named = purposes(ExtendedKeyUsageOID.SERVER_AUTH, ObjectIdentifier(oid))
    issuer = pens.authority_under(pki.root, "Utsteder for noe", named)
    report = judged(signed(agreement, pens.issued_by(issuer, "Kari Nordmann", named), issuer), pki)
    assert (report.indication, codes(report)) == (Indication.TOTAL_PASSED, set())


@pytest.mark.parametrize("oid", OTHER_THINGS, ids=lambda oid: oid._name)
@pytest.mark.parametrize("whose", ["the signer", "the issuer"])
def test_a_certificate_for_other_things_may_not_nor_may_what_it_has_issued(
    whose: str, oid: ObjectIdentifier, pki: ThrowawayPki, agreement: bytes
) -> None:
    own, issuers = ((purposes(oid),), ()) if whose == "the signer" else ((), (purposes(oid),))
    issuer = pens.authority_under(pki.root, "Utsteder for noe annet", *issuers)
    report = judged(signed(agreement, pens.issued_by(issuer, "Kari Nordmann", *own), issuer), pki)
    assert (report.sub_indication, codes(report)) == ("CHAIN_CONSTRAINTS_FAILURE", {"SIG-015"})
    assert not report.signatures[0].trusted


# --- why a chain does not hold ----------------------------------------------------------------------------------------


def _sweden() -> Extension:
    name = x509.DirectoryName(x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, "SE")]))
    return x509.NameConstraints(permitted_subtrees=[name], excluded_subtrees=None), True


def _below(pki: ThrowawayPki, *extensions: Extension, options: LeafOptions | None = None) -> tuple[Credential, ...]:
    issuer = pens.authority_under(pki.root, "Utsteder", *extensions, options=options)
    return pens.issued_by(issuer, "Kari Nordmann"), issuer


def _too_deep(pki: ThrowawayPki) -> tuple[Credential, ...]:
    upper = pens.authority_under(pki.root, "Øvre", path_length=0)
    lower = pens.authority_under(upper, "Nedre")
    return pens.issued_by(lower, "Kari Nordmann"), lower, upper


def _by_a_person(pki: ThrowawayPki) -> tuple[Credential, ...]:
    somebody = pki.person("Ola Nordmann")
    return pens.issued_by(somebody, "Kari Nordmann"), somebody, pki.intermediate


CHAINS: dict[str, tuple[str, Callable[[ThrowawayPki], tuple[Credential, ...]]]] = {
    "an expired issuer": ("issuer-expired", lambda pki: _below(pki, options=LeafOptions(not_after=NOW))),
    "a coming issuer": ("issuer-not-yet-valid", lambda pki: _below(pki, options=LeafOptions(not_before=NOW + DAY))),
    "an issuer's demand": ("critical-extension", lambda pki: _below(pki, UNKNOWN)),
    "a signer's demand": (
        "critical-extension",
        lambda pki: (pens.issued_by(pki.intermediate, "Kari Nordmann", UNKNOWN), pki.intermediate),
    ),
    "another country": ("names-excluded", lambda pki: _below(pki, _sweden())),
    "a link too many": ("path-too-long", _too_deep),
    "a person as issuer": ("not-an-authority", _by_a_person),
}


@pytest.mark.parametrize("name", CHAINS)
def test_a_chain_to_a_trusted_root_that_breaks_a_rule_is_told_by_that_rule(
    name: str, pki: ThrowawayPki, agreement: bytes
) -> None:
    why, made = CHAINS[name]
    report = judged(signed(agreement, *made(pki)), pki)
    (finding,) = (finding for finding in report.findings if finding.code.startswith("SIG"))
    assert (finding.code, finding.params["why"]) == ("SIG-025", why)
    assert report.sub_indication == "CERTIFICATE_CHAIN_GENERAL_FAILURE"


def test_a_namesake_of_an_authority_is_a_stranger_whatever_else_is_wrong(pki: ThrowawayPki, agreement: bytes) -> None:
    self_made = ThrowawayPki.create(NOW, demo=False, label=pki.label)
    person = pens.issued_by(self_made.intermediate, "Kari Nordmann", UNKNOWN)
    assert codes(judged(signed(agreement, person, pki.intermediate), pki)) == {"SIG-010"}


def test_a_signers_certificate_that_is_not_valid_yet_is_told_so(pki: ThrowawayPki, agreement: bytes) -> None:
    coming = pki.person("Kari Nordmann", options=LeafOptions(not_before=NOW + DAY))
    report = judged(signed(agreement, coming), pki)
    assert (report.sub_indication, codes(report)) == ("OUT_OF_BOUNDS_NO_POE", {"SIG-011"})


# --- time-stamps of the future ----------------------------------------------------------------------------------------


def _stamped(agreement: bytes, person: Credential, after: timedelta) -> bytes:
    options = SigningOptions(embed_revocation=False, timestamp=RECEIVED + after)
    return sign(agreement, person, field="Signatur1", level="B-T", now=NOW, options=options)


def test_a_clock_may_differ_a_little_and_no_more(pki: ThrowawayPki, agreement: bytes) -> None:
    kari = pki.person("Kari Nordmann")
    within = judged(_stamped(agreement, kari, CLOCK_TOLERANCE), pki)
    assert codes(within) == set()
    assert within.signatures[0].best_signature_time == RECEIVED + CLOCK_TOLERANCE
    beyond = judged(_stamped(agreement, kari, CLOCK_TOLERANCE + timedelta(seconds=1)), pki)
    assert codes(beyond) == {"SIG-018"}
    assert beyond.signatures[0].best_signature_time == RECEIVED


def test_a_time_stamp_of_the_future_puts_no_certificate_in_force(pki: ThrowawayPki, agreement: bytes) -> None:
    coming = pki.person("Kari Nordmann", options=LeafOptions(not_before=NOW + DAY))
    assert codes(judged(_stamped(agreement, coming, 2 * DAY), pki)) == {"SIG-011", "SIG-018"}


def test_an_archive_time_stamp_of_the_future_helps_no_expired_certificate(pki: ThrowawayPki, agreement: bytes) -> None:
    expired = pki.person("Kari Nordmann", options=LeafOptions(not_after=NOW + timedelta(minutes=1)))
    stamped = sign(agreement, expired, field="Signatur1", level="B-LT", now=NOW)
    assert "SIG-011" not in codes(judged(pens.stamp_document(stamped, pki, NOW), pki))
    archived = pens.stamp_document(sign(agreement, expired, field="Signatur1", now=NOW), pki, RECEIVED + DAY)
    assert {"SIG-011", "SIG-018"} <= codes(judged(archived, pki))
