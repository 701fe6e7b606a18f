"""What embedded evidence says, and what it can't be made to say."""

import base64
from dataclasses import replace
from datetime import date, timedelta

import pytest
from lxml import etree  # type: ignore[import-untyped]

from agreements.signature_report import Revocation, RevocationPolicy
from agreements.texts import has_text
from signatures.document import open_document
from signatures.evidence.belief import Distrust, believe_certificate
from signatures.evidence.reading import Basis, Evidence, find_any_evidence, read_evidence
from signatures.evidence.sdo import read_sdo
from signatures.evidence.signer import birth_date, named_signers
from signatures.evidence.statement import EvidenceError, Fault, parse_xml
from signatures.evidence.xades import read_xades
from signatures.knowledge import Knowledge, read_store
from signatures.profiles import Identification, SignerRule
from signatures.throwaway import LeafOptions, ThrowawayPki
from signatures.trust import Trust
from tests.zoo import services
from tests.zoo.keeper import KARI, NOW, OLA, Specimen, issued
from tests.zoo.service_evidence import cms, posten_xades, sdo, signed_xml
from tests.zoo.services import FORGED_SERVICES, HONEST_SERVICES, WAITING_SERVICES, altered, person

PROVEN_BY_EVIDENCE = frozenset(
    {
        "evidence_under_other_pages",
        "a_seal_expired_without_a_time_stamp",
        "the_service_by_a_wrong_authority",
        "the_service_by_another_authority_of_ours",
        "a_text_laid_over_a_page",
        "a_picture_laid_over_a_page",
        "a_footer_that_hides_text",
        "a_footer_that_says_more",
        "a_page_more",
        "evidence_replaced_after_the_seal",
        "one_signer_of_two",
    }
)
"""Forged ones whose evidence itself is sound: seal, pages and signers are judged elsewhere."""


def evidence_of(specimen: Specimen) -> tuple[Evidence, ...]:
    document = open_document(specimen.pdf)
    basis = Basis(trust=specimen.trust, at=NOW, knowledge=read_store(document)[0])
    if not specimen.trust.profiles:
        return find_any_evidence(document, issued=specimen.issued, basis=basis)
    rule = specimen.trust.profiles[0].evidence
    assert rule is not None
    return read_evidence(document, rule=rule, issued=specimen.issued, basis=basis)


def proves(evidence: Evidence, expected: date | None = KARI.birth_date) -> bool:
    """As an approval needs it."""
    return (
        evidence.trusted
        and evidence.revocation is Revocation.GOOD
        and evidence.names_issued
        and not evidence.names_other
        and evidence.identification.proves_a_person
        and evidence.birth_date in (expected, None)
    )


@pytest.mark.parametrize("name", HONEST_SERVICES)
def test_honest_evidence_proves_each_signer(name: str) -> None:
    specimen = HONEST_SERVICES[name]()
    found = evidence_of(specimen)
    assert [evidence.name for evidence in found] == [signer.name for signer in specimen.signers]
    assert proves(found[0])
    assert found[0].birth_date == KARI.birth_date
    assert all(proves(evidence, date(1975, 3, 12)) for evidence in found[1:])


@pytest.mark.parametrize("name", sorted(FORGED_SERVICES.keys() - PROVEN_BY_EVIDENCE))
def test_forged_evidence_proves_nothing(name: str) -> None:
    assert not any(proves(evidence) for evidence in evidence_of(FORGED_SERVICES[name]()))


@pytest.mark.parametrize("name", ["idfy_by_text_message", "idfy_by_typed_name", "idfy_by_a_method_nobody_knows"])
def test_a_weak_identification_is_told_and_proves_nobody(name: str) -> None:
    (found,) = evidence_of(WAITING_SERVICES[name]())
    assert found.trusted
    assert found.names_issued
    assert not proves(found)


