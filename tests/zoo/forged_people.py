"""Forged or faulty returns: the document is ours, but the signature is not one that binds the customer now."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import cache

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from agreements.agreement import IssuedState
from agreements.case import AgreementState
from agreements.casenumber import AgreementNumber, CaseNumber
from agreements.orgnumber import OrgNumber
from agreements.parties import Signer, SigningBasis
from signatures import throwaway
from signatures.identity import QC_TYPE_ESIGN
from signatures.revocations import Revocations
from signatures.throwaway import Credential, LeafOptions, SigningOptions, ThrowawayPki, sign
from tests.renderers.samples import synthetic
from tests.zoo import keeper, pens
from tests.zoo.forged_content import signed
from tests.zoo.keeper import (
    FIRM,
    FIRM_NAME,
    KARI,
    NOW,
    OLA,
    RECEIVED,
    Builder,
    Specimen,
    by_kari,
    issued,
    jointly,
    kari,
    kept,
    ola,
    pki,
    seal,
    stranger,
)
from tests.zoo.pens import Pen

PEOPLE: dict[str, Builder] = {}
BARE = SigningOptions(embed_revocation=False)


def forged(builder: Builder) -> Builder:
    """Into the cage, under its name."""
    PEOPLE[builder.__name__] = builder
    return builder


def _by(person: Credential, **changes: object) -> Specimen:
    return by_kari(sign(issued(), person, field="Signatur1", level="B-LT", now=NOW), **changes)


# --- somebody else ----------------------------------------------------------------------------------------------------


@forged
def a_stranger() -> Specimen:
    return _by(stranger())


@forged
def a_stranger_beside_the_right_person() -> Specimen:
    twice = sign(sign(issued(KARI, OLA), kari(), field="Signatur1", level="B-LT", now=NOW), stranger(),
                 field="Signatur2", level="B-LT", now=NOW)  # fmt: skip
    return by_kari(twice, issued=issued(KARI, OLA))


@forged
def a_namesake_of_another_birth_date() -> Specimen:
    return _by(pki().person(KARI.name, KARI.birth_date.replace(year=1981)))  # type: ignore[union-attr]


@forged
def a_name_in_letters_that_only_look_alike() -> Specimen:
    """The first letter of the surname is Greek."""
    return _by(pki().person("Kari \u039dordmann"))


@forged
def a_name_that_holds_the_right_one() -> Specimen:
    return _by(pki().person("Kari Nordmann Hansen"))


@forged
def another_firms_seal() -> Specimen:
    return _by(pki().seal("Helt Annet AS", synthetic("31000003")))


@forged
def another_firms_seal_in_our_name() -> Specimen:
    return _by(pki().seal(FIRM_NAME, synthetic("31000003")))


@forged
def a_persons_certificate_that_names_the_firm() -> Specimen:
    """Not a seal: the certificate says eSign, and the name is the firm's."""
    return _by(pki().person(f"{FIRM_NAME} {FIRM.digits}"))


@forged
def the_firms_number_in_a_certificate_that_is_no_seal() -> Specimen:
    """An employee's certificate names the employer by number, and says that it is for a person's signature."""
    attributes = [
        (NameOID.COUNTRY_NAME, "NO"),
        (NameOID.ORGANIZATION_NAME, FIRM_NAME),
        (NameOID.ORGANIZATION_IDENTIFIER, f"NTRNO-{FIRM.digits}"),
        (NameOID.COMMON_NAME, FIRM_NAME),
    ]
    return _by(pki()._leaf(attributes, [throwaway._qc_statements(QC_TYPE_ESIGN)]))


@forged
def one_of_two_who_must_sign_jointly() -> Specimen:
    return jointly(sign(issued(KARI, OLA), kari(), field="Signatur1", level="B-LTA", now=NOW))


@forged
def one_person_in_both_fields() -> Specimen:
    once = sign(issued(KARI, OLA), kari(), field="Signatur1", level="B-LT", now=NOW)
    return jointly(sign(once, kari(), field="Signatur2", level="B-LT", now=NOW))


@forged
def two_of_one_name_by_one_certificate() -> Specimen:
    """Father and son have the same name and must both sign; one signed twice."""
    once = sign(issued(KARI, OLA), ola(), field="Signatur1", level="B-LT", now=NOW)
    twice = sign(once, ola(), field="Signatur2", level="B-LT", now=NOW)
    return jointly(twice, signers=(OLA, replace(OLA, basis=SigningBasis.PROKURA)))


@forged
def the_right_to_sign_confirmed_by_nobody() -> Specimen:
    return _by(kari(), confirmed=False)


@forged
def by_a_power_of_attorney_that_nobody_has_seen() -> Specimen:
    attorney = Signer(name=KARI.name, basis=SigningBasis.POWER_OF_ATTORNEY)
    return _by(kari(), signers=(attorney,), confirmed=False)


