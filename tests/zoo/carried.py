"""What signing services send back: honest returns of several kinds, those that a person must see, and forged ones."""

import hashlib
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cache
from typing import Any, Final

import pikepdf
from cryptography.hazmat.primitives.asymmetric import rsa

from agreements.language import Language
from agreements.parties import Signer
from renderers.imitation import imitate_service
from signatures.profiles import SealProfile
from signatures.throwaway import Credential, LeafOptions, Level, ThrowawayPki, sign
from signatures.trust import Trust
from tests.zoo.carriers import ghostscript
from tests.zoo.evidence import beside, by_element, by_reference, by_service, by_text, sdo
from tests.zoo.keeper import (
    FIRM,
    FIRM_NAME,
    KARI,
    NOW,
    OLA,
    Builder,
    Specimen,
    by_kari,
    issued,
    jointly,
    kari,
    ola,
    pki,
    seal,
    trust,
)

NAME, NUMBER = "Kastbar signering AS", "319999990"
FRONT, FOOTER = "Dette dokumentet er signert digitalt av:", "Dokumentet er signert digitalt av:"
Pages = Callable[[bytes], bytes]
MONTH: Final = timedelta(days=5)
"""As long as the throwaway authority lives; ten-minute certificates have long been over."""

HONEST_CARRIED: dict[str, Builder] = {}
WAITING_CARRIED: dict[str, tuple[str, Builder]] = {}
FORGED_CARRIED: dict[str, tuple[str, Builder]] = {}


def honest(builder: Builder) -> Builder:
    HONEST_CARRIED[builder.__name__] = builder
    return builder


def waiting(code: str) -> Callable[[Builder], Builder]:
    """Nothing is wrong with it, and a person must see it all the same: for this finding."""

    def keep(builder: Builder) -> Builder:
        WAITING_CARRIED[builder.__name__] = (code, builder)
        return builder

    return keep


def forged(code: str) -> Callable[[Builder], Builder]:
    """Not to be approved by anybody's doing: this finding says why."""

    def keep(builder: Builder) -> Builder:
        FORGED_CARRIED[builder.__name__] = (code, builder)
        return builder

    return keep


# --- the service ------------------------------------------------------------------------------------------------------


def fingerprint(credential: Credential) -> str:
    return hashlib.sha256(credential.der).hexdigest()


def profile(**changes: Any) -> SealProfile:
    """The service's, confirmed."""
    authority = fingerprint(pki().intermediate)
    evidence = {
        "files": ["*.xml"],
        "format": "xades",
        "issuers": [authority],
        "digest": {"place": "element", "element": "DocumentDigest"},
        "identification": "bankid",
    }
    whole = {
        "name": "kastbar",
        "title": NAME,
        "confirmed": {"by": "kari", "date": date(2026, 1, 2), "sample": "0" * 64},
        "seal": {"issuers": [authority], "organisation": NAME, "org_number": None},
        "evidence": evidence | changes.pop("evidence", {}),
        "pages": {"front": 1, "words": FRONT},
        "areas": [{"edge": "bottom", "depth": 42, "text": [f"{FOOTER} {{names}}"]}],
    }
    return SealProfile.model_validate(whole | changes)


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """One return, and what departs from the usual."""

    files: Mapping[str, bytes]
    document: bytes = field(default_factory=issued)
    names: Sequence[str] = (KARI.name,)
    front: Sequence[str] = (FRONT, KARI.name)
    footer: str | None = None
    before: Pages = bytes
    """What is done to the document before the service wraps it."""
    after: Pages = bytes
    """What is done to the wrapped one before it is sealed."""
    seal: Credential | None = None
    level: Level = "B-LT"

    def sealed(self) -> bytes:
        footer = f"{FOOTER} {', '.join(self.names)}" if self.footer is None else self.footer
        wrapped = imitate_service(self.before(self.document), front=self.front, footer=footer, files=self.files)
        credential = self.seal or pki().seal(NAME, NUMBER)
        return sign(self.after(wrapped), credential, field="Forsegling", level=self.level, now=NOW)


def known(profiles: SealProfile | None = None, base: Trust | None = None) -> Trust:
    return replace(base or trust(), profiles=(profiles or profile(),))


def alone(delivery: Delivery, profiles: SealProfile | None = None, **changes: Any) -> Specimen:
    """A return of the agreement that Kari alone must sign."""
    return by_kari(delivery.sealed(), **{"trust": known(profiles), **changes})


