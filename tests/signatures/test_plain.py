"""References are read off the bytes of unchanged objects: exactly those that parsing finds, however they are hidden."""

import io
import re
from typing import Any

import pikepdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.misc import PdfReadError

from signatures.changes import compare
from signatures.document import Document, open_document, references_in
from signatures.kinds import ChangeKind
from signatures.plain import MAX_PLAIN_BYTES, plain_references
from tests.signatures.papers import append_objects, fill, make_agreement

ISSUED = make_agreement(value_field=True, tagged=True)
KEY = (90, 0)
READER = open_document(ISSUED).reader

BLANK = st.sampled_from([b" ", b"\n", b"\r\n", b"\x00", b"\t", b"", b" % 7 0 R\n", b"\x0c"])
SCALAR = st.sampled_from(
    [
        b"5 0 R", b"17 0 R", b"4 65535 R", b"5\n0\nR", b"5 0 R9", b"5 0 RX", b"005 0 R", b"123456789 0 R",
        b"5 00000000 R", b"1", b"-1.5", b".5", b"+7", b"5 0", b"R", b"true", b"false", b"null", b"/Name", b"/R",
        b"/endobj", b"/A#20B", b"/", b"/5", b"(text)", b"(6 0 R)", b"(see 6 0 R there)", b"(endobj)", b"(a\\)6 0 R )",
        b"((a) 6 0 R )", b"(\\051 6 0 R )", b"(\\\n)", b"(%)", b"(\xff\xfe)", b"<36203020>", b"<36 20 3>", b"<>",
        b"<6 0 R>", b"/stream", b"endobj", b"{6 0 R}", b"/\xc3\xa5",
    ]
)  # fmt: skip