@pytest.mark.parametrize(
    ("name", "fault", "distrust"),
    [
        ("a_wrapped_signature", Fault.BROKEN, Distrust.UNTRUSTED),
        ("a_second_signature_beside", Fault.SEVERAL, Distrust.UNTRUSTED),
        ("a_digest_changed_in_the_evidence", Fault.BROKEN, Distrust.UNTRUSTED),
        ("evidence_by_sha1", Fault.WEAK, Distrust.UNTRUSTED),
        ("an_original_swapped_in_the_sdo", Fault.BROKEN, Distrust.UNTRUSTED),
        ("an_sdo_without_a_signature", Fault.UNSIGNED, Distrust.UNTRUSTED),
        ("a_signer_of_her_own_making", None, Distrust.UNTRUSTED),
        ("a_signer_by_the_wrong_authority", None, Distrust.OTHER_ISSUER),
        ("a_certificate_outside_its_ten_minutes", None, Distrust.OUT_OF_DATE),
        ("evidence_of_another_case", None, None),
    ],
)
def test_it_is_told_why_evidence_does_not_hold(name: str, fault: Fault | None, distrust: Distrust | None) -> None:
    (found,) = evidence_of(FORGED_SERVICES[name]())
    assert (found.fault, found.distrust) == (fault, distrust)


def test_a_sound_signature_of_something_else_is_another_document_and_not_broken() -> None:
    statement = read_xades(services.signed_elsewhere(), issued=issued())
    assert statement.documents == (False,)
    assert read_xades(services.signed_elsewhere(), issued=altered()).documents == (True,)


def test_evidence_is_found_without_a_profile() -> None:
    (found,) = evidence_of(WAITING_SERVICES["by_a_service_nobody_knows"]())
    assert found.names_issued
    assert found.trusted
    assert found.identification is Identification.UNKNOWN


def test_what_is_no_evidence_is_not_found_without_a_profile() -> None:
    specimen = WAITING_SERVICES["sealed_without_evidence"]()
    assert evidence_of(replace(specimen, trust=replace(specimen.trust, profiles=()))) == ()


def test_every_byte_of_a_signature_without_null_is_compared() -> None:
    honest = cms(issued(), person(key=True), null=False)
    read_sdo(sdo(issued(), [honest]), issued=issued())
    with pytest.raises(EvidenceError, match=Fault.BROKEN):
        read_sdo(sdo(issued(), [honest[:-1] + bytes((honest[-1] ^ 1,))]), issued=issued())
    with pytest.raises(EvidenceError, match=Fault.BROKEN):
        read_sdo(sdo(altered(), [honest]), issued=issued())


def test_one_broken_signer_of_an_sdo_breaks_it() -> None:
    messages = [cms(issued(), person()), cms(altered(), person())]
    with pytest.raises(EvidenceError, match=Fault.BROKEN):
        read_sdo(sdo(issued(), messages), issued=issued())


def test_sha1_in_an_sdo_is_weak() -> None:
    with pytest.raises(EvidenceError, match=Fault.WEAK):
        read_sdo(sdo(issued(), [cms(issued(), person(key=True), digest="sha1")]), issued=issued())


def test_the_certificate_that_the_properties_name_must_be_the_one_that_signed() -> None:
    root = etree.fromstring(posten_xades(issued(), person()))
    for signature in root.findall("{*}Signature"):
        root.remove(signature)
    named = etree.fromstring(posten_xades(issued(), person(OLA.name, None))).find(".//{*}SignedProperties")
    named.set("Id", "andres")
    root.append(named)
    with pytest.raises(EvidenceError, match=Fault.NO_CERTIFICATE):
        read_xades(signed_xml(root, person(), ["beskrivelse", "andres"], properties=False), issued=issued())


@pytest.mark.parametrize(
    "text",
    [
        b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
        b"<!DOCTYPE a SYSTEM 'http://localhost/a.dtd'><a/>",
        b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/hostname'>]><a>&b;</a>",
        b"<a>" * 10_000,
        b"no xml",
        b"",
    ],
)
def test_xml_with_a_document_type_or_without_an_end_is_not_read(text: bytes) -> None:
    with pytest.raises(EvidenceError, match=Fault.UNREADABLE):
        parse_xml(text)


def test_a_comment_in_a_name_hides_nothing_of_it() -> None:
    root = parse_xml(b"<r><s><Name>Kari <!-- Ola -->Nordmann</Name><Born>1980-05-17</Born></s></r>")
    (found,) = named_signers([root], SignerRule(name="Name", birth_date="Born"))
    assert (found.name, found.birth_date) == ("Kari Nordmann", date(1980, 5, 17))