@cache
def karis() -> bytes:
    return by_element(issued(), kari(), now=NOW)


@cache
def with_rsa(signer: Signer) -> Credential:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return pki().person(signer.name, signer.birth_date, options=LeafOptions(key=key))


@cache
def for_ten_minutes() -> Credential:
    span = LeafOptions(not_before=NOW - timedelta(minutes=5), not_after=NOW + timedelta(minutes=5))
    return pki().person(KARI.name, KARI.birth_date, options=span)


SDO: Final = {"evidence": {"format": "seid-sdo", "digest": {"place": "original"}}}
BY_SERVICE: Final = {
    "evidence": {
        "digest": {"place": "element", "element": "Hash"},
        "signer": {"name": "Name", "birth_date": "Born", "method": "Method"},
        "identification": {"NBID": "bankid", "SMS": "sms", "NAME": "typed_name", "MAIL": "email"},
    }
}


def receipt(document: bytes, name: str = KARI.name, born: str = "1980-05-17", method: str = "NBID") -> bytes:
    service = pki().seal(NAME, NUMBER)
    return by_service(document, service, {"Name": name, "Born": born, "Method": method})


# --- honest -----------------------------------------------------------------------------------------------------------


@honest
def signed_by_one() -> Specimen:
    return alone(Delivery(files={"signatur-1.xml": karis()}))


@honest
def signed_by_two() -> Specimen:
    document = issued(KARI, OLA)
    files = {f"{index}.xml": by_element(document, one, now=NOW) for index, one in enumerate((kari(), ola()))}
    names = (KARI.name, OLA.name)
    return jointly(Delivery(files=files, document=document, names=names, front=(FRONT, *names)).sealed(), trust=known())


@honest
def without_the_page_of_the_services_own() -> Specimen:
    return alone(Delivery(files={"signatur-1.xml": karis()}, front=()))


@honest
def in_nynorsk() -> Specimen:
    document = issued(language=Language.NN)
    evidence = by_element(document, kari(), now=NOW)
    return alone(Delivery(files={"a.xml": evidence}, document=document), issued=document)


@honest
def the_signature_refers_to_the_document() -> Specimen:
    rule = profile(evidence={"digest": {"place": "reference"}})
    return alone(Delivery(files={"a.xml": by_reference(issued(), kari())}), rule)


@honest
def seid_sdo() -> Specimen:
    return alone(Delivery(files={"a.xml": sdo(issued(), kari(), now=NOW)}), profile(**SDO))


@honest
def seid_sdo_whose_digest_has_no_parameters() -> Specimen:
    return alone(Delivery(files={"a.xml": sdo(issued(), with_rsa(KARI), now=NOW, null=False)}), profile(**SDO))


@honest
def seid_sdo_of_two() -> Specimen:
    document = issued(KARI, OLA)
    names = (KARI.name, OLA.name)
    files = {"a.xml": sdo(document, kari(), ola(), now=NOW)}
    delivery = Delivery(files=files, document=document, names=names, front=(FRONT, *names))
    return jointly(delivery.sealed(), trust=known(profile(**SDO)))


@honest
def the_service_says_who() -> Specimen:
    return alone(Delivery(files={"a.xml": receipt(issued())}), profile(**BY_SERVICE))


@honest
def a_text_was_signed_by_a_certificate_of_ten_minutes_that_is_over() -> Specimen:
    pattern = "SHA-256 hash value of the document: ([0-9a-f]{64})"
    digest = {"place": "element", "element": "signtext", "encoding": "hex", "pattern": pattern}
    rule = profile(evidence={"digest": digest, "identification": "national_eid"}, timestamp="required")
    return alone(Delivery(files={"a.xml": by_text(issued(), for_ten_minutes())}), rule, at=NOW + MONTH)


@honest
def written_by_another_program_first() -> Specimen:
    return alone(Delivery(files={"a.xml": karis()}, before=ghostscript))


@honest
def sealed_for_the_archive() -> Specimen:
    return alone(Delivery(files={"a.xml": karis()}, level="B-LTA"), at=NOW + MONTH)


@honest
def with_another_file_that_the_profile_names() -> Specimen:
    rule = profile(evidence={"others": ["audit.txt"]})
    return alone(Delivery(files={"a.xml": karis(), "audit.txt": b"10:00 signed"}), rule)


@honest
def the_customers_own_tool_writes_anew_and_may() -> Specimen:
    rule = profile(
        seal={"issuers": [fingerprint(pki().intermediate)], "organisation": FIRM_NAME, "org_number": FIRM.digits},
        rewritten="approve",
    ).model_copy(update={"evidence": None})
    return alone(Delivery(files={}, names=(), footer="", seal=seal()), rule)


