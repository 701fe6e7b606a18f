"""What signing services send back, and what a forger makes of it (facts/domain.md 5).

Built as the facts describe, not after samples: none were at hand. Each service has its profile. The forger has the
real service's seal, for whoever orders a signature there gets it on whatever they upload.
"""

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any, Final

import pikepdf
from cryptography.hazmat.primitives.asymmetric import rsa
from lxml import etree  # type: ignore[import-untyped]
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from agreements.casenumber import AgreementNumber, CaseNumber
from agreements.signature_report import RevocationPolicy
from renderers.agreement import render_agreement
from signatures.profiles import (
    Area,
    Confirmed,
    DigestPlace,
    DigestRule,
    EvidenceFormat,
    EvidenceRule,
    Identification,
    PagesRule,
    SealProfile,
    SealRule,
    SignerRule,
)
from signatures.revocations import Revocations
from signatures.throwaway import Credential, LeafOptions, Level, SigningOptions, ThrowawayPki, sign
from signatures.trust import Trust
from tests.renderers.samples import REQUIRED, sample
from tests.signatures.papers import append, dictionary
from tests.zoo import carriers
from tests.zoo.keeper import KARI, NOW, NUMBER, OLA, RECEIVED, Builder, Specimen, issued
from tests.zoo.service_evidence import Outside, Person, cms, idfy_xml, penneo_xml, posten_xades, sdo, signed_xml
from tests.zoo.service_pages import FOOTER_HEIGHT, Layout, deliver

HONEST_SERVICES: dict[str, Builder] = {}
FORGED_SERVICES: dict[str, Builder] = {}
WAITING_SERVICES: dict[str, Builder] = {}
"""Honest ones that a person has to look at."""
SERVICE: Final = "310028142"  # a synthetic number
SERVICE_NAME: Final = "Signeringstjenesten AS"
TEN_MINUTES: Final = timedelta(minutes=10)
OTHER_CASE: Final = str(AgreementNumber(CaseNumber(2026, 43), 1))
_CERTIFIED: Final = SigningOptions(certifies=True)
_FOOTER: Final = "Dokumentet er signert digitalt av: {}"
_HEADING: Final = "Dette dokumentet er signert digitalt av følgende undertegnere:"


def honest(builder: Builder) -> Builder:
    """Into the cage of the honest ones."""
    HONEST_SERVICES[builder.__name__] = builder
    return builder


def forged(builder: Builder) -> Builder:
    """Into the cage of the forged ones."""
    FORGED_SERVICES[builder.__name__] = builder
    return builder


def waiting(builder: Builder) -> Builder:
    """Into the cage of the honest ones that wait."""
    WAITING_SERVICES[builder.__name__] = builder
    return builder


# --- authorities and certificates -------------------------------------------------------------------------------------


@cache
def pki() -> ThrowawayPki:
    """One root, under which one authority issues to services and another to persons."""
    return ThrowawayPki.create(NOW, demo=False, label="tjenester")


@cache
def service_authority() -> Credential:
    return pki().authority("Kastbar tjenesteutsteder")


@cache
def person_authority() -> Credential:
    return pki().authority("Kastbar personutsteder")


@cache
def impostor() -> ThrowawayPki:
    """Somebody's own infrastructure with the very names of the real one."""
    return ThrowawayPki.create(NOW, demo=False, label="tjenester")


@cache
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def fingerprint(credential: Credential) -> str:
    return hashlib.sha256(credential.der).hexdigest()


@cache
def service_seal() -> Credential:
    return pki().seal(SERVICE_NAME, SERVICE, options=LeafOptions(issuer=service_authority()))


@cache
def one_time_seal() -> Credential:
    """Valid ten minutes, as Penneo's."""
    options = LeafOptions(
        issuer=service_authority(),
        not_before=NOW - timedelta(minutes=1),
        not_after=NOW - timedelta(minutes=1) + TEN_MINUTES,
    )
    return pki().seal(SERVICE_NAME, SERVICE, options=options)


