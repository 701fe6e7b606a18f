"""Every signature is found, whatever its kind, and a broken one hides no other."""

import io
import re
from typing import Any

import pikepdf
import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from agreements.decision import Verdict, decide
from agreements.signature_report import Indication, SignatureKind
from signatures import document as document_module
from signatures import fields as fields_module
from signatures.cms import CmsError, parse_pdf_date, read_cms
from signatures.document import EncryptedError, TooManyError, UnreadableError, open_document
from signatures.fields import collect_fields, is_visible
from signatures.judge import judge
from signatures.throwaway import Credential, ThrowawayPki, sign
from signatures.trust import Trust
from tests.signatures.conftest import Judge
from tests.signatures.papers import NOW, RECEIVED, append, dictionary, field_named, make_agreement, name, numbers


@pytest.fixture(scope="module")
def kari(pki: ThrowawayPki) -> Credential:
    return pki.person("Kari Nordmann")


@pytest.mark.parametrize("kind", [b"adbe.x509.rsa_sha1", b"adbe.pkcs7.sha1", b"Some.Other.Kind.xyz"])
def test_a_kind_we_do_not_know_is_a_finding_and_hides_no_other(
    kind: bytes, agreement: bytes, kari: Credential, trust: Trust
) -> None:
    once = sign(agreement, kari, field="Signatur1", embed_revocation=False, now=NOW)
    odd = once.replace(b"/ETSI.CAdES.detached", b"/" + kind.ljust(len(b"ETSI.CAdES.detached")), 1)
    report = judge(sign(odd, kari, field="Signatur2", now=NOW), trust=trust, at=RECEIVED)
    first, second = report.signatures
    assert (first.indication, first.trusted) == (Indication.INDETERMINATE, False)
    assert (second.field, second.indication) == ("Signatur2", Indication.TOTAL_PASSED)
    assert [f.params for f in report.findings if f.code == "SIG-016"] == [
        {"field": "Signatur1", "detail": kind.decode()}
    ]


def test_a_signature_without_a_kind_is_a_finding(agreement: bytes, kari: Credential, trust: Trust) -> None:
    signed = sign(agreement, kari, field="Signatur1", embed_revocation=False, now=NOW)
    report = judge(signed.replace(b"/SubFilter", b"/SomeOther"), trust=trust, at=RECEIVED)
    assert [f.params["detail"] for f in report.findings if f.code == "SIG-016"] == ["no SubFilter"]


def test_a_broken_message_is_a_finding_on_that_signature_alone(
    agreement: bytes, kari: Credential, trust: Trust
) -> None:
    once = sign(agreement, kari, field="Signatur1", embed_revocation=False, now=NOW)
    broken = re.sub(rb"(?i)06092a864886f70d010702", b"06092a864886f70d010703", once, count=1)
    report = judge(sign(broken, kari, field="Signatur2", now=NOW), trust=trust, at=RECEIVED)
    assert [s.indication for s in report.signatures] == [Indication.TOTAL_FAILED, Indication.TOTAL_PASSED]
    assert report.indication is Indication.TOTAL_FAILED
    assert "SIG-016" in {f.code for f in report.findings}


def test_only_a_time_stamp_is_no_signature(agreement: bytes, kari: Credential, trust: Trust) -> None:
    signed = sign(agreement, kari, field="Signatur1", level="B-LTA", now=NOW)

    def unhang(writer: IncrementalPdfFileWriter) -> None:
        node = field_named(writer, "Signatur1")
        del node["/V"]
        writer.update_container(node)

    report = judge(append(signed, unhang), trust=trust, at=RECEIVED)
    assert [s.kind for s in report.signatures] == [SignatureKind.DOCUMENT_TIMESTAMP]
    assert report.indication is Indication.NO_SIGNATURE
    assert decide(report.findings).verdict is Verdict.REJECTED


def test_a_field_without_a_kind_that_holds_a_signature_is_found(
    agreement: bytes, kari: Credential, trust: Trust
) -> None:
    signed = sign(agreement, kari, field="Signatur1", embed_revocation=False, now=NOW)

    def strip(writer: IncrementalPdfFileWriter) -> None:
        node = field_named(writer, "Signatur1")
        del node["/FT"]
        writer.update_container(node)

    report = judge(append(signed, strip), trust=trust, at=RECEIVED)
    assert [s.field for s in report.signatures] == ["Signatur1"]


def test_a_file_encrypted_with_an_empty_password_is_read(kari: Credential, judged: Judge) -> None:
    output = io.BytesIO()
    with pikepdf.open(io.BytesIO(make_agreement())) as pdf:
        pdf.save(
            output,
            encryption=pikepdf.Encryption(owner="eier", user="", R=4, aes=True),
            object_stream_mode=pikepdf.ObjectStreamMode.disable,
        )
    document = open_document(output.getvalue())
    assert "Signatur1" in collect_fields(document, document.last)
    assert judged(output.getvalue()).indication is Indication.NO_SIGNATURE