# --- a person must see them -------------------------------------------------------------------------------------------


@waiting("EVD-008")
def known_by_a_code_on_the_telephone() -> Specimen:
    return alone(Delivery(files={"a.xml": receipt(issued(), method="SMS")}), profile(**BY_SERVICE))


@waiting("EVD-008")
def known_by_a_name_that_was_typed() -> Specimen:
    return alone(Delivery(files={"a.xml": receipt(issued(), method="NAME")}), profile(**BY_SERVICE))


@waiting("EVD-008")
def known_in_a_way_that_the_profile_does_not_name() -> Specimen:
    return alone(Delivery(files={"a.xml": receipt(issued(), method="???")}), profile(**BY_SERVICE))


@waiting("WHO-009")
def the_service_does_not_say_the_birth_date() -> Specimen:
    return alone(Delivery(files={"a.xml": receipt(issued(), born="")}), profile(**BY_SERVICE))


@waiting("EVD-001")
def a_service_that_no_profile_knows() -> Specimen:
    return alone(Delivery(files={"a.xml": karis()}), trust=trust())


@waiting("EVD-010")
def a_profile_that_nobody_has_confirmed() -> Specimen:
    return alone(Delivery(files={"a.xml": karis()}), profile(confirmed=None))


@waiting("EVD-011")
def a_profile_that_wants_a_person() -> Specimen:
    return alone(Delivery(files={"a.xml": karis()}), profile(carrier="review"))


@waiting("EVD-009")
def a_seal_without_the_time_stamp_it_must_have() -> Specimen:
    return alone(Delivery(files={"a.xml": karis()}, level="B-B"), profile(timestamp="required"))


@waiting("EVD-006")
def evidence_that_names_no_document() -> Specimen:
    return alone(Delivery(files={"a.xml": receipt(issued())}))


@waiting("EVD-002")
def written_anew_without_evidence() -> Specimen:
    return alone(Delivery(files={}))


@waiting("PRV-008")
def with_a_file_that_the_profile_does_not_name() -> Specimen:
    return alone(Delivery(files={"a.xml": karis(), "audit.txt": b"10:00 signed"}))


# --- forged: the evidence ---------------------------------------------------------------------------------------------


def _other() -> bytes:
    return issued(number="DA-2026-000043-H.1")


@forged("EVD-005")
def evidence_of_another_case() -> Specimen:
    return alone(Delivery(files={"a.xml": by_element(_other(), kari(), now=NOW)}))


@forged("EVD-007")
def evidence_made_at_home() -> Specimen:
    home = ThrowawayPki.create(NOW, demo=False, label="dyrehagen")  # authorities of the same names
    own = home.person(KARI.name, KARI.birth_date)
    return alone(Delivery(files={"a.xml": by_element(issued(), own, now=NOW)}))


@forged("EVD-005")
def the_digest_beside_what_is_signed() -> Specimen:
    return alone(Delivery(files={"a.xml": beside(issued(), b"another document", kari())}))


@forged("EVD-004")
def the_signed_part_put_aside_and_another_in_its_place() -> Specimen:
    """Signature wrapping: what was signed is moved out of sight, its Id kept by both."""
    honest_one = by_element(_other(), kari(), now=NOW).split(b"?>", 1)[1].strip()
    wrapped = b"<SignedDocument>" + karis().split(b"?>", 1)[1] + honest_one + b"</SignedDocument>"
    return alone(Delivery(files={"a.xml": wrapped}))


@forged("EVD-003")
def two_elements_of_one_id() -> Specimen:
    signed = beside(_other(), issued(), kari()).replace(b"<DocumentDigest>", b'<DocumentDigest Id="signed">', 1)
    return alone(Delivery(files={"a.xml": signed}))


@forged("EVD-003")
def evidence_with_the_digest_exchanged() -> Specimen:
    other = by_element(_other(), kari(), now=NOW)
    parts = [one.split(b"<DocumentDigest>")[1].split(b"</DocumentDigest>")[0] for one in (other, karis())]
    return alone(Delivery(files={"a.xml": other.replace(parts[0], parts[1])}))


@forged("EVD-003")
def seid_sdo_with_the_original_exchanged() -> Specimen:
    honest_one, ours = sdo(_other(), kari(), now=NOW), sdo(issued(), kari(), now=NOW)
    parts = [one.split(b"<SignersDocument>")[1].split(b"</SignersDocument>")[0] for one in (honest_one, ours)]
    return alone(Delivery(files={"a.xml": honest_one.replace(parts[0], parts[1])}), profile(**SDO))