@cache
def person(name: str = KARI.name, born: date | None = KARI.birth_date, *, key: bool = False) -> Credential:
    """A person's own certificate; `key`: an RSA one, as BankID's."""
    options = LeafOptions(issuer=person_authority(), key=rsa_key() if key else None)
    return pki().person(name, born, options=options)


@cache
def brief_person(begins: datetime) -> Credential:
    """Kari's, for ten minutes."""
    options = LeafOptions(issuer=person_authority(), not_before=begins, not_after=begins + TEN_MINUTES)
    return pki().person(KARI.name, KARI.birth_date, options=options)


# --- profiles ---------------------------------------------------------------------------------------------------------


def _profile(name: str, evidence: EvidenceRule | None, **others: Any) -> SealProfile:
    footer = Area(edge="bottom", depth=FOOTER_HEIGHT, text=(_FOOTER.format("{names}"),))
    usual: dict[str, Any] = {"pages": PagesRule(front=1, words="signert digitalt"), "areas": (footer,)}
    return SealProfile(
        name=name,
        title=name,
        confirmed=Confirmed(by="kari", date=NOW.date(), sample="0" * 64),
        seal=SealRule(issuers=(fingerprint(service_authority()),), organisation=SERVICE_NAME, org_number=SERVICE),
        evidence=evidence,
        **{**usual, **others},
    )


def posten_profile(*, detached: bool = False) -> SealProfile:
    """XAdES of each signer's own."""
    element = DigestRule(place=DigestPlace.ELEMENT, element="DocumentDigest")
    return _profile(
        "posten",
        EvidenceRule(
            files=("*.xades.xml",),
            format=EvidenceFormat.XADES,
            issuers=(fingerprint(person_authority()),),
            digest=DigestRule(place=DigestPlace.REFERENCE) if detached else element,
            identification=Identification.BANKID,
        ),
    )


def bankid_profile() -> SealProfile:
    """SEID-SDO of each signer's own."""
    return _profile(
        "bankid",
        EvidenceRule(
            files=("*.sdo",),
            format=EvidenceFormat.SEID_SDO,
            issuers=(fingerprint(person_authority()),),
            digest=DigestRule(place=DigestPlace.ORIGINAL),
            identification=Identification.BANKID,
        ),
    )


def idfy_profile() -> SealProfile:
    """XML that the service signs and that names the signers."""
    return _profile(
        "idfy",
        EvidenceRule(
            files=("ElektroniskSignatur.xml",),
            others=("*.pdf",),
            format=EvidenceFormat.XADES,
            issuers=(fingerprint(service_authority()),),
            digest=DigestRule(place=DigestPlace.ELEMENT, element="Hash"),
            signer=SignerRule(name="Name", birth_date="BirthDate", method="Method"),
            identification={
                "NO_BANKID_WEB": Identification.BANKID,
                "NO_BUYPASS": Identification.BUYPASS,
                "SMS_OTP": Identification.SMS,
                "TYPED": Identification.TYPED_NAME,
            },
        ),
    )


def penneo_profile() -> SealProfile:
    """Words in base64 with the digest in hexadecimal, and a page behind."""
    return _profile(
        "penneo",
        EvidenceRule(
            files=("*.openoces.xml",),
            others=("penneo.json", "audit.txt"),
            format=EvidenceFormat.XADES,
            issuers=(fingerprint(service_authority()),),
            digest=DigestRule(
                place=DigestPlace.ELEMENT,
                element="signtext",
                encoding="hex",
                pattern=r"SHA-256 hash value of the document: ([0-9a-f]{64})",
            ),
            signer=SignerRule(name="Name", birth_date="Birth", method="Method"),
            identification={"NO_BANKID_WEB": Identification.BANKID, "TYPED": Identification.TYPED_NAME},
        ),
        pages=PagesRule(back=1, words="signert digitalt"),
        timestamp="required",
    )


