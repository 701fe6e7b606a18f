"""Returns of agreements that were issued with the issuer's own seal: honest ones, and what a forger makes of them."""

from dataclasses import replace
from datetime import timedelta
from functools import cache

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

from agreements.casenumber import AgreementNumber, CaseNumber
from signatures.seal import Sealer, open_pkcs12
from signatures.throwaway import Credential, LeafOptions, Level, ThrowawayPki, sign
from tests.signatures.papers import append, overlay, update_root
from tests.zoo import keeper, pens
from tests.zoo.keeper import (
    FIRM,
    FIRM_NAME,
    NOW,
    Builder,
    Specimen,
    by_kari,
    issued,
    jointly,
    kari,
    kept,
    ola,
    pki,
    stranger,
)

HONEST_SEALED: dict[str, Builder] = {}
FORGED_SEALED: dict[str, Builder] = {}
VENDOR = "310028142"  # a synthetic number


def honest(builder: Builder) -> Builder:
    """Into the cage of the honest ones."""
    HONEST_SEALED[builder.__name__] = builder
    return builder


def forged(builder: Builder) -> Builder:
    """Into the cage of the forged ones."""
    FORGED_SEALED[builder.__name__] = builder
    return builder


def sealer_of(credential: Credential) -> Sealer:
    """As an operator has it: a PKCS#12 file with a password."""
    secret = BestAvailableEncryption(b"hemmelig")
    chain = [credential.pki.intermediate.certificate]
    data = pkcs12.serialize_key_and_certificates(b"segl", credential.key, credential.certificate, chain, secret)
    return open_pkcs12(data, b"hemmelig")


@cache
def vendors_seal() -> Credential:
    return pki().seal("Fjordsystem AS", VENDOR)


def sealed(pdf: bytes | None = None, credential: Credential | None = None) -> bytes:
    """The agreement as a vendor with a seal issues it, an hour before it is signed."""
    sealer = sealer_of(credential or vendors_seal())
    return sealer.seal(issued() if pdf is None else pdf, now=NOW - timedelta(hours=1))


@cache
def paper() -> bytes:
    return sealed()


def _signed_by_kari(pdf: bytes, level: Level = "B-B") -> bytes:
    return sign(pdf, kari(), field="Signatur1", level=level, now=NOW)


# --- honest -----------------------------------------------------------------------------------------------------------


def _honest(level: Level) -> Builder:
    return lambda: by_kari(_signed_by_kari(paper(), level), issued=paper())


for _level in ("B-B", "B-T", "B-LT", "B-LTA"):
    HONEST_SEALED[f"sealed_and_signed_at_level_{_level}"] = _honest(_level)


@honest
def sealed_with_an_rsa_key() -> Specimen:
    key = rsa.generate_private_key(public_exponent=65537, key_size=3072)
    own = sealed(credential=pki().seal("Fjordsystem AS", VENDOR, options=LeafOptions(key=key)))
    return by_kari(_signed_by_kari(own), issued=own)


@honest
def sealed_by_a_certificate_that_nobody_trusts() -> Specimen:
    """The bytes prove the seal; what its certificate is worth to others is not asked here."""
    own = sealed(credential=ThrowawayPki.create(NOW, demo=False, label="hjemmelaget").seal("Fjordsystem AS", VENDOR))
    return by_kari(_signed_by_kari(own), issued=own)


@honest
def sealed_and_signed_jointly() -> Specimen:
    specimen = jointly(b"")
    own = sealed(specimen.issued)
    first = sign(own, kari(), field="Signatur1", level="B-LT", now=NOW)
    return replace(specimen, issued=own, pdf=sign(first, ola(), field="Signatur2", level="B-LT", now=NOW))


@honest
def sealed_and_signed_by_the_seal_of_the_organisation() -> Specimen:
    return by_kari(sign(paper(), keeper.seal(), field="Signatur1", now=NOW), issued=paper())


@honest
def sealed_and_the_catalogue_written_anew() -> Specimen:
    return by_kari(_signed_by_kari(append(paper(), update_root)), issued=paper())


# --- forged -----------------------------------------------------------------------------------------------------------


@forged
def nothing_but_the_issuers_seal() -> Specimen:
    return by_kari(paper(), issued=paper(), trust=kept())


@forged
def nothing_but_a_seal_that_names_the_organisation_itself() -> Specimen:
    """The vendor is its own customer, or got hold of its certificate: a seal within the issued bytes is no consent."""
    own = sealed(credential=keeper.seal())
    return by_kari(own, issued=own, trust=kept())


@forged
def nothing_but_a_seal_with_the_certificate_of_the_signer() -> Specimen:
    own = sealed(credential=kari())
    return by_kari(own, issued=own, trust=kept())


@forged
def a_strangers_signature_beside_a_seal_with_the_certificate_of_the_signer() -> Specimen:
    own = sealed(credential=kari())
    return by_kari(sign(own, stranger(), field="Signatur1", now=NOW), issued=own)


@forged
def sealed_again_and_nothing_more() -> Specimen:
    """The vendor's certificate stands in the signer's field: nobody of the organisation has signed."""
    return by_kari(sign(paper(), vendors_seal(), field="Signatur1", now=NOW), issued=paper())


@forged
def the_seal_taken_off_before_signing() -> Specimen:
    return by_kari(_signed_by_kari(issued()), issued=paper())


@forged
def the_seal_of_another_agreement() -> Specimen:
    other = sealed(issued(number=str(AgreementNumber(CaseNumber(2026, 43), 1))))
    return by_kari(_signed_by_kari(other), issued=paper())


@forged
def a_seal_of_ones_own_over_altered_terms() -> Specimen:
    mine = sealed(overlay(issued()), ThrowawayPki.create(NOW, demo=False, label="bakgata").seal(FIRM_NAME, FIRM.digits))
    return by_kari(_signed_by_kari(mine), issued=paper())


@forged
def text_laid_over_the_terms_after_the_seal() -> Specimen:
    return by_kari(_signed_by_kari(overlay(paper())), issued=paper())


@forged
def text_laid_over_the_terms_after_seal_and_signature() -> Specimen:
    return by_kari(overlay(_signed_by_kari(paper())), issued=paper())


@forged
def signed_in_a_field_of_ones_own_beside_the_seal() -> Specimen:
    pen = pens.Pen(box=(10, 10, 60, 40))
    return by_kari(pens.write(paper(), kari(), pen, field="Ekstra"), issued=paper())
