"""No forged or faulty return is believed, and each is refused for what is wrong with it."""

import re
from collections.abc import Callable
from datetime import timedelta

import pikepdf
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509 import ocsp as x509_ocsp
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from agreements.decision import Verdict, decide
from agreements.findings import Severity
from agreements.pages import Page, Pages
from agreements.signature_report import ChangesAfter, Indication, Revocation, RevocationPolicy, Shape, SignatureReport
from signatures.cms import read_cms
from signatures.judge import judge
from signatures.throwaway import Credential, LeafOptions, Level, SigningOptions, ThrowawayPki, sign
from signatures.trust import Trust
from tests.signatures.conftest import Judge
from tests.signatures.papers import (
    NOW,
    RECEIVED,
    TERMS,
    append,
    dictionary,
    field_named,
    fill,
    first_page,
    make_agreement,
    name,
    numbers,
    overlay,
    update_root,
    visible,
)

LATE = SigningOptions(embed_revocation=False, timestamp=NOW)
"""A time-stamp of its own, whatever the claimed time."""


@pytest.fixture(scope="module")
def kari(pki: ThrowawayPki) -> Credential:
    return pki.person("Kari Nordmann")


@pytest.fixture(scope="module")
def honest(agreement: bytes, kari: Credential) -> bytes:
    return sign(agreement, kari, field="Signatur1", level="B-LT", now=NOW)


def codes(report: SignatureReport) -> set[str]:
    return {finding.code for finding in report.findings}


def assert_refused(report: SignatureReport, code: str) -> None:
    assert code in codes(report), report.findings
    assert decide(report.findings).verdict is Verdict.REJECTED


def assert_not_approved(report: SignatureReport, code: str) -> None:
    assert code in codes(report), report.findings
    assert decide(report.findings).verdict is not Verdict.APPROVED


# --- bytes ------------------------------------------------------------------------------------------------------------


def test_an_altered_byte_breaks_the_digest(honest: bytes, judged: Judge) -> None:
    altered = honest.replace(b"100 000 kroner", b"900 000 kroner", 1)
    report = judged(altered)
    assert report.sub_indication == "HASH_FAILURE"
    assert not report.signatures[0].intact
    assert_refused(report, "SIG-002")


def test_an_altered_signature_value_is_no_signature(honest: bytes, judged: Judge) -> None:
    places = [int(n) for n in re.search(rb"/ByteRange\s*\[([^\]]*)\]", honest)[1].split()]  # type: ignore[index]
    contents = bytes.fromhex(honest[places[1] + 1 : places[2] - 1].decode())
    signature = read_cms(contents).signer_info["signature"].contents
    place = honest.lower().index(signature.hex().encode()) + 20
    flipped = b"0" if honest[place : place + 1] != b"0" else b"1"
    report = judged(honest[:place] + flipped + honest[place + 1 :])
    assert report.indication is not Indication.TOTAL_PASSED
    assert_refused(report, "SIG-003")


@pytest.mark.parametrize("tail", [b"x", b"\n\n\x00", b"hidden bytes\n%%EOF\n", b"\n%\n"])
def test_bytes_after_the_end_are_refused(tail: bytes, honest: bytes, judged: Judge) -> None:
    report = judged(honest + tail)
    assert report.indication is Indication.TOTAL_FAILED
    assert decide(report.findings).verdict is Verdict.REJECTED


@pytest.mark.parametrize("tail", [b"\n\n", b"\r\n\r\n", b" " * 500])
def test_blanks_after_the_end_are_for_a_person_to_see_and_hide_nothing(
    tail: bytes, honest: bytes, judged: Judge
) -> None:
    report = judged(honest + tail)
    assert [(finding.code, finding.severity) for finding in report.findings] == [("SIG-027", Severity.REVIEW)]


def test_a_second_end_hides_nothing_between_the_two(honest: bytes, judged: Judge) -> None:
    end = re.findall(rb"startxref\s+\d+\s+%%EOF", honest)[-1]
    assert_refused(judged(honest + b"hidden\n" + end + b"\n"), "SIG-005")


def test_one_line_end_after_the_end_is_what_some_mail_software_adds(honest: bytes, judged: Judge) -> None:
    assert judged(honest.rstrip(b"\n") + b"\r\n").indication is Indication.TOTAL_PASSED