# --- the services -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Order:
    """One signing. What a forger puts in another's place is said here."""

    shown: bytes
    """The document whose pages are delivered."""
    names: tuple[str, ...] = (KARI.name,)
    seal: Credential
    level: Level = "B-LT"
    drawn: bytes = b""
    footer: str | None = None
    """In place of the service's usual one."""
    more: tuple[str, ...] = ()
    """More lines on the service's own page."""
    behind: bool = False
    """The service's own page comes last."""
    options: SigningOptions = _CERTIFIED

    def delivered(self, files: Sequence[tuple[str, bytes]]) -> bytes:
        """The pages, with files embedded, under the seal."""
        page = (_HEADING, *(f"{name}, signert 02.03.2026 med BankID" for name in self.names), *self.more)
        layout = Layout(
            front=() if self.behind else page,
            back=page if self.behind else (),
            footer=self.footer or _FOOTER.format(", ".join(self.names)),
            drawn=self.drawn,
        )
        laid = deliver(self.shown, layout, files)
        return sign(laid, self.seal, field="Segl", level=self.level, now=NOW, options=self.options)


def order(**changes: Any) -> Order:
    """An honest one of Kari's agreement."""
    return replace(Order(shown=issued(), seal=service_seal()), **changes)


def posten(ordered: Order, *evidence: bytes) -> bytes:
    """The signers' XAdES, one each; PAdES with long-term material, certified."""
    return ordered.delivered([(f"signer-{number}.xades.xml", data) for number, data in enumerate(evidence, 1)])


def bankid(ordered: Order, evidence: bytes) -> bytes:
    """One SEID-SDO."""
    return ordered.delivered([("avtale.sdo", evidence)])


def idfy(ordered: Order, evidence: bytes) -> bytes:
    """Without time-stamp and store, certified."""
    return replace(ordered, level="CMS").delivered(
        [("ElektroniskSignatur.xml", evidence), ("SignaturDetaljer-NO.pdf", b"%PDF-1.4\n%%EOF\n")]
    )


def penneo(ordered: Order, evidence: bytes) -> bytes:
    """A seal of ten minutes with a time-stamp."""
    stamped = replace(ordered.options, stamped=True, embed_revocation=True)
    return replace(ordered, level="B-LT", behind=True, options=stamped).delivered(
        [("penneo.json", b"{}"), ("audit.txt", b"-"), ("0a1b.openoces.xml", evidence)]
    )


def trust(profile: SealProfile) -> Trust:
    """As an operator has it: revocation data is required, and today's lists are kept."""
    service_authority(), person_authority()  # before the lists are made
    return Trust.from_der(
        [pki().root.der],
        revocation=RevocationPolicy.REQUIRE,
        accept_demo=False,
        revocations=Revocations(crls=pki().crls(NOW)),
        profiles=[profile],
    )


def returned(pdf: bytes, profile: SealProfile, **changes: Any) -> Specimen:
    """A return of the agreement that Kari alone must sign."""
    return replace(Specimen(pdf=pdf, issued=issued(), trust=trust(profile)), **changes)


def kari() -> Person:
    """As a service names her."""
    return Person(name=KARI.name, born=KARI.birth_date.isoformat() if KARI.birth_date else None)


def ola() -> Person:
    return Person(name=OLA.name, born="1975-03-12")


@cache
def altered() -> bytes:
    """Our agreement, with one figure changed."""
    values = REQUIRED | {"launch.monthly_volume": 1900}
    return render_agreement(replace(sample(values, signers=(KARI,)), number=str(NUMBER))).pdf


# --- honest -----------------------------------------------------------------------------------------------------------


@honest
def posten_with_a_digest() -> Specimen:
    return returned(posten(order(), posten_xades(issued(), person())), posten_profile())


@honest
def posten_with_a_reference() -> Specimen:
    evidence = posten_xades(issued(), person(), detached=True)
    return returned(posten(order(), evidence), posten_profile(detached=True))


@honest
def posten_with_two_signers() -> Specimen:
    both = issued(KARI, OLA)
    evidence = [posten_xades(both, who) for who in (person(), person(OLA.name, None))]
    pdf = posten(order(shown=both, names=(KARI.name, OLA.name)), *evidence)
    return returned(pdf, posten_profile(), issued=both, signers=(KARI, OLA))


