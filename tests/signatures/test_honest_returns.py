"""Honest returns of every level are believed, without a finding."""

from datetime import date, timedelta

import pytest

from agreements.decision import Verdict, decide
from agreements.signature_report import ChangesAfter, Indication, Revocation, RevocationPolicy, Shape, SignatureKind
from signatures.judge import judge
from signatures.throwaway import LeafOptions, Level, SigningOptions, ThrowawayPki, sign
from signatures.trust import Trust
from tests.signatures.conftest import Judge
from tests.signatures.papers import NOW, RECEIVED, fill, make_agreement, visible

LEVELS: tuple[tuple[Level, str], ...] = (("B-B", "B-B"), ("B-T", "B-LT"), ("B-LT", "B-LT"), ("B-LTA", "B-LTA"))


@pytest.mark.parametrize(("level", "seen"), LEVELS)
def test_a_return_signed_by_one_person_passes_at_every_level(
    level: Level, seen: str, pki: ThrowawayPki, agreement: bytes, judged: Judge
) -> None:
    report = judged(sign(agreement, pki.person("Kari Nordmann"), field="Signatur1", level=level, now=NOW))
    signature = report.signatures[0]
    assert (report.indication, report.sub_indication, report.findings) == (Indication.TOTAL_PASSED, None, ())
    assert (signature.level, signature.trusted, signature.revocation) == (seen, True, Revocation.GOOD)
    assert signature.intact
    assert signature.covers_document
    assert signature.best_signature_time == (RECEIVED if level == "B-B" else NOW)
    assert report.provenance is not None
    assert (report.provenance.shape, report.provenance.changed_fields) == (Shape.APPENDED, ("Signatur1",))


@pytest.mark.parametrize("level", ["B-B", "B-LT", "B-LTA"])
def test_two_signers_one_after_the_other_both_pass(
    level: Level, pki: ThrowawayPki, agreement: bytes, judged: Judge
) -> None:
    once = sign(agreement, pki.person("Kari Nordmann"), field="Signatur1", level=level, now=NOW)
    report = judged(sign(once, pki.person("Ola Nordmann"), field="Signatur2", level=level, now=NOW))
    people = [s for s in report.signatures if s.kind is SignatureKind.SIGNATURE]
    assert report.indication is Indication.TOTAL_PASSED
    assert report.findings == ()
    assert [(s.signer.name, s.covers_document) for s in people] == [("Kari Nordmann", True), ("Ola Nordmann", True)]
    assert people[0].changes_after is ChangesAfter.FORM_FILLING
    assert report.provenance is not None
    assert report.provenance.changed_fields == ("Signatur1", "Signatur2")


def test_the_organisations_own_seal_passes_with_its_number(pki: ThrowawayPki, agreement: bytes, judged: Judge) -> None:
    seal = pki.seal("Fjord Regnskap AS", "310028142")
    report = judged(sign(agreement, seal, field="Signatur1", level="B-LT", now=NOW))
    signature = report.signatures[0]
    assert report.findings == ()
    assert signature.kind is SignatureKind.SEAL
    assert (signature.signer.org_name, signature.signer.org_number) == ("Fjord Regnskap AS", "310028142")
    assert signature.signer.qualified is True


def test_a_person_keeps_the_birth_date_of_the_certificate(pki: ThrowawayPki, agreement: bytes, judged: Judge) -> None:
    person = pki.person("Kari Nordmann", date(1980, 5, 17))
    report = judged(sign(agreement, person, field="Signatur1", now=NOW))
    assert report.signatures[0].signer.birth_date == date(1980, 5, 17)
    assert report.signatures[0].kind is SignatureKind.SIGNATURE


def test_a_field_filled_before_signing_is_told_and_passes(pki: ThrowawayPki, trust: Trust, judged: Judge) -> None:
    issued = make_agreement(value_field=True)
    signed = sign(fill(issued, "Per Hansen"), pki.person("Kari Nordmann"), field="Signatur1", level="B-LT", now=NOW)
    report = judged(signed, issued)
    assert report.indication is Indication.TOTAL_PASSED
    assert [(f.code, f.params) for f in report.findings] == [("PRV-006", {"fields": "kontakt"})]
    assert report.provenance is not None
    assert report.provenance.changed_fields == ("Signatur1", "kontakt")


def test_a_signature_time_stamped_before_the_certificate_expired_still_passes(
    pki: ThrowawayPki, trust: Trust, agreement: bytes
) -> None:
    """Its revocation can't be known from a basic time-stamp, so where revocation is required a person looks."""
    short = pki.person("Kari Nordmann", options=LeafOptions(not_after=NOW + timedelta(minutes=2)))
    signed = sign(agreement, short, field="Signatur1", level="B-T", embed_revocation=False, now=NOW)
    lenient = Trust.from_der(trust.anchors, revocation=RevocationPolicy.IF_AVAILABLE, accept_demo=False)
    report = judge(signed, trust=lenient, at=RECEIVED)
    assert report.indication is Indication.TOTAL_PASSED
    assert report.signatures[0].best_signature_time == NOW
    strict = judge(signed, trust=trust, at=RECEIVED)
    assert "SIG-013" in [f.code for f in strict.findings]