def test_something_hidden_in_the_gap_is_refused(honest: bytes, judged: Judge) -> None:
    places = [int(n) for n in re.search(rb"/ByteRange\s*\[([^\]]*)\]", honest)[1].split()]  # type: ignore[index]
    end = places[2] - 1
    report = judged(honest[: end - 8] + b"deadbeef" + honest[end:])
    assert report.sub_indication == "FORMAT_FAILURE"
    assert_refused(report, "SIG-004")


def test_a_gap_that_is_wider_than_the_signature_is_refused(agreement: bytes, honest: bytes, judged: Judge) -> None:
    match = re.search(rb"/ByteRange\s*\[(\d+) (\d+) (\d+) (\d+)\s*\]", honest)
    assert match is not None
    wider = b"/ByteRange [0 %d %s %s]" % (int(match[2]) - 10, match[3], match[4])
    report = judged(honest.replace(match[0], wider.ljust(len(match[0])), 1))
    assert decide(report.findings).verdict is Verdict.REJECTED


# --- before signing ---------------------------------------------------------------------------------------------------


def test_text_laid_over_the_page_before_signing_is_refused(agreement: bytes, kari: Credential, judged: Judge) -> None:
    report = judged(sign(overlay(agreement), kari, field="Signatur1", level="B-LT", now=NOW))
    assert report.indication is Indication.TOTAL_PASSED  # the signature is fine; it is not our document
    assert_refused(report, "PRV-004")
    assert next(f for f in report.findings if f.code == "PRV-004").params["what"] == "page-content"


def test_text_laid_over_a_page_that_nobody_signs_on_is_also_seen(kari: Credential, judged: Judge) -> None:
    issued = make_agreement(pages=2)
    report = judged(sign(overlay(issued), kari, field="Signatur1", level="B-LT", now=NOW), issued)
    assert [f.params for f in report.findings if f.code == "PRV-007"] == [{"page": 1}]


def test_other_terms_signed_anew_are_refused(kari: Credential, judged: Judge) -> None:
    forged = make_agreement((*TERMS[:2], "Ansvar: ubegrenset"))
    report = judged(sign(forged, kari, field="Signatur1", level="B-LT", now=NOW))
    assert report.provenance is not None
    assert report.provenance.shape is Shape.OTHER
    assert not report.provenance.issued_is_prefix
    assert_refused(report, "PRV-003")


def test_the_same_text_in_a_file_written_anew_waits_for_a_person(
    agreement: bytes, kari: Credential, judged: Judge
) -> None:
    import io

    output = io.BytesIO()
    with pikepdf.open(io.BytesIO(agreement)) as pdf:
        pdf.save(output, linearize=True)
    report = judged(sign(output.getvalue(), kari, field="Signatur1", level="B-LT", now=NOW))
    assert report.provenance is not None
    assert report.provenance.shape is Shape.REWRITTEN
    assert_not_approved(report, "PRV-002")


def test_a_picture_of_paper_waits_for_a_person(trust: Trust, agreement: bytes, kari: Credential) -> None:
    scan = sign(make_agreement(()), kari, field="Signatur1", now=NOW)
    empty = Pages(pages=(Page(width=595, height=842, text=""),))
    report = judge(scan, trust=trust, at=RECEIVED, issued=agreement, pages=empty, issued_pages=visible(agreement))
    assert report.provenance is not None
    assert report.provenance.shape is Shape.SCAN
    assert_not_approved(report, "PRV-005")


def test_an_added_annotation_before_signing_is_refused(agreement: bytes, kari: Credential, judged: Judge) -> None:
    report = judged(sign(append(agreement, _stamp), kari, field="Signatur1", now=NOW))
    assert_refused(report, "PRV-004")


def test_an_appearance_on_an_empty_signature_field_is_refused(
    agreement: bytes, kari: Credential, judged: Judge
) -> None:
    def cover(writer: IncrementalPdfFileWriter) -> None:
        node = field_named(writer, "Signatur2")
        look = generic.StreamObject(stream_data=b"1 g 0 0 200 60 re f")
        node["/AP"] = dictionary({name("/N"): writer.add_object(look)})
        writer.update_container(node)

    report = judged(sign(append(agreement, cover), kari, field="Signatur1", now=NOW))
    assert_refused(report, "PRV-004")