@honest
def posten_with_a_certificate_of_ten_minutes() -> Specimen:
    evidence = posten_xades(issued(), brief_person(NOW - timedelta(minutes=1)))
    return returned(posten(order(), evidence), posten_profile())


@honest
def bankid_by_ec() -> Specimen:
    return returned(bankid(order(), sdo(issued(), [cms(issued(), person())])), bankid_profile())


@honest
def bankid_by_rsa() -> Specimen:
    return returned(bankid(order(), sdo(issued(), [cms(issued(), person(key=True))])), bankid_profile())


@honest
def bankid_whose_digest_lacks_null() -> Specimen:
    return returned(bankid(order(), sdo(issued(), [cms(issued(), person(key=True), null=False)])), bankid_profile())


@honest
def bankid_with_two_signers() -> Specimen:
    both = issued(KARI, OLA)
    evidence = sdo(both, [cms(both, person()), cms(both, person(OLA.name, None))])
    pdf = bankid(order(shown=both, names=(KARI.name, OLA.name)), evidence)
    return returned(pdf, bankid_profile(), issued=both, signers=(KARI, OLA))


@honest
def idfy_by_the_service() -> Specimen:
    return returned(idfy(order(), idfy_xml(issued(), [kari()], service_seal())), idfy_profile())


@honest
def idfy_with_two_signers() -> Specimen:
    both = issued(KARI, OLA)
    pdf = idfy(order(shown=both, names=(KARI.name, OLA.name)), idfy_xml(both, [kari(), ola()], service_seal()))
    return returned(pdf, idfy_profile(), issued=both, signers=(KARI, OLA))


@honest
def penneo_by_a_certificate_of_ten_minutes() -> Specimen:
    evidence = penneo_xml(issued(), kari(), one_time_seal())
    return returned(penneo(order(seal=one_time_seal()), evidence), penneo_profile())


@honest
def posten_rewritten_by_ghostscript() -> Specimen:
    """Another producer's fonts and objects."""
    pdf = posten(order(shown=carriers.ghostscript(issued())), posten_xades(issued(), person()))
    return returned(pdf, posten_profile())


# --- honest, for a person to look at ----------------------------------------------------------------------------------


@waiting
def idfy_by_text_message() -> Specimen:
    evidence = idfy_xml(issued(), [replace(kari(), method="SMS_OTP")], service_seal())
    return returned(idfy(order(), evidence), idfy_profile())


@waiting
def idfy_by_typed_name() -> Specimen:
    evidence = idfy_xml(issued(), [replace(kari(), method="TYPED")], service_seal())
    return returned(idfy(order(), evidence), idfy_profile())


@waiting
def idfy_by_a_method_nobody_knows() -> Specimen:
    evidence = idfy_xml(issued(), [replace(kari(), method="RETINA")], service_seal())
    return returned(idfy(order(), evidence), idfy_profile())


@waiting
def sealed_without_evidence() -> Specimen:
    return returned(posten(order()), posten_profile())


@waiting
def by_a_service_nobody_knows() -> Specimen:
    specimen = posten_with_a_digest()
    return replace(specimen, trust=replace(specimen.trust, profiles=()))


# --- forged -----------------------------------------------------------------------------------------------------------


@forged
def evidence_under_other_pages() -> Specimen:
    """Kari's evidence of what she signed, under pages she never saw."""
    return returned(posten(order(shown=altered()), posten_xades(issued(), person())), posten_profile())


@forged
def evidence_of_other_pages() -> Specimen:
    """The pages as issued, and evidence of a document with another figure."""
    return returned(posten(order(), posten_xades(altered(), person())), posten_profile())


@forged
def evidence_of_another_case() -> Specimen:
    return returned(posten(order(), posten_xades(issued(number=OTHER_CASE), person())), posten_profile())


@forged
def a_signer_of_her_own_making() -> Specimen:
    evidence = posten_xades(issued(), impostor().person(KARI.name, KARI.birth_date))
    return returned(posten(order(), evidence), posten_profile())