@forged("EVD-004")
def seid_sdo_that_nobody_signed() -> Specimen:
    return alone(Delivery(files={"a.xml": sdo(issued(), now=NOW)}), profile(**SDO))


@forged("EVD-003")
def seid_sdo_with_the_value_of_another_key() -> Specimen:
    signed = sdo(issued(), with_rsa(KARI), now=NOW, null=False)
    other = sdo(_other(), with_rsa(KARI), now=NOW, null=False)
    return alone(Delivery(files={"a.xml": _with_value_of(signed, other)}), profile(**SDO))


def _with_value_of(signed: bytes, other: bytes) -> bytes:
    """The signature value of the other's message put into this one's, where it has the same length."""
    import base64

    from asn1crypto import cms as asn1_cms  # type: ignore[import-untyped]

    texts = [one.split(b"<CMSSignature>")[1].split(b"</CMSSignature>")[0] for one in (signed, other)]
    mine, theirs = (asn1_cms.ContentInfo.load(base64.b64decode(text)) for text in texts)
    value = theirs["content"]["signer_infos"][0]["signature"].native
    mine["content"]["signer_infos"][0]["signature"] = value
    return signed.replace(texts[0], base64.b64encode(mine.dump(force=True)))


@forged("EVD-004")
def evidence_that_nobody_signed() -> Specimen:
    text = karis().split(b"<ds:Signature")[0] + b"</SignedDocument>"
    return alone(Delivery(files={"a.xml": text}))


@forged("EVD-007")
def a_certificate_of_ten_minutes_that_no_time_stamp_proves() -> Specimen:
    evidence = by_element(issued(), for_ten_minutes(), now=NOW)
    return alone(Delivery(files={"a.xml": evidence}, level="B-B"), at=NOW + timedelta(hours=1))


@forged("SIG-009")
def the_signers_certificate_was_revoked_before() -> Specimen:
    authority = ThrowawayPki.create(NOW, demo=False, label="egen")
    own = authority.person(KARI.name, KARI.birth_date)
    authority.revoke(own, NOW - timedelta(minutes=30))
    issuers = [fingerprint(authority.intermediate)]
    rule = profile(seal={"issuers": issuers, "organisation": NAME, "org_number": None}, evidence={"issuers": issuers})
    delivery = Delivery(files={"a.xml": by_element(issued(), own, now=NOW)}, seal=authority.seal(NAME, NUMBER))
    return alone(delivery, rule, trust=known(rule, trust(authority)))


# --- forged: who ------------------------------------------------------------------------------------------------------


@forged("WHO-006")
def a_namesake_of_another_birth_date() -> Specimen:
    namesake = pki().person(KARI.name, date(1990, 1, 2))
    return alone(Delivery(files={"a.xml": by_element(issued(), namesake, now=NOW)}))


@forged("WHO-002")
def signed_by_somebody_else() -> Specimen:
    stranger = pki().person("Nils Fremmed")
    delivery = Delivery(files={"a.xml": by_element(issued(), stranger, now=NOW)}, names=("Nils Fremmed",))
    return alone(delivery)


@forged("WHO-003")
def one_of_two_has_signed() -> Specimen:
    document = issued(KARI, OLA)
    evidence = by_element(document, kari(), now=NOW)
    return jointly(Delivery(files={"a.xml": evidence}, document=document).sealed(), trust=known())


@forged("WHO-003")
def one_persons_evidence_twice_for_two_of_the_same_name() -> Specimen:
    document = issued(KARI, KARI)
    evidence = by_element(document, kari(), now=NOW)
    delivery = Delivery(files={"a.xml": evidence, "b.xml": evidence}, document=document)
    return alone(delivery, issued=document, signers=(KARI, KARI))


@forged("EVD-001")
def the_right_seal_name_by_another_authority() -> Specimen:
    other = ThrowawayPki.create(NOW, demo=False, label="en annen")
    both = replace(known(), anchors=tuple(sorted((pki().root.der, other.root.der))))
    return alone(Delivery(files={"a.xml": karis()}, seal=other.seal(NAME, NUMBER)), trust=both)


@forged("SIG-010")
def the_right_seal_name_by_an_authority_nobody_trusts() -> Specimen:
    other = ThrowawayPki.create(NOW, demo=False, label="en annen")
    return alone(Delivery(files={"a.xml": karis()}, seal=other.seal(NAME, NUMBER)))