def test_a_file_that_asks_for_a_password_is_told_apart(trust: Trust) -> None:
    output = io.BytesIO()
    with pikepdf.open(io.BytesIO(make_agreement())) as pdf:
        pdf.save(output, encryption=pikepdf.Encryption(owner="eier", user="hemmelig", R=6))
    with pytest.raises(EncryptedError):
        open_document(output.getvalue())
    report = judge(output.getvalue(), trust=trust, at=RECEIVED)
    assert report.findings[0].code == "INT-005"
    assert report.indication is Indication.TOTAL_FAILED


def test_a_file_that_breaks_the_standard_a_little_is_read_with_a_note(
    agreement: bytes, kari: Credential, judged: Judge
) -> None:
    sloppy = agreement.replace(b"\nendobj\n2 0 obj", b"\nendobx\n2 0 obj", 1)
    with pytest.raises(UnreadableError):
        open_document(b"%PDF-1.7\n" + b"x" * 100)
    table = agreement.replace(b"0000000000 65535 f", b"0000000000 99999 f", 1)
    assert open_document(sloppy).last == 0
    report = judged(table, issued=table)
    assert {"SIG-001", "SIG-019"} == {f.code for f in report.findings}


def test_too_many_objects_and_fields_end_the_work(monkeypatch: pytest.MonkeyPatch, agreement: bytes) -> None:
    monkeypatch.setattr(document_module, "MAX_OBJECT_READS", 3)
    with pytest.raises(TooManyError, match="objects"):
        collect_fields(open_document(agreement), 0)
    monkeypatch.undo()
    monkeypatch.setattr(fields_module, "MAX_FIELDS", 1)
    with pytest.raises(TooManyError, match="fields"):
        collect_fields(open_document(agreement), 0)


def test_fields_are_found_in_trees_loops_and_doubles() -> None:
    def change(writer: IncrementalPdfFileWriter) -> None:
        kid = dictionary({name("/T"): generic.pdf_string("navn"), name("/Rect"): numbers(0, 0, 9, 9)})
        widget = dictionary({name("/Rect"): numbers(0, 0, 0, 0)})
        group = dictionary({name("/T"): generic.pdf_string("gruppe"), name("/FT"): name("/Tx")})
        reference = writer.add_object(group)
        group["/Kids"] = generic.ArrayObject([writer.add_object(kid), writer.add_object(widget), reference])
        form = writer.root["/AcroForm"]
        double = writer.add_object(dictionary({name("/T"): generic.pdf_string("Signatur1"), name("/FT"): name("/Tx")}))
        form["/Fields"] = generic.ArrayObject([*form["/Fields"], reference, double, generic.NullObject()])
        writer.update_container(form)

    document = open_document(append(make_agreement(), change))
    found = collect_fields(document, document.last)
    assert set(found) == {"Signatur1", "Signatur2", "Signatur1#2", "gruppe", "gruppe.navn"}
    assert found["gruppe.navn"].kind == "/Tx"
    assert [is_visible(document, widget, 1) for _, widget in found["gruppe"].widgets] == [False]
    assert not is_visible(document, dictionary({}), 1)
    assert is_visible(document, dictionary({name("/Rect"): generic.pdf_string("x")}), 1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("D:20260302110000+01'00'", NOW),
        ("D:20260302100000Z", NOW),
        ("D:20260302093000-00'30'", NOW),
        ("D:20260302", NOW.replace(hour=0)),
        ("D:20261302", None),
        ("2 March", None),
        (None, None),
    ],
)
def test_pdf_dates_are_read_in_utc(text: str | None, expected: Any) -> None:
    assert parse_pdf_date(text) == expected


@pytest.mark.parametrize(
    "data",
    [b"", b"\x30\x00", b"\x30\x80\x00\x00", bytes.fromhex("300b06092a864886f70d010701"), b"\x30\x82\xff\xff" * 9],
)
def test_what_is_no_message_is_an_error_of_its_own(data: bytes) -> None:
    with pytest.raises(CmsError):
        read_cms(data)


def test_a_time_stamp_copied_from_another_document_is_told_and_not_listed(
    pki: ThrowawayPki, trust: Trust, agreement: bytes
) -> None:
    """It is genuine, and says something about other bytes."""
    signed = sign(agreement, pki.person("Kari Nordmann"), field="Signatur1", level="B-LTA", now=NOW)
    other = sign(agreement, pki.person("Ola Nordmann"), field="Signatur1", level="B-LTA", now=NOW)
    _, start, end, _ = [int(n) for n in re.findall(rb"/ByteRange\s*\[(\d+) (\d+) (\d+) (\d+)", signed)[-1]]
    _, first, last, _ = [int(n) for n in re.findall(rb"/ByteRange\s*\[(\d+) (\d+) (\d+) (\d+)", other)[-1]]
    assert end - start == last - first
    copied = signed[:start] + other[first:last] + signed[end:]
    report = judge(copied, trust=trust, at=RECEIVED)
    assert [(s.kind, s.intact) for s in report.signatures] == [(SignatureKind.SIGNATURE, True)]
    assert report.indication is Indication.TOTAL_PASSED
    assert "SIG-018" in {finding.code for finding in report.findings}
    honest = judge(signed, trust=trust, at=RECEIVED)
    assert [s.kind for s in honest.signatures] == [SignatureKind.SIGNATURE, SignatureKind.DOCUMENT_TIMESTAMP]