def _composites(inner: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    pieces = st.lists(st.tuples(BLANK, inner).map(b"".join), max_size=5).map(b"".join)
    # No key twice: the engine refuses that, while here both values are followed, which compares more and never less.
    keys = st.sampled_from([b"/K", b"/P ", b"/endobj ", b"/A#42"])
    keyed = st.lists(st.tuples(keys, BLANK, inner), unique_by=lambda parts: parts[0])
    arrays = pieces.map(lambda body: b"[" + body + b"]")
    return arrays | keyed.map(lambda items: b"<<" + b" ".join(map(b"".join, items)) + b">>")


VALUE = st.recursive(SCALAR, _composites, max_leaves=12)


def _parsed(body: bytes) -> Any:
    """As the engine reads an object, or None where it does not."""
    try:
        return generic.read_object(io.BytesIO(body), generic.Reference(*KEY, READER))
    except Exception:  # noqa: BLE001 - hostile bytes make it raise anything
        return None


def _plain(body: bytes) -> tuple[tuple[int, int], ...] | None:
    return plain_references(b"%PDF-1.7\n90 0 obj\n" + body, 9, KEY)


@settings(max_examples=500, deadline=None)
@given(value=VALUE, blank=BLANK)
def test_whatever_is_read_off_the_bytes_is_what_parsing_finds(value: bytes, blank: bytes) -> None:
    body = value + blank + b" endobj\n91 0 obj\n[6 0 R]\nendobj\n"
    plain, parsed = _plain(body), _parsed(body)
    if plain is not None and parsed is not None:
        assert sorted(plain) == sorted(references_in(parsed))


LENGTHS = st.sampled_from(
    [
        b"/Length 9",
        b"/Length 8",
        b"/Length 5 0 R",
        b"/Length1 9",
        b"/Length 9 /Length 8",
        b"/L#65ngth 9",
        b"(/Length 9)",
    ]
)
LINES = st.sampled_from([b"\n", b"\r\n", b"\r", b" \n", b"\r\r\n", b"\n\n", b" ", b"%\n", b""])


@settings(max_examples=1000, deadline=None)
@given(lengths=st.lists(LENGTHS, max_size=2), value=VALUE, before=LINES, after=LINES, last=LINES)
def test_of_a_stream_the_dictionary_counts(
    lengths: list[bytes], value: bytes, before: bytes, after: bytes, last: bytes
) -> None:
    dictionary = b"<< /K " + value + b" " + b" ".join(lengths) + b" >>"
    body = dictionary + b"\nstream" + before + b"[7 0 R] )" + after + b"endstream" + last + b"endobj\n"
    plain, parsed = _plain(body), _parsed(body)
    if plain is not None:
        assert isinstance(parsed, generic.StreamObject), "what can't be read is left to the parser"
        assert sorted(plain) == sorted(references_in(parsed))


def test_a_stream_is_plain_if_its_length_leads_to_its_end() -> None:
    body = b"<< /Length 9 /Length1 4 /A 5 0 R >>\nstream\n[7 0 R] )\nendstream\nendobj"
    assert _plain(body) == ((5, 0),)
    assert _plain(body.replace(b"/Length 9", b"/Length 8")) is None
    assert _plain(body.replace(b"/Length 9", b"/Length 6 0 R")) is None
    assert _plain(body.replace(b"/Length1", b"/Length")) is None


@pytest.mark.parametrize("pdf", [ISSUED, fill(ISSUED, "Per \\(Hansen\\)"), make_agreement(pages=3, tagged=True)])
def test_in_honest_files_most_objects_are_plain_and_their_references_right(pdf: bytes) -> None:
    document = open_document(pdf)
    keys = {(int(number), 0) for number in re.findall(rb"\n(\d+) 0 obj", pdf)}
    plain = {key: _plain_of(document, pdf, key) for key in keys}
    assert sum(found is not None for found in plain.values()) > len(keys) // 2
    for key, found in plain.items():
        parsed = references_in(document.version(key, document.last).value)
        assert found is None or sorted(found) == sorted(parsed)


def _plain_of(document: Document, pdf: bytes, key: tuple[int, int]) -> tuple[tuple[int, int], ...] | None:
    marker = document.marker(key, document.last)
    assert isinstance(marker, int)
    return plain_references(pdf, marker, key)


@pytest.mark.parametrize(
    "body",
    [
        b"<< /endobj 5 0 R >> endobj",
        b"<< /A (endobj) /B [ (endobj) 5 0 R ] /C << /D 5 0 R >> >> endobj",
        b"<< /A (a \\) 7 0 R) /B 5 0 R >> endobj",
    ],
)
def test_words_in_names_and_strings_end_no_object_and_are_no_references(body: bytes) -> None:
    assert set(_plain(body) or ()) == {(5, 0)}


@pytest.mark.parametrize(
    "body",
    [
        b"[5 %\n0 R] endobj",
        b"<< >>\nstream\n\nendstream endobj",
        b"<< /A#42 5 0 R >> endobj",
        b"[((nested) 5 0 R)] endobj",
        b"[5\x000 R] endobj",
        b"[5 0 R9] endobj",
        b"[[[[[5 0 R]]]]] endobj",
        b"[5 0 R] 6 0 R endobj",
        b"<< /A 5 0 R",
        b"[" + b"5 0 R " * (MAX_PLAIN_BYTES // 6) + b"] endobj",
    ],
)
def test_what_is_not_plain_is_left_to_the_parser(body: bytes) -> None:
    assert _plain(body) is None


def test_an_object_that_says_it_is_another_is_left_to_the_parser() -> None:
    assert plain_references(b"91 0 obj [5 0 R] endobj", 0, KEY) is None


# --- forged: the terms (object 95) are changed by a later revision, and only an unchanged object leads there ----------

LEADS = {
    "plainly": b"<< /Leads 95 0 R >>",
    "behind a name like the end": b"<< /endobj 1 /Leads 95 0 R >>",
    "behind a string like the end": b"<< /A (endobj) /Leads 95 0 R >>",
    "behind a nested string": b"<< /A ((endobj) >> endobj) /Leads 95 0 R >>",
    "behind a comment": b"<< % endobj\n/Leads 95 0 R >>",
    "by an escaped name": b"<< /L#65ads 95 0 R >>",
    "before a digit": b"[ 95 0 R9 ]",
    "by way of two": b"<< /A << /B [ << /C [ [ [ 95 0 R ] ] ] >> ] >> >>",
    "from a stream": b"<< /Length 3 /Leads 95 0 R >>\nstream\nabc\nendstream",
    "over another line": b"<< /Leads 95\r\n0\nR >>",
}


def _leading(body: bytes, terms: bytes = b"3") -> bytes:
    """An issued document whose catalogue leads to object 94, and that, perhaps, to the terms in 95."""
    catalogue = re.search(rb"\n1 0 obj\n<<(.*?)>>\nendobj", ISSUED, re.DOTALL)
    assert catalogue is not None
    return append_objects(ISSUED, {1: b"<<" + catalogue[1] + b" /Custom 94 0 R >>", 94: body, 95: terms})


def _refused(pdf: bytes) -> set[ChangeKind]:
    document = open_document(pdf)
    return {change.kind for change in compare(document, document.last) if not change.allowed}


@pytest.mark.parametrize("body", LEADS.values(), ids=LEADS.keys())
def test_a_number_given_to_something_else_later_is_seen_however_it_is_led_to(body: bytes) -> None:
    assert _refused(append_objects(_leading(body), {95: b"2"})) == {ChangeKind.CATALOGUE}


@pytest.mark.parametrize(
    "body", [b"[ 95 % endobj\n0 R 95 0 R ]", b"<< /Length 95 0 R >>\nstream\nabc\nendstream"], ids=["comment", "length"]
)
def test_or_the_engine_can_not_read_the_file_at_all(body: bytes) -> None:
    with pytest.raises(PdfReadError):
        _refused(append_objects(_leading(body), {95: b"2"}))


def test_freeing_what_an_unchanged_object_leads_to_is_seen() -> None:
    pdf = _leading(LEADS["plainly"])
    freed = append_objects(pdf, {96: b"null"}).replace(b"xref\n96 1\n", b"xref\n95 1\n0000000000 00001 f \n96 1\n")
    assert open_document(freed).marker((95, 0), 2) is None
    assert _refused(freed) == {ChangeKind.CATALOGUE}


def test_adding_what_an_unchanged_object_already_led_to_is_seen() -> None:
    assert _refused(append_objects(_leading(b"<< /Leads 99 0 R >>"), {99: b"(new terms)"})) == {ChangeKind.CATALOGUE}


def test_a_reference_in_a_string_leads_nowhere() -> None:
    assert _refused(append_objects(_leading(b"<< /A (see 95 0 R there) /B <39352030205220> >>"), {95: b"2"})) == set()


def test_what_leads_there_from_within_an_object_stream_is_seen() -> None:
    output = io.BytesIO()
    with pikepdf.open(io.BytesIO(_leading(LEADS["plainly"]))) as pdf:
        pdf.save(output, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    issued = output.getvalue()
    number = next(n for n in range(1, 40) if _custom_leads_to(open_document(issued), n))
    assert not isinstance(open_document(issued).marker(_custom_key(open_document(issued)), 0), int)
    assert _refused(append_objects(issued, {number: b"2"})) == {ChangeKind.CATALOGUE}


def _custom_key(document: Document) -> tuple[int, int]:
    reference = document.root(document.last).raw_get("/Custom")
    return reference.idnum, reference.generation


def _custom_leads_to(document: Document, number: int) -> bool:
    return (number, 0) in document.references(_custom_key(document), document.last)


def test_in_a_hybrid_file_what_only_its_stream_names_counts_as_touched() -> None:
    pdf = _leading(LEADS["plainly"])
    start = len(pdf)
    hidden = b"95 0 obj\n2\nendobj\n"
    rows = b"\x01" + start.to_bytes(4, "big") + b"\x00"
    stream_at = start + len(hidden)
    stream = (
        b"97 0 obj\n<< /Type /XRef /Size 98 /W [1 4 1] /Index [95 1] /Length 6 >>\nstream\n" + rows
        + b"\nendstream\nendobj\n"
    )  # fmt: skip
    previous = re.findall(rb"startxref\s+(\d+)", pdf)[-1]
    table = b"xref\n0 0\ntrailer\n<< /Size 98 /Root 1 0 R /Prev %s /XRefStm %d >>\n" % (previous, stream_at)
    table_at = stream_at + len(stream)
    hybrid = pdf + hidden + stream + table + b"startxref\n%d\n%%%%EOF\n" % table_at
    document = open_document(hybrid)
    assert document.lenient
    assert (95, 0) in document.touched(document.last)
    assert _refused(hybrid) == {ChangeKind.CATALOGUE}


@pytest.mark.parametrize("pdf", [ISSUED, fill(fill(ISSUED, "a"), "b"), _leading(LEADS["plainly"])])
def test_objects_lie_where_the_engine_says_in_every_revision(pdf: bytes) -> None:
    freed = append_objects(pdf, {96: b"null"}).replace(b"xref\n96 1\n", b"xref\n5 1\n0000000000 00001 f \n96 1\n")
    for document in (open_document(pdf), open_document(freed)):
        for number in range(100):
            for generation in (0, 1):
                reference = generic.Reference(number, generation, document.reader)
                for revision in range(document.last + 1):
                    said = document.reader.xrefs.get_historical_ref(reference, revision)
                    assert document.marker((number, generation), revision) == said
