"""Honest returns of shape A. Each builder is named after what is special about it."""

import io
from dataclasses import replace
from datetime import timedelta
from functools import cache

import pikepdf
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from agreements.case import AgreementState
from agreements.language import Language
from agreements.parties import Signer, SigningBasis
from signatures.revocations import Revocations
from signatures.throwaway import Credential, Key, LeafOptions, Level, SigningOptions, ThrowawayPki, sign
from tests.signatures.papers import append, fill, make_agreement, update_root
from tests.zoo import keeper, pens
from tests.zoo.keeper import KARI, NOW, OLA, Builder, Specimen, by_kari, issued, jointly, kari, kept, ola, pki, seal
from tests.zoo.pens import Pen

BARE = SigningOptions(embed_revocation=False)
HONEST: dict[str, Builder] = {}


def honest(builder: Builder) -> Builder:
    """Into the cage, under its name."""
    HONEST[builder.__name__] = builder
    return builder


# --- levels -----------------------------------------------------------------------------------------------------------


@honest
def basic_with_revocation_lists_embedded() -> Specimen:
    return by_kari(sign(issued(), kari(), field="Signatur1", level="B-B", now=NOW))


@honest
def basic_with_lists_kept_by_the_operator() -> Specimen:
    return by_kari(sign(issued(), kari(), field="Signatur1", level="B-B", now=NOW, options=BARE), trust=kept())


@honest
def older_cms_with_lists_kept_by_the_operator() -> Specimen:
    return by_kari(sign(issued(), kari(), field="Signatur1", level="CMS", now=NOW), trust=kept())


@honest
def time_stamped() -> Specimen:
    return by_kari(sign(issued(), kari(), field="Signatur1", level="B-T", now=NOW, options=BARE), trust=kept())


@honest
def long_term() -> Specimen:
    return by_kari(sign(issued(), kari(), field="Signatur1", level="B-LT", now=NOW))


@cache
def archived() -> bytes:
    return sign(issued(), kari(), field="Signatur1", level="B-LTA", now=NOW)


@honest
def long_term_with_archive_time_stamp() -> Specimen:
    return by_kari(archived())


@honest
def archive_time_stamp_renewed_a_day_later() -> Specimen:
    later = NOW + timedelta(days=1)
    return by_kari(pens.stamp_document(archived(), pki(), later), at=later + timedelta(minutes=1))


@honest
def archive_time_stamp_renewed_twice() -> Specimen:
    first, second = NOW + timedelta(days=1), NOW + timedelta(days=2)
    renewed = pens.stamp_document(pens.stamp_document(archived(), pki(), first), pki(), second)
    return by_kari(renewed, at=second + timedelta(minutes=1))


# --- algorithms -------------------------------------------------------------------------------------------------------


def _with_key(key: Key, digest: str = "sha256", pen: Pen | None = None) -> Specimen:
    signer = pki().person(KARI.name, KARI.birth_date, options=LeafOptions(key=key))
    if pen is not None:
        return by_kari(pens.write(issued(), signer, pen))
    options = SigningOptions(digest=digest)
    return by_kari(sign(issued(), signer, field="Signatur1", level="B-LT", now=NOW, options=options))