@pytest.mark.parametrize("key", ["/OpenAction", "/AA", "/Names"])
def test_actions_and_attachments_added_before_signing_are_refused(
    key: str, agreement: bytes, kari: Credential, judged: Judge
) -> None:
    def add(writer: IncrementalPdfFileWriter) -> None:
        action = dictionary({name("/S"): name("/JavaScript"), name("/JS"): generic.pdf_string("x")})
        writer.root[key] = writer.add_object(action)
        update_root(writer)

    assert_refused(judged(sign(append(agreement, add), kari, field="Signatur1", now=NOW)), "PRV-004")


# --- after signing ----------------------------------------------------------------------------------------------------


def _stamp(writer: IncrementalPdfFileWriter) -> None:
    page = first_page(writer)
    stamp = dictionary(
        {
            name("/Type"): name("/Annot"),
            name("/Subtype"): name("/FreeText"),
            name("/Rect"): numbers(50, 500, 400, 700),
            name("/Contents"): generic.pdf_string("ubegrenset"),
        }
    )
    page["/Annots"] = generic.ArrayObject([*page["/Annots"], writer.add_object(stamp)])
    writer.update_container(page)


def _title(writer: IncrementalPdfFileWriter) -> None:
    info = writer.trailer["/Info"]
    info["/Title"] = generic.pdf_string("En helt annen avtale")
    writer.update_container(info)


def _script(writer: IncrementalPdfFileWriter) -> None:
    action = dictionary({name("/S"): name("/JavaScript"), name("/JS"): generic.pdf_string("x")})
    writer.root["/OpenAction"] = writer.add_object(action)
    update_root(writer)


def _page_gone(writer: IncrementalPdfFileWriter) -> None:
    tree = writer.root["/Pages"]
    tree["/Kids"] = generic.ArrayObject([*tree["/Kids"], tree["/Kids"].raw_get(0)])
    writer.update_container(tree)


def _move_field(writer: IncrementalPdfFileWriter) -> None:
    node = field_named(writer, "Signatur2")
    node["/Rect"] = numbers(0, 0, 595, 842)
    writer.update_container(node)


def _font(writer: IncrementalPdfFileWriter) -> None:
    font = first_page(writer)["/Resources"]["/Font"]["/F1"]
    font["/BaseFont"] = name("/Symbol")
    writer.update_container(font)


def _cover_field(writer: IncrementalPdfFileWriter) -> None:
    """A new signature field, unsigned, over the whole page."""
    page = first_page(writer)
    field = writer.add_object(
        dictionary(
            {
                name("/Type"): name("/Annot"),
                name("/Subtype"): name("/Widget"),
                name("/FT"): name("/Sig"),
                name("/T"): generic.pdf_string("Ny"),
                name("/Rect"): numbers(0, 0, 595, 842),
            }
        )
    )
    page["/Annots"] = generic.ArrayObject([*page["/Annots"], field])
    writer.update_container(page)
    form = writer.root["/AcroForm"]
    form["/Fields"] = generic.ArrayObject([*form["/Fields"], field])
    writer.update_container(form)


AFTER: tuple[tuple[Callable[[IncrementalPdfFileWriter], None], str, ChangesAfter], ...] = (
    (_stamp, "annotation", ChangesAfter.ANNOTATIONS),
    (_title, "metadata", ChangesAfter.OTHER),
    (_script, "action", ChangesAfter.OTHER),
    (_page_gone, "page-added-or-removed", ChangesAfter.OTHER),
    (_move_field, "form", ChangesAfter.OTHER),
    (_font, "page-content", ChangesAfter.OTHER),
    (_cover_field, "new-field", ChangesAfter.ANNOTATIONS),
)


@pytest.mark.parametrize(("change", "what", "level"), AFTER, ids=lambda value: getattr(value, "__name__", str(value)))
def test_what_is_changed_after_signing_is_refused_by_name(
    change: Callable[[IncrementalPdfFileWriter], None],
    what: str,
    level: ChangesAfter,
    honest: bytes,
    judged: Judge,
) -> None:
    report = judged(append(honest, change))
    found = [f for f in report.findings if f.code == "SIG-006"]
    assert what in {f.params["what"] for f in found}
    assert report.signatures[0].changes_after is level
    assert report.signatures[0].intact
    assert (report.indication, report.sub_indication) == (Indication.INDETERMINATE, "SIG_CONSTRAINTS_FAILURE")
    assert decide(report.findings).verdict is Verdict.REJECTED


def test_text_laid_over_the_page_after_signing_is_refused(honest: bytes, judged: Judge) -> None:
    assert_refused(judged(overlay(honest)), "SIG-006")