@forged
def a_signer_by_the_wrong_authority() -> Specimen:
    """Trusted, but not for persons: the authority that issues to services."""
    options = LeafOptions(issuer=service_authority())
    evidence = posten_xades(issued(), pki().person(KARI.name, KARI.birth_date, options=options))
    return returned(posten(order(), evidence), posten_profile())


@forged
def a_digest_that_nobody_signed() -> Specimen:
    """Kari's signature is of something else; ours stands beside it."""
    root = etree.fromstring(posten_xades(altered(), person()))
    own = etree.fromstring(posten_xades(issued(), person()))[0]
    own.attrib.pop("Id")
    root.insert(0, own)
    return returned(posten(order(), etree.tostring(root)), posten_profile())


@forged
def a_wrapped_signature() -> Specimen:
    """What Kari signed is moved aside, and ours takes its Id."""
    root = etree.fromstring(posten_xades(altered(), person()))
    moved, own = root[0], etree.fromstring(posten_xades(issued(), person()))[0]
    etree.SubElement(root, "Aside").append(moved)
    root.insert(0, own)
    return returned(posten(order(), etree.tostring(root)), posten_profile())


@forged
def a_second_signature_beside() -> Specimen:
    """The forger's own signature over ours, before Kari's over something else."""
    root = etree.fromstring(posten_xades(altered(), person()))
    forger = etree.fromstring(posten_xades(issued(), impostor().person(KARI.name)))
    root[0].set("Id", "annen")
    root.insert(0, forger)
    return returned(posten(order(), etree.tostring(root)), posten_profile())


@forged
def a_digest_changed_in_the_evidence() -> Specimen:
    ours, theirs = (etree.fromstring(posten_xades(pdf, person())) for pdf in (issued(), altered()))
    place = ".//{*}DocumentDigest"
    theirs.find(place).text = ours.find(place).text
    return returned(posten(order(), etree.tostring(theirs)), posten_profile())


@forged
def evidence_by_sha1() -> Specimen:
    evidence = posten_xades(issued(), person(key=True), digest="sha1")
    return returned(posten(order(), evidence), posten_profile())


@forged
def a_certificate_outside_its_ten_minutes() -> Specimen:
    evidence = posten_xades(issued(), brief_person(NOW - timedelta(minutes=40)))
    return returned(posten(order(), evidence), posten_profile())


@forged
def a_seal_expired_without_a_time_stamp() -> Specimen:
    evidence = penneo_xml(issued(), kari(), one_time_seal())
    pdf = replace(order(seal=one_time_seal()), level="B-B", behind=True).delivered([("1.openoces.xml", evidence)])
    return returned(pdf, penneo_profile(), at=RECEIVED + timedelta(hours=1))


@forged
def a_namesake() -> Specimen:
    """Another Kari Nordmann."""
    return returned(posten(order(), posten_xades(issued(), person(KARI.name, date(1991, 1, 9)))), posten_profile())


@forged
def a_namesake_by_the_service() -> Specimen:
    evidence = idfy_xml(issued(), [replace(kari(), born="1991-01-09")], service_seal())
    return returned(idfy(order(), evidence), idfy_profile())


@forged
def the_service_by_a_wrong_authority() -> Specimen:
    """The right name on the seal, from the forger's own infrastructure."""
    fake = impostor().seal(SERVICE_NAME, SERVICE)
    pdf = posten(order(seal=fake, level="B-B"), posten_xades(issued(), person()))
    return returned(pdf, posten_profile())


@forged
def the_service_by_another_authority_of_ours() -> Specimen:
    fake = pki().seal(SERVICE_NAME, SERVICE, options=LeafOptions(issuer=person_authority()))
    return returned(posten(order(seal=fake), posten_xades(issued(), person())), posten_profile())


@forged
def a_text_laid_over_a_page() -> Specimen:
    drawn = b"q 1 g 60 500 400 40 re f Q BT /F1 11 Tf 70 510 Td (Ansvaret er ubegrenset) Tj ET"
    return returned(posten(order(drawn=drawn), posten_xades(issued(), person())), posten_profile())