@forged
def a_case_that_names_no_signer() -> Specimen:
    return _by(kari(), signers=())


# --- authorities nobody trusts ----------------------------------------------------------------------------------------


@cache
def _self_made() -> ThrowawayPki:
    """Authorities of the very names of the trusted ones, with keys of the attacker's own."""
    return ThrowawayPki.create(NOW, demo=False, label=pki().label)


@forged
def an_authority_of_the_attackers_own() -> Specimen:
    return _by(ThrowawayPki.create(NOW, demo=False).person(KARI.name))


@forged
def a_self_made_authority_of_the_same_name() -> Specimen:
    return _by(_self_made().person(KARI.name))


@forged
def a_self_made_authority_that_sends_the_real_certificates_along() -> Specimen:
    pen = Pen(chain=(_self_made().intermediate, pki().intermediate, pki().root), embeds=False)
    return by_kari(pens.write(issued(), _self_made().person(KARI.name), pen), trust=kept())


@forged
def a_seal_of_the_firm_by_a_self_made_authority() -> Specimen:
    return _by(_self_made().seal(FIRM_NAME, FIRM.digits))


@forged
def a_certificate_issued_by_a_person_who_is_no_authority() -> Specimen:
    made = pens.issued_by(stranger(), KARI.name)
    chain = (stranger(), pki().intermediate)
    return by_kari(pens.write(issued(), made, Pen(chain=chain, embeds=False)), trust=kept())


@forged
def a_demonstration_certificate() -> Specimen:
    demo = ThrowawayPki.create(NOW, demo=True)
    return _by(demo.person(KARI.name), trust=keeper.trust(demo))


@forged
def the_time_stamp_authority_as_signer() -> Specimen:
    pen = Pen(embeds=False)
    return by_kari(
        pens.write(issued(), pki().timestamper, pen), trust=kept(), signers=(_named("Kastbart tidsstempel"),)
    )


@forged
def the_issuer_itself_as_signer() -> Specimen:
    name = f"Kastbar utsteder {pki().label}"
    pen = Pen(embeds=False, chain=(pki().root,))
    return by_kari(pens.write(issued(), pki().intermediate, pen), trust=kept(), signers=(_named(name),))


def _named(name: str) -> Signer:
    return Signer(name=name, basis=SigningBasis.SIGNATURE_RIGHT)


@forged
def nobody_is_trusted() -> Specimen:
    from agreements.signature_report import RevocationPolicy
    from signatures.trust import Trust

    return _by(kari(), trust=Trust.from_der([], revocation=RevocationPolicy.REQUIRE, accept_demo=False))


# --- certificates that do not hold ------------------------------------------------------------------------------------


def _with(options: LeafOptions, signing: SigningOptions = BARE, **changes: object) -> Specimen:
    person = pki().person(KARI.name, KARI.birth_date, options=options)
    pdf = sign(issued(), person, field="Signatur1", level="B-B", now=NOW, options=signing)
    return replace(by_kari(pdf, trust=kept()), **changes)  # type: ignore[arg-type]


@forged
def an_expired_certificate() -> Specimen:
    return _with(LeafOptions(not_after=NOW - timedelta(minutes=1)))


@forged
def an_expired_certificate_with_a_claimed_time_before_that() -> Specimen:
    """The claimed time never counts: only receipt does where nothing is stamped."""
    person = pki().person(KARI.name, options=LeafOptions(not_after=NOW - timedelta(minutes=1)))
    early = NOW - timedelta(minutes=30)
    return by_kari(sign(issued(), person, field="Signatur1", level="B-B", now=early, options=BARE), trust=kept())


@forged
def a_certificate_that_is_not_valid_yet() -> Specimen:
    return _with(LeafOptions(not_before=NOW + timedelta(minutes=30)))


@forged
def stamped_only_after_the_certificate_expired() -> Specimen:
    person = pki().person(KARI.name, options=LeafOptions(not_after=NOW - timedelta(minutes=1)))
    late = SigningOptions(embed_revocation=False, timestamp=NOW)
    early = NOW - timedelta(minutes=2)
    return by_kari(sign(issued(), person, field="Signatur1", level="B-T", now=early, options=late), trust=kept())


@forged
def a_certificate_for_logging_in() -> Specimen:
    return _with(LeafOptions(non_repudiation=False))


def _rsa(bits: int) -> LeafOptions:
    return LeafOptions(key=rsa.generate_private_key(public_exponent=65537, key_size=bits))


@forged
def a_key_of_1024_bits() -> Specimen:
    return _with(_rsa(1024))


@forged
def a_digest_that_collides() -> Specimen:
    return _with(LeafOptions(), SigningOptions(embed_revocation=False, digest="sha1"))


@forged
def a_curve_past_its_date() -> Specimen:
    return _with(LeafOptions(key=ec.generate_private_key(ec.SECP224R1())))