def test_a_page_replaced_after_long_term_signing_is_refused(agreement: bytes, kari: Credential, judged: Judge) -> None:
    signed = sign(agreement, kari, field="Signatur1", level="B-LTA", now=NOW)
    report = judged(overlay(signed))
    assert report.indication is Indication.INDETERMINATE
    assert_refused(report, "SIG-006")


def test_a_change_that_a_second_signer_signs_over_is_refused(honest: bytes, pki: ThrowawayPki, judged: Judge) -> None:
    report = judged(sign(overlay(honest), pki.person("Ola Nordmann"), field="Signatur2", level="B-LT", now=NOW))
    assert_refused(report, "SIG-006")


def test_a_value_changed_after_signing_is_refused(kari: Credential, judged: Judge) -> None:
    issued = make_agreement(value_field=True)
    signed = sign(fill(issued, "Per Hansen"), kari, field="Signatur1", level="B-LT", now=NOW)
    report = judged(fill(signed, "Ola Svindel"), issued)
    assert next(f for f in report.findings if f.code == "SIG-007").params["changed"] == "kontakt"
    assert report.signatures[0].changes_after is ChangesAfter.FORM_FILLING
    assert_refused(report, "SIG-007")


def test_an_appearance_changed_after_signing_with_the_value_kept_is_refused(kari: Credential, judged: Judge) -> None:
    issued = make_agreement(value_field=True)
    signed = sign(fill(issued, "Per Hansen"), kari, field="Signatur1", level="B-LT", now=NOW)

    def repaint(writer: IncrementalPdfFileWriter) -> None:
        node = field_named(writer, "kontakt")
        look = generic.StreamObject(stream_data=b"BT /F1 11 Tf 2 5 Td (Ola Svindel) Tj ET")
        node["/AP"] = dictionary({name("/N"): writer.add_object(look)})
        writer.update_container(node)

    assert_refused(judged(append(signed, repaint), issued), "SIG-006")


def test_a_signature_removed_by_a_later_revision_never_leads_to_approval(
    honest: bytes, pki: ThrowawayPki, judged: Judge
) -> None:
    def remove(writer: IncrementalPdfFileWriter) -> None:
        node = field_named(writer, "Signatur1")
        del node["/V"]
        writer.update_container(node)

    unsigned = append(honest, remove)
    report = judged(unsigned)
    assert {"SIG-001", "SIG-008"} <= codes(report)
    again = judged(sign(unsigned, pki.person("Ola Nordmann"), field="Signatur2", level="B-LT", now=NOW))
    assert_refused(again, "PRV-004")
    assert "SIG-008" in codes(again)


def test_a_form_taken_away_hides_no_signature(honest: bytes, judged: Judge) -> None:
    def remove(writer: IncrementalPdfFileWriter) -> None:
        del writer.root["/AcroForm"]
        update_root(writer)

    report = judged(append(honest, remove))
    assert report.indication is Indication.NO_SIGNATURE
    assert {"SIG-001", "SIG-008"} <= codes(report)


def test_a_signature_copied_into_another_field_counts_for_nothing(honest: bytes, judged: Judge) -> None:
    def copy(writer: IncrementalPdfFileWriter) -> None:
        node = field_named(writer, "Signatur2")
        node["/V"] = field_named(writer, "Signatur1").raw_get("/V")
        writer.update_container(node)

    assert decide(judged(append(honest, copy)).findings).verdict is Verdict.REJECTED


def test_an_unsigned_copy_is_no_return(agreement: bytes, judged: Judge) -> None:
    report = judged(agreement)
    assert (report.indication, report.signatures) == (Indication.NO_SIGNATURE, ())
    assert_refused(report, "SIG-001")


# --- whom to believe --------------------------------------------------------------------------------------------------


def test_a_signature_under_another_root_is_not_believed(agreement: bytes, judged: Judge) -> None:
    stranger = ThrowawayPki.create(NOW, demo=False)
    seal = stranger.seal("Fjord Regnskap AS", "310028142")
    report = judged(sign(agreement, seal, field="Signatur1", level="B-LTA", now=NOW))
    signature = report.signatures[0]
    assert (signature.trusted, signature.signer.org_number) == (False, None)
    assert report.sub_indication == "NO_CERTIFICATE_CHAIN_FOUND"
    assert_not_approved(report, "SIG-010")
    assert_not_approved(report, "SIG-018")