@forged
def a_picture_laid_over_a_page() -> Specimen:
    picture = b"q 300 0 0 40 80 400 cm BI /W 1 /H 1 /CS /G /BPC 8 ID \xff EI Q"
    return returned(posten(order(drawn=picture), posten_xades(issued(), person())), posten_profile())


@forged
def a_footer_that_hides_text() -> Specimen:
    """White, and higher than the service's own."""
    drawn = b"q 1 g 0 0 600 150 re f Q BT /F1 8 Tf 60 20 Td (Dokumentet er signert digitalt av: Kari Nordmann) Tj ET"
    return returned(posten(order(drawn=drawn), posten_xades(issued(), person())), posten_profile())


@forged
def a_footer_that_says_more() -> Specimen:
    footer = _FOOTER.format("Kari Nordmann. Prisen er 0 kr de neste ti år.")
    return returned(posten(order(footer=footer), posten_xades(issued(), person())), posten_profile())


@forged
def a_page_more() -> Specimen:
    """Behind the agreement, where the service has none."""
    ordered = order(shown=_with_a_page(issued()))
    return returned(posten(ordered, posten_xades(issued(), person())), posten_profile())


@forged
def an_original_swapped_in_the_sdo() -> Specimen:
    evidence = sdo(issued(), [cms(altered(), person())])
    return returned(bankid(order(), evidence), bankid_profile())


@forged
def an_sdo_without_a_signature() -> Specimen:
    return returned(bankid(order(), sdo(issued(), [])), bankid_profile())


@forged
def an_sdo_of_another_document() -> Specimen:
    evidence = sdo(altered(), [cms(altered(), person())])
    return returned(bankid(order(), evidence), bankid_profile())


@forged
def one_figure_changed_without_evidence() -> Specimen:
    """Shape C."""
    return returned(posten(order(shown=altered())), posten_profile())


@forged
def evidence_replaced_after_the_seal() -> Specimen:
    """An increment after the service's seal, which was over evidence of something else."""
    pdf = posten(order(), posten_xades(altered(), person()))
    return returned(append(pdf, _replacing(posten_xades(issued(), person()))), posten_profile())


@forged
def one_signer_of_two() -> Specimen:
    """Kari twice."""
    both = issued(KARI, OLA)
    evidence = posten_xades(both, person())
    pdf = posten(order(shown=both, names=(KARI.name, OLA.name)), evidence, evidence)
    return returned(pdf, posten_profile(), issued=both, signers=(KARI, OLA))


@forged
def evidence_that_a_person_signed_for_the_service() -> Specimen:
    """Elements that name Kari, signed by somebody with any trusted certificate."""
    evidence = idfy_xml(issued(), [kari()], person("Fremmed Person", None))
    return returned(idfy(order(), evidence), idfy_profile())


def _with_a_page(pdf: bytes) -> bytes:
    with pikepdf.open(io.BytesIO(pdf)) as document:
        document.add_blank_page(page_size=(595, 842))
        output = io.BytesIO()
        document.save(output)
        return output.getvalue()


def _replacing(evidence: bytes) -> Any:
    """A change that has the embedded file say something else."""

    def change(writer: IncrementalPdfFileWriter) -> None:
        names = writer.root["/Names"]["/EmbeddedFiles"]["/Names"]
        embedded = names[1]["/EF"]
        kind = dictionary({generic.pdf_name("/Type"): generic.pdf_name("/EmbeddedFile")})
        stream = generic.StreamObject(kind, stream_data=evidence)
        reference = writer.add_object(stream)
        for key in list(embedded):
            embedded[key] = reference
        writer.update_container(embedded)

    return change


def signed_elsewhere() -> bytes:
    """XML signed over a file outside that is not ours, for the tests of reading."""
    root = etree.fromstring('<Elsewhere xmlns="http://example.org/evidence"/>')
    return signed_xml(root, person(), [Outside(data=altered())])