# --- forged: the pages ------------------------------------------------------------------------------------------------


def drawn(content: bytes, page: int = 2) -> Pages:
    """Drawn over a page of the wrapped document."""

    def change(pdf: bytes) -> bytes:
        with pikepdf.open(io.BytesIO(pdf)) as document:
            sheet = document.pages[page]
            font = pikepdf.Dictionary(
                Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica
            )
            sheet.add_resource(font, pikepdf.Name.Font, pikepdf.Name.FX)
            sheet.contents_add(document.make_stream(b"q " + content + b" Q"))
            return _saved(document)

    return change


def _saved(document: pikepdf.Pdf) -> bytes:
    output = io.BytesIO()
    document.save(output)
    return output.getvalue()


def _pages(change: Callable[[pikepdf.Pdf], None]) -> Pages:
    def changed(pdf: bytes) -> bytes:
        with pikepdf.open(io.BytesIO(pdf)) as document:
            change(document)
            return _saved(document)

    return changed


def _with_evidence(**changes: Any) -> Specimen:
    return alone(Delivery(files={"a.xml": karis()}, **changes))


@forged("PRV-003")
def honest_evidence_in_another_document() -> Specimen:
    return _with_evidence(document=_other())


@forged("PRV-010")
def a_line_written_into_the_margin() -> Specimen:
    return _with_evidence(after=drawn(b"0.6 g BT /FX 4 Tf 15 400 Td (Ansvar: ubegrenset) Tj ET"))


@forged("PRV-010")
def a_figure_changed_by_a_stroke() -> Specimen:
    return _with_evidence(after=drawn(b"0 g 100 500 4 1 re f"))


@forged("PRV-010")
def a_picture_over_the_terms() -> Specimen:
    return _with_evidence(after=drawn(b"0 g 100 400 60 20 re f"))


@forged("PRV-011")
def terms_painted_white() -> Specimen:
    return _with_evidence(after=drawn(b"1 g 60 300 400 60 re f"))


@forged("PRV-010")
def a_term_in_the_footer() -> Specimen:
    return _with_evidence(footer=f"{FOOTER} {KARI.name}. Ansvaret er ubegrenset.")


@forged("PRV-010")
def a_term_in_the_place_of_a_name() -> Specimen:
    return _with_evidence(footer=f"{FOOTER} Prisen er null")


@forged("PRV-010")
def a_second_line_in_the_footer() -> Specimen:
    return _with_evidence(after=drawn(b"0 g BT /FX 6 Tf 60 8 Td (Prisen er 0 kr) Tj ET"))


@forged("PRV-012")
def a_page_of_terms_more() -> Specimen:
    def add(document: pikepdf.Pdf) -> None:
        document.add_blank_page(page_size=(595, 842))

    return _with_evidence(after=_pages(add))


@forged("PRV-012")
def a_page_of_terms_in_place_of_the_services_own() -> Specimen:
    def add(document: pikepdf.Pdf) -> None:
        document.add_blank_page(page_size=(595, 842))
        document.pages.insert(0, document.pages[-1])
        del document.pages[-1]

    return _with_evidence(front=(), after=_pages(add))


@forged("PRV-012")
def two_pages_exchanged() -> Specimen:
    def exchange(document: pikepdf.Pdf) -> None:
        page = document.pages[3]
        del document.pages[3]
        document.pages.insert(2, page)

    return _with_evidence(after=_pages(exchange))


@forged("PRV-003")
def a_page_left_out() -> Specimen:
    def leave_out(document: pikepdf.Pdf) -> None:
        del document.pages[3]

    return _with_evidence(after=_pages(leave_out))


@forged("PRV-003")
def written_anew_with_one_figure_changed() -> Specimen:
    return alone(Delivery(files={}, document=_other()))


@forged("SIG-006")
def evidence_put_in_after_the_seal() -> Specimen:
    from pyhanko.pdf_utils import embed
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

    writer = IncrementalPdfFileWriter(io.BytesIO(Delivery(files={}).sealed()))
    embedded = embed.EmbeddedFileObject.from_file_data(writer, data=karis())
    embed.embed_file(writer, embed.FileSpec(file_spec_string="a.xml", file_name="a.xml", embedded_data=embedded))
    output = io.BytesIO()
    writer.write(output)  # type: ignore[no-untyped-call]
    return by_kari(output.getvalue(), trust=known())