def test_an_expired_certificate_is_not_believed(pki: ThrowawayPki, agreement: bytes, judged: Judge) -> None:
    old = pki.person("Kari Nordmann", options=LeafOptions(not_after=NOW - timedelta(minutes=1)))
    report = judged(sign(agreement, old, field="Signatur1", now=NOW, embed_revocation=False))
    assert report.sub_indication == "OUT_OF_BOUNDS_NO_POE"
    assert_not_approved(report, "SIG-011")


@pytest.mark.parametrize("level", ["B-T", "B-LTA"])
@pytest.mark.parametrize("policy", list(RevocationPolicy))
def test_a_time_stamp_from_after_the_end_of_the_certificate_does_not_help(
    level: Level, policy: RevocationPolicy, pki: ThrowawayPki, agreement: bytes
) -> None:
    """The engine passes this one: with a time-stamp it no longer asks whether the certificate had expired by then."""
    old = pki.person("Kari Nordmann", options=LeafOptions(not_after=NOW - timedelta(minutes=1)))
    once = sign(agreement, old, field="Signatur1", level="B-T", now=NOW - timedelta(minutes=2), options=LATE)
    signed = once if level == "B-T" else sign(once, pki.person("Ola"), field="Signatur2", level=level, now=NOW)
    trust = Trust.from_der([pki.root.der], revocation=policy, accept_demo=False)
    report = judge(signed, trust=trust, at=RECEIVED)
    assert report.signatures[0].sub_indication == "OUT_OF_BOUNDS_NO_POE"
    assert not report.signatures[0].trusted
    assert_not_approved(report, "SIG-011")


def test_a_time_stamp_from_before_the_certificate_existed_is_not_believed(
    pki: ThrowawayPki, agreement: bytes, judged: Judge
) -> None:
    young = pki.person("Kari Nordmann", options=LeafOptions(not_before=NOW - timedelta(minutes=1)))
    early = SigningOptions(timestamp=NOW - timedelta(minutes=20))
    report = judged(sign(agreement, young, field="Signatur1", level="B-T", now=NOW, options=early))
    assert report.signatures[0].best_signature_time == RECEIVED
    assert_not_approved(report, "SIG-018")


@pytest.mark.parametrize("level", ["B-B", "B-T"])
@pytest.mark.parametrize("policy", [RevocationPolicy.REQUIRE, RevocationPolicy.IF_AVAILABLE])
def test_a_revoked_issuer_is_refused_time_stamp_or_none(
    level: Level, policy: RevocationPolicy, agreement: bytes
) -> None:
    """Again the engine passes the time-stamped one."""
    pki = ThrowawayPki.create(NOW, demo=False)
    kari = pki.person("Kari Nordmann")
    pki.revoke(pki.intermediate, NOW - timedelta(minutes=30))
    signed = _sign_with_lists(agreement, kari, pki, level=level)
    report = judge(signed, trust=Trust.from_der([pki.root.der], revocation=policy, accept_demo=False), at=RECEIVED)
    assert_refused(report, "SIG-009")
    assert not report.signatures[0].trusted


@pytest.mark.parametrize("policy", [RevocationPolicy.REQUIRE, RevocationPolicy.IF_AVAILABLE])
def test_a_revoked_certificate_is_refused_whatever_the_policy(policy: RevocationPolicy, agreement: bytes) -> None:
    pki = ThrowawayPki.create(NOW, demo=False)
    kari = pki.person("Kari Nordmann")
    pki.revoke(kari, NOW - timedelta(minutes=30))
    trust = Trust.from_der([pki.root.der], revocation=policy, accept_demo=False)
    signed = _sign_with_lists(agreement, kari, pki)
    report = judge(signed, trust=trust, at=RECEIVED)
    assert report.signatures[0].revocation is Revocation.REVOKED
    assert_refused(report, "SIG-009")
    late = judge(signed, trust=trust, at=NOW + timedelta(days=30))  # the lists are stale by then, and still believed
    assert late.signatures[0].revocation is Revocation.REVOKED


def _sign_with_lists(pdf: bytes, credential: Credential, pki: ThrowawayPki, level: Level = "B-B") -> bytes:
    """Sign, then add the lists to the store: the library itself refuses to sign with what it knows to be revoked."""
    signed = sign(pdf, credential, field="Signatur1", level=level, now=NOW, embed_revocation=False)

    def add(writer: IncrementalPdfFileWriter) -> None:
        lists = [writer.add_object(generic.StreamObject(stream_data=der)) for der in pki.crls(NOW)]
        writer.root["/DSS"] = writer.add_object(
            dictionary({name("/Type"): name("/DSS"), name("/CRLs"): generic.ArrayObject(lists)})
        )
        update_root(writer)

    return append(signed, add)