def test_long_term_material_proves_a_signature_beyond_its_certificates_end(
    agreement: bytes,
) -> None:
    """The revocation list stands under the document time-stamp, so even where it is required nothing is missing."""
    pki = ThrowawayPki.create(NOW, demo=False, list_validity=timedelta(minutes=1))
    trust = Trust.from_der([pki.root.der], revocation=RevocationPolicy.REQUIRE, accept_demo=False)
    short = pki.person("Kari Nordmann", options=LeafOptions(not_after=NOW + timedelta(minutes=2)))
    signed = sign(agreement, short, field="Signatur1", level="B-LTA", now=NOW)
    report = judge(signed, trust=trust, at=RECEIVED)
    assert report.indication is Indication.TOTAL_PASSED
    assert (report.signatures[0].revocation, report.signatures[0].best_signature_time) == (Revocation.GOOD, NOW)
    assert {f.code for f in report.findings} == {"PRV-001"}


def test_revocation_data_in_force_at_the_time_stamp_need_not_be_fresh_at_receipt(agreement: bytes) -> None:
    pki = ThrowawayPki.create(NOW, demo=False, list_validity=timedelta(minutes=1))
    trust = Trust.from_der([pki.root.der], revocation=RevocationPolicy.REQUIRE, accept_demo=False)
    kari = pki.person("Kari Nordmann")
    stamped = judge(sign(agreement, kari, field="Signatur1", level="B-LT", now=NOW), trust=trust, at=RECEIVED)
    assert stamped.signatures[0].revocation is Revocation.GOOD
    assert stamped.indication is Indication.TOTAL_PASSED
    plain = judge(sign(agreement, kari, field="Signatur1", level="B-B", now=NOW), trust=trust, at=RECEIVED)
    assert plain.signatures[0].revocation is Revocation.UNKNOWN


def test_without_an_archive_time_stamp_nobody_answers_for_an_expired_certificate(agreement: bytes) -> None:
    pki = ThrowawayPki.create(NOW, demo=False)
    trust = Trust.from_der([pki.root.der], revocation=RevocationPolicy.REQUIRE, accept_demo=False)
    short = pki.person("Kari Nordmann", options=LeafOptions(not_after=NOW + timedelta(minutes=2)))
    report = judge(sign(agreement, short, field="Signatur1", level="B-LT", now=NOW), trust=trust, at=RECEIVED)
    assert report.signatures[0].revocation is Revocation.UNKNOWN
    assert report.indication is Indication.INDETERMINATE


def test_a_signature_time_stamped_before_the_revocation_still_passes(trust: Trust, agreement: bytes) -> None:
    pki = ThrowawayPki.create(NOW, demo=False)
    kari = pki.person("Kari Nordmann")
    pki.revoke(kari, NOW + timedelta(minutes=3))
    signed = sign(agreement, kari, field="Signatur1", level="B-LT", now=NOW)
    own = Trust.from_der([pki.root.der], revocation=RevocationPolicy.REQUIRE, accept_demo=False)
    assert judge(signed, trust=own, at=RECEIVED).indication is Indication.TOTAL_PASSED


def test_the_older_signature_format_is_read_too(pki: ThrowawayPki, trust: Trust, agreement: bytes) -> None:
    signed = sign(agreement, pki.person("Kari Nordmann"), field="Signatur1", level="CMS", now=NOW)
    lenient = Trust.from_der(trust.anchors, revocation=RevocationPolicy.IF_AVAILABLE, accept_demo=False)
    report = judge(
        signed, trust=lenient, at=RECEIVED, issued=agreement, pages=visible(signed), issued_pages=visible(agreement)
    )
    assert (report.indication, report.signatures[0].level, report.findings) == (Indication.TOTAL_PASSED, "CMS", ())
    assert report.signatures[0].revocation is Revocation.UNKNOWN


def test_revocation_that_is_not_asked_for_is_not_claimed(pki: ThrowawayPki, trust: Trust, agreement: bytes) -> None:
    off = Trust.from_der(trust.anchors, revocation=RevocationPolicy.OFF, accept_demo=False)
    report = judge(sign(agreement, pki.person("Kari Nordmann"), field="Signatur1", now=NOW), trust=off, at=RECEIVED)
    assert report.indication is Indication.TOTAL_PASSED
    assert report.signatures[0].revocation is Revocation.NOT_CHECKED


def test_a_signature_in_an_invisible_field_of_its_own_waits_for_a_person(
    pki: ThrowawayPki, agreement: bytes, judged: Judge
) -> None:
    once = sign(agreement, pki.person("Kari Nordmann"), field="Signatur1", level="B-LT", now=NOW)
    report = judged(sign(once, pki.person("Ola Nordmann"), field="Ny", level="B-LT", now=NOW))
    assert report.indication is Indication.TOTAL_PASSED
    assert [(f.code, f.params) for f in report.findings] == [("SIG-022", {"field": "Ny"})]


def test_without_an_issued_document_nothing_is_approved(pki: ThrowawayPki, trust: Trust, agreement: bytes) -> None:
    report = judge(sign(agreement, pki.person("Kari Nordmann"), field="Signatur1", now=NOW), trust=trust, at=RECEIVED)
    assert report.provenance is None
    assert [f.code for f in report.findings] == ["PRV-001"]
    assert decide(report.findings).verdict is Verdict.NEEDS_REVIEW


def test_stronger_digests_pass_too(pki: ThrowawayPki, agreement: bytes, judged: Judge) -> None:
    options = SigningOptions(digest="sha512")
    report = judged(sign(agreement, pki.person("Kari Nordmann"), field="Signatur1", now=NOW, options=options))
    assert report.findings == ()