def test_birth_dates_stay_with_their_names() -> None:
    root = parse_xml(
        b"<r><s><Name>A B</Name><Born>1980-05-17</Born></s><s><Name>C D</Name><Born>12.03.1975</Born></s>"
        b"<s><Name>E F</Name></s><s><Name>G H</Name><Born>1980-05-17</Born><Born>1981-05-17</Born></s></r>"
    )
    found = named_signers([root], SignerRule(name="Name", birth_date="Born"))
    assert [one.birth_date for one in found] == [date(1980, 5, 17), date(1975, 3, 12), None, None]


@pytest.mark.parametrize(
    ("words", "day"),
    [
        ("1980-05-17", date(1980, 5, 17)),
        ("17.05.1980", date(1980, 5, 17)),
        ("1980-05-17T00:00:00Z", date(1980, 5, 17)),
        ("1980-05-17T23:00:00Z", None),
        ("17.5", None),
        ("00000000000", None),
        ("12345678901", None),
    ],
)
def test_a_birth_date_is_read_or_not_at_all(words: str, day: date | None) -> None:
    assert birth_date(words) == day


def test_a_national_identity_number_tells_the_birth_date_and_is_not_kept() -> None:
    number = "15076500565"  # the Tax Administration's published example
    root = parse_xml(f"<r><Name>Kari {number}</Name><Born>{number}</Born></r>".encode())
    (found,) = named_signers([root], SignerRule(name="Name", birth_date="Born"))
    assert found.birth_date == date(1965, 7, 15)
    assert number not in repr(found)


def test_a_certificate_that_was_revoked_by_then_is_not_believed() -> None:
    pki = ThrowawayPki.create(NOW, demo=False)
    somebody = pki.person("Kari Nordmann")
    pki.revoke(somebody, NOW - timedelta(minutes=10))
    trust = Trust.from_der([pki.root.der], revocation=RevocationPolicy.REQUIRE, accept_demo=False)
    knowledge = Knowledge()
    for kind, ders in (("/CRLs", pki.crls(NOW)), ("/Certs", (somebody.der, pki.intermediate.der))):
        for der in ders:
            knowledge.add(kind, der)
    certificate = knowledge.certificates[0]
    belief = believe_certificate(trust, certificate, (), knowledge, NOW)
    assert (belief.distrust, belief.revocation) == (Distrust.REVOKED, Revocation.REVOKED)
    unaware = Knowledge(certificates=knowledge.certificates)
    assert believe_certificate(trust, certificate, (), unaware, NOW).revocation is Revocation.UNKNOWN


def test_only_the_signed_words_are_read() -> None:
    """However the unsigned rest of a file is made."""
    root = etree.fromstring(posten_xades(altered(), person()))
    for place in (0, 1, 2):
        extra = etree.SubElement(root, "{http://example.org/evidence}DocumentDigest")
        extra.text = base64.b64encode(b"x" * 32).decode()
        root.insert(place, extra)
    statement = read_xades(etree.tostring(root), issued=issued())
    digests = [item for element in statement.elements for item in element.iter("{*}DocumentDigest")]
    assert len(digests) == 1


def test_every_reason_has_words_for_people() -> None:
    keys = [f"terms.fault.{fault}" for fault in Fault] + [f"terms.why.{reason}" for reason in Distrust]
    assert [key for key in keys if not has_text(key)] == []


def test_revocation_data_from_after_the_expiry_says_nothing() -> None:
    """An issuer may take certificates off its list once they have expired."""
    pki = ThrowawayPki.create(NOW, demo=False)
    brief = pki.person("Kari Nordmann", options=LeafOptions(not_after=NOW + timedelta(minutes=10)))
    trust = Trust.from_der([pki.root.der], revocation=RevocationPolicy.REQUIRE, accept_demo=False)
    later = NOW + timedelta(hours=3)
    for moment, expected in ((NOW, Revocation.GOOD), (later, Revocation.UNKNOWN)):
        knowledge = Knowledge()
        for kind, ders in (("/CRLs", pki.crls(moment)), ("/Certs", (brief.der, pki.intermediate.der))):
            for der in ders:
                knowledge.add(kind, der)
        assert believe_certificate(trust, knowledge.certificates[0], (), knowledge, NOW).revocation is expected