def test_unknown_revocation_waits_for_a_person_where_it_is_required(
    agreement: bytes, kari: Credential, judged: Judge
) -> None:
    report = judged(sign(agreement, kari, field="Signatur1", now=NOW, embed_revocation=False))
    assert (report.indication, report.sub_indication) == (Indication.INDETERMINATE, "TRY_LATER")
    assert report.signatures[0].trusted
    assert_not_approved(report, "SIG-013")


def test_an_old_digest_is_not_believed(agreement: bytes, kari: Credential, judged: Judge) -> None:
    options = SigningOptions(digest="sha1", embed_revocation=False)
    report = judged(sign(agreement, kari, field="Signatur1", now=NOW, options=options))
    assert report.signatures[0].intact
    assert next(f for f in report.findings if f.code == "SIG-014").params["algorithm"] == "sha1"
    assert_not_approved(report, "SIG-014")


def test_a_short_key_is_not_believed(pki: ThrowawayPki, agreement: bytes, judged: Judge) -> None:
    weak = LeafOptions(key=rsa.generate_private_key(public_exponent=65537, key_size=1024))
    report = judged(sign(agreement, pki.person("Kari Nordmann", options=weak), field="Signatur1", now=NOW))
    assert_not_approved(report, "SIG-014")


def test_a_certificate_for_logging_in_does_not_sign(pki: ThrowawayPki, agreement: bytes, judged: Judge) -> None:
    login = pki.person("Kari Nordmann", options=LeafOptions(non_repudiation=False))
    report = judged(sign(agreement, login, field="Signatur1", now=NOW, embed_revocation=False))
    assert_not_approved(report, "SIG-015")


def test_without_anchors_nobody_is_trusted_and_nothing_refused_for_it(agreement: bytes, kari: Credential) -> None:
    nobody = Trust.from_der([], revocation=RevocationPolicy.IF_AVAILABLE, accept_demo=False)
    signed = sign(agreement, kari, field="Signatur1", level="B-LTA", now=NOW)
    report = judge(
        signed, trust=nobody, at=RECEIVED, issued=agreement, pages=visible(signed), issued_pages=visible(agreement)
    )
    assert codes(report) == {"SIG-012"}
    assert not any(signature.trusted for signature in report.signatures)
    assert report.indication is Indication.INDETERMINATE


def test_a_strangers_second_signature_leaves_the_first_intact(honest: bytes, pki: ThrowawayPki, judged: Judge) -> None:
    """Who should have signed is the roof's to judge; here both are simply what they are."""
    report = judged(sign(honest, pki.person("Fremmed Person"), field="Signatur2", level="B-LT", now=NOW))
    assert [(s.signer.name, s.intact, s.trusted) for s in report.signatures] == [
        ("Kari Nordmann", True, True),
        ("Fremmed Person", True, True),
    ]


# --- the throwaway infrastructure's mark ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def demo() -> ThrowawayPki:
    return ThrowawayPki.create(NOW, demo=True)


def test_a_demo_certificate_is_refused_outside_the_demo(demo: ThrowawayPki, agreement: bytes) -> None:
    signed = sign(agreement, demo.person("Kari Nordmann"), field="Signatur1", level="B-LT", now=NOW)
    outside = Trust.from_der([demo.root.der], revocation=RevocationPolicy.REQUIRE, accept_demo=False)
    report = judge(signed, trust=outside, at=RECEIVED)
    assert {str(f.params["field"]) for f in report.findings if f.code == "SIG-020"} == {"Signatur1", "DSS", "trust"}
    assert not report.signatures[0].trusted
    assert_refused(report, "SIG-020")


def test_a_demo_certificate_is_welcome_in_the_demo(demo: ThrowawayPki, agreement: bytes) -> None:
    signed = sign(agreement, demo.person("Kari Nordmann"), field="Signatur1", level="B-LTA", now=NOW)
    inside = Trust.from_der([demo.root.der], revocation=RevocationPolicy.REQUIRE, accept_demo=True)
    assert codes(judge(signed, trust=inside, at=RECEIVED)) == {"PRV-001"}