# --- revoked ----------------------------------------------------------------------------------------------------------


def _revoked(
    who: Callable[[ThrowawayPki, Credential], Credential], *, embedded: bool = False, minutes: int = -30
) -> Specimen:
    authority = ThrowawayPki.create(NOW, demo=False)
    person = authority.person(KARI.name)
    pdf = sign(issued(), person, field="Signatur1", level="B-T", now=NOW, options=None if embedded else BARE)
    authority.revoke(who(authority, person), NOW + timedelta(minutes=minutes))
    lists = Revocations(crls=authority.crls(NOW))
    return by_kari(pdf, trust=keeper.trust(authority, revocations=lists))


@forged
def revoked_before_signing() -> Specimen:
    return _revoked(lambda _, person: person)


@forged
def revoked_before_signing_though_the_document_brings_older_lists() -> Specimen:
    return _revoked(lambda _, person: person, embedded=True)


@forged
def the_issuer_revoked() -> Specimen:
    return _revoked(lambda authority, _: authority.intermediate)


@forged
def the_time_stamp_authority_revoked() -> Specimen:
    return _revoked(lambda authority, _: authority.timestamper)


@forged
def revoked_between_signing_and_receipt_without_a_time_stamp() -> Specimen:
    authority = ThrowawayPki.create(NOW, demo=False)
    person = authority.person(KARI.name)
    pdf = sign(issued(), person, field="Signatur1", level="B-B", now=NOW, options=BARE)
    authority.revoke(person, NOW + timedelta(minutes=2))
    lists = Revocations(crls=authority.crls(RECEIVED))
    return by_kari(pdf, trust=keeper.trust(authority, revocations=lists))


@forged
def nothing_known_of_revocation() -> Specimen:
    return by_kari(sign(issued(), kari(), field="Signatur1", level="B-B", now=NOW, options=BARE))


@forged
def revocation_lists_by_a_self_made_authority() -> Specimen:
    lists = Revocations(crls=_self_made().crls(NOW))
    pdf = sign(issued(), kari(), field="Signatur1", level="B-B", now=NOW, options=BARE)
    return by_kari(pdf, trust=keeper.trust(revocations=lists))


@forged
def revocation_lists_of_last_month() -> Specimen:
    authority = ThrowawayPki.create(NOW, demo=False, list_validity=timedelta(minutes=1))
    pdf = sign(issued(), authority.person(KARI.name), field="Signatur1", level="B-B", now=NOW, options=BARE)
    lists = Revocations(crls=authority.crls(NOW - timedelta(hours=1)))
    return by_kari(pdf, trust=keeper.trust(authority, revocations=lists))


# --- time-stamps ------------------------------------------------------------------------------------------------------


@forged
def a_time_stamp_by_a_stranger() -> Specimen:
    other = ThrowawayPki.create(NOW, demo=False)
    return by_kari(pens.write(issued(), kari(), Pen(timestamper=other, embeds=False)), trust=kept())


@forged
def a_time_stamp_by_a_self_made_authority_of_the_same_name() -> Specimen:
    return by_kari(pens.write(issued(), kari(), Pen(timestamper=_self_made(), embeds=False)), trust=kept())


@forged
def an_archive_time_stamp_by_a_stranger() -> Specimen:
    return by_kari(pens.stamp_document(signed(), ThrowawayPki.create(NOW, demo=False), NOW))


@forged
def only_a_time_stamp_and_no_signature() -> Specimen:
    return by_kari(pens.stamp_document(issued(), pki(), NOW))


# --- the case ---------------------------------------------------------------------------------------------------------


@forged
def a_version_that_was_voided() -> Specimen:
    return _by(kari(), agreement={"state": IssuedState.VOID})


@forged
def a_version_that_a_later_one_replaced() -> Specimen:
    return _by(kari(), case={"agreement_version": 2})


@forged
def a_version_that_digipost_sent_back() -> Specimen:
    return _by(kari(), case={"agreement_state": AgreementState.RETURNED_BY_DIGIPOST})


@forged
def the_signed_file_of_another_case() -> Specimen:
    """Replay: another customer's return, sent in as this one's."""
    other = issued(KARI, number=str(AgreementNumber(CaseNumber(2026, 43), 1)))
    return by_kari(sign(other, kari(), field="Signatur1", level="B-LT", now=NOW))


@forged
def a_case_on_hold() -> Specimen:
    return _by(kari(), case={"held": True})


@forged
def through_another_vendors_folder() -> Specimen:
    return _by(kari(), delivered_by="annen")


@forged
def the_seal_of_the_firm_that_the_case_was_taken_over_from() -> Specimen:
    return by_kari(
        sign(issued(), seal(), field="Signatur1", level="B-LT", now=NOW),
        case={"org_number": OrgNumber(synthetic("31000003"))},
    )