@cache
def _rsa(bits: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


@honest
def rsa_2048() -> Specimen:
    return _with_key(_rsa(2048))


@honest
def rsa_3072_with_sha512() -> Specimen:
    return _with_key(_rsa(3072), "sha512")


@honest
def rsa_pss() -> Specimen:
    return _with_key(_rsa(2048), pen=Pen(pss=True))


@honest
def elliptic_curve_of_384_bits() -> Specimen:
    return _with_key(ec.generate_private_key(ec.SECP384R1()), "sha384")


@honest
def elliptic_curve_of_521_bits() -> Specimen:
    return _with_key(ec.generate_private_key(ec.SECP521R1()), "sha512")


# --- who --------------------------------------------------------------------------------------------------------------


@cache
def both(level: Level = "B-LT") -> bytes:
    once = sign(issued(KARI, OLA), kari(), field="Signatur1", level=level, now=NOW)
    return sign(once, ola(), field="Signatur2", level=level, now=NOW)


@honest
def two_jointly() -> Specimen:
    return jointly(both())


@honest
def two_jointly_both_archived() -> Specimen:
    return jointly(both("B-LTA"))


@honest
def two_jointly_basic() -> Specimen:
    return jointly(both("B-B"))


@honest
def two_jointly_the_second_field_first() -> Specimen:
    once = sign(issued(KARI, OLA), ola(), field="Signatur2", level="B-LT", now=NOW)
    return jointly(sign(once, kari(), field="Signatur1", level="B-LTA", now=NOW))


@honest
def two_jointly_each_in_the_others_field() -> Specimen:
    once = sign(issued(KARI, OLA), ola(), field="Signatur1", level="B-LT", now=NOW)
    return jointly(sign(once, kari(), field="Signatur2", level="B-LT", now=NOW))


@honest
def three_on_the_operators_own_form() -> Specimen:
    nils = Signer(name="Nils Myklebust", basis=SigningBasis.PROKURA)
    form = _form(("Signatur1", "Signatur2", "Signatur3"))
    signed = form
    people: list[tuple[str, Credential]] = [
        ("Signatur1", kari()), ("Signatur2", ola()), ("Signatur3", pki().person(nils.name)),
    ]  # fmt: skip
    for field, person in people:
        signed = sign(signed, person, field=field, level="B-LTA", now=NOW)
    return replace(jointly(signed), issued=form, signers=(KARI, OLA, nils))


@honest
def the_firms_own_seal() -> Specimen:
    return by_kari(sign(issued(), seal(), field="Signatur1", level="B-LT", now=NOW))


@honest
def the_firms_own_seal_archived_on_a_joint_agreement() -> Specimen:
    return jointly(sign(issued(KARI, OLA), seal(), field="Signatur1", level="B-LTA", now=NOW))


@honest
def a_person_and_the_firms_seal() -> Specimen:
    once = sign(issued(KARI, OLA), kari(), field="Signatur1", level="B-LT", now=NOW)
    return jointly(sign(once, seal(), field="Signatur2", level="B-LT", now=NOW))


@honest
def a_certificate_with_the_surname_first_in_capitals() -> Specimen:
    person = pki().person("NORDMANN Kari", KARI.birth_date)
    return by_kari(sign(issued(), person, field="Signatur1", level="B-LT", now=NOW))


@honest
def a_certificate_without_birth_date() -> Specimen:
    return by_kari(sign(issued(), pki().person(KARI.name), field="Signatur1", level="B-LT", now=NOW))


# --- how other programs sign ------------------------------------------------------------------------------------------


@honest
def certified_so_that_only_filling_is_allowed() -> Specimen:
    return by_kari(pens.write(issued(), kari(), Pen(certify=True)))


@honest
def with_a_visible_stamp_in_its_own_field() -> Specimen:
    return by_kari(pens.write(issued(), kari(), Pen(stamp="Signert av Kari Nordmann")))


@honest
def both_with_visible_stamps() -> Specimen:
    once = pens.write(issued(KARI, OLA), kari(), Pen(stamp="Signert av Kari"))
    return jointly(pens.write(once, ola(), Pen(stamp="Signert av Ola"), field="Signatur2"))


@honest
def with_a_line_end_that_the_mail_program_added() -> Specimen:
    return by_kari(sign(issued(), kari(), field="Signatur1", level="B-LT", now=NOW).rstrip(b"\n") + b"\r\n")


@honest
def an_empty_revision_before_signing() -> Specimen:
    saved = append(issued(), update_root)
    return by_kari(sign(saved, kari(), field="Signatur1", level="B-LT", now=NOW))


@honest
def filled_on_the_operators_own_form_before_signing() -> Specimen:
    form = make_agreement(value_field=True)
    signed = sign(fill(form, "Per Hansen"), kari(), field="Signatur1", level="B-LT", now=NOW)
    return by_kari(signed, issued=form)


@honest
def in_nynorsk() -> Specimen:
    paper = issued(KARI, language=Language.NN)
    return by_kari(sign(paper, kari(), field="Signatur1", level="B-LT", now=NOW), issued=paper)


@honest
def in_english() -> Specimen:
    paper = issued(KARI, language=Language.EN)
    return by_kari(sign(paper, kari(), field="Signatur1", level="B-LT", now=NOW), issued=paper)


@honest
def a_second_try_after_the_first_was_turned_down() -> Specimen:
    return replace(long_term(), case={"agreement_state": AgreementState.RETURNED})


# --- when -------------------------------------------------------------------------------------------------------------


@honest
def archived_before_the_certificate_expired() -> Specimen:
    authority = ThrowawayPki.create(NOW, demo=False)
    short = authority.person(KARI.name, options=LeafOptions(not_after=NOW + timedelta(minutes=2)))
    signed = sign(issued(), short, field="Signatur1", level="B-LTA", now=NOW)
    return by_kari(signed, trust=keeper.trust(authority))


@honest
def archived_before_the_lists_and_the_certificate_ran_out() -> Specimen:
    authority = ThrowawayPki.create(NOW, demo=False, list_validity=timedelta(minutes=1))
    short = authority.person(KARI.name, options=LeafOptions(not_after=NOW + timedelta(minutes=2)))
    signed = sign(issued(), short, field="Signatur1", level="B-LTA", now=NOW)
    return by_kari(signed, trust=keeper.trust(authority))


@honest
def time_stamped_before_the_certificate_was_revoked() -> Specimen:
    authority = ThrowawayPki.create(NOW, demo=False)
    person = authority.person(KARI.name)
    authority.revoke(person, NOW + timedelta(minutes=3))
    return by_kari(sign(issued(), person, field="Signatur1", level="B-LT", now=NOW), trust=keeper.trust(authority))


@honest
def revoked_after_the_time_stamp_by_lists_the_operator_keeps() -> Specimen:
    authority = ThrowawayPki.create(NOW, demo=False)
    person = authority.person(KARI.name)
    signed = sign(issued(), person, field="Signatur1", level="B-LT", now=NOW)
    authority.revoke(person, NOW + timedelta(minutes=3))
    later = Revocations(crls=authority.crls(RECEIVED_LATER - timedelta(minutes=1)))
    return by_kari(signed, trust=keeper.trust(authority, revocations=later), at=RECEIVED_LATER)


RECEIVED_LATER = NOW + timedelta(hours=3)


# --- forms of the operator's own --------------------------------------------------------------------------------------


def _form(fields: tuple[str, ...]) -> bytes:
    """The small paper with as many signature fields as it takes."""
    output = io.BytesIO()
    with pikepdf.open(io.BytesIO(make_agreement())) as pdf:
        page = pdf.pages[-1].obj
        for index, name in enumerate(fields[2:]):
            widget = pdf.make_indirect(
                pikepdf.Dictionary(
                    Type=pikepdf.Name.Annot,
                    Subtype=pikepdf.Name.Widget,
                    FT=pikepdf.Name.Sig,
                    T=pikepdf.String(name),
                    F=4,
                    P=page,
                    Rect=pikepdf.Array([72 + 240 * index, 160, 272 + 240 * index, 220]),
                )
            )
            page.Annots.append(widget)
            pdf.Root.AcroForm.Fields.append(widget)
        pdf.save(output, static_id=True)
    return output.getvalue()