def test_a_demo_time_stamp_on_a_real_signature_is_found(demo: ThrowawayPki, honest: bytes, judged: Judge) -> None:
    report = judged(sign(honest, demo.person("Ola"), field="Signatur2", level="B-T", embed_revocation=False, now=NOW))
    assert {f.params["field"] for f in report.findings if f.code == "SIG-020"} == {"Signatur2"}


def test_a_demo_certificate_taken_out_of_the_store_again_is_still_found(
    demo: ThrowawayPki, honest: bytes, judged: Judge
) -> None:
    def add(writer: IncrementalPdfFileWriter) -> None:
        store = writer.root["/DSS"]
        certificate = writer.add_object(generic.StreamObject(stream_data=demo.root.der))
        store["/Certs"] = generic.ArrayObject([*store["/Certs"], certificate])
        writer.update_container(store)

    def take_out(writer: IncrementalPdfFileWriter) -> None:
        store = writer.root["/DSS"]
        store["/Certs"] = generic.ArrayObject(list(store["/Certs"])[:-1])
        writer.update_container(store)

    assert_refused(judged(append(append(honest, add), take_out)), "SIG-020")


# --- revocation answered on-line --------------------------------------------------------------------------------------


def _with_answer(pdf: bytes, credential: Credential, status: x509_ocsp.OCSPCertStatus) -> bytes:
    """The document with an OCSP response about the signer in its store."""
    pki = credential.pki
    revoked = status is x509_ocsp.OCSPCertStatus.REVOKED
    answer = (
        x509_ocsp.OCSPResponseBuilder()
        .add_response(
            cert=credential.certificate,
            issuer=pki.intermediate.certificate,
            algorithm=hashes.SHA256(),
            cert_status=status,
            this_update=NOW,
            next_update=NOW + timedelta(days=1),
            revocation_time=NOW - timedelta(minutes=10) if revoked else None,
            revocation_reason=None,
        )
        .responder_id(x509_ocsp.OCSPResponderEncoding.HASH, pki.intermediate.certificate)
        .sign(pki.intermediate.key, hashes.SHA256())
    )
    der = answer.public_bytes(serialization.Encoding.DER)

    def add(writer: IncrementalPdfFileWriter) -> None:
        answers = generic.ArrayObject([writer.add_object(generic.StreamObject(stream_data=der))])
        lists = generic.ArrayObject([writer.add_object(generic.StreamObject(stream_data=pki.crls(NOW)[0]))])
        signature = dictionary({name("/OCSP"): answers})
        writer.root["/DSS"] = writer.add_object(
            dictionary(
                {
                    name("/OCSPs"): answers,
                    name("/CRLs"): lists,
                    name("/VRI"): dictionary({name("/" + "A" * 40): signature}),
                }
            )
        )
        update_root(writer)

    return append(pdf, add)


@pytest.fixture
def asked(pki: ThrowawayPki) -> Credential:
    return pki.person("Kari Nordmann", options=LeafOptions(ocsp_url="http://localhost:9/ocsp"))


def test_an_answer_that_the_certificate_is_good_is_enough(agreement: bytes, asked: Credential, judged: Judge) -> None:
    signed = sign(agreement, asked, field="Signatur1", now=NOW, embed_revocation=False)
    report = judged(_with_answer(signed, asked, x509_ocsp.OCSPCertStatus.GOOD))
    assert report.findings == ()
    assert report.signatures[0].revocation is Revocation.GOOD


def test_an_answer_that_the_certificate_is_revoked_is_believed_fresh_or_stale(
    agreement: bytes, asked: Credential, trust: Trust
) -> None:
    signed = sign(agreement, asked, field="Signatur1", now=NOW, embed_revocation=False)
    revoked = _with_answer(signed, asked, x509_ocsp.OCSPCertStatus.REVOKED)
    for days in (0, 30):
        report = judge(revoked, trust=trust, at=RECEIVED + timedelta(days=days))
        assert report.signatures[0].revocation is Revocation.REVOKED
        assert_refused(report, "SIG-009")


def test_an_answer_about_somebody_else_says_nothing(
    agreement: bytes, asked: Credential, kari: Credential, judged: Judge
) -> None:
    signed = sign(agreement, asked, field="Signatur1", now=NOW)
    assert "SIG-009" not in codes(judged(_with_answer(signed, kari, x509_ocsp.OCSPCertStatus.REVOKED)))
