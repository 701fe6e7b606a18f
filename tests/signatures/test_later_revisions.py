"""What a later revision may do, and what it may not: compared as a reader sees it."""

import io
import re
from collections.abc import Callable
from typing import Any

import pikepdf
import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from signatures import pairs as pairs_module
from signatures.changes import compare
from signatures.document import TooManyError, open_document
from signatures.kinds import ChangeKind
from tests.signatures.papers import (
    append,
    append_objects,
    dictionary,
    field_named,
    fill,
    first_page,
    make_agreement,
    name,
    numbers,
    update_root,
)

Change = Callable[[IncrementalPdfFileWriter], None]
ISSUED = make_agreement(value_field=True, tagged=True)


def kinds(change: Change, pdf: bytes = ISSUED) -> set[ChangeKind]:
    """What one revision changed, the mere presence of it aside."""
    document = open_document(append(pdf, change))
    return {found.kind for found in compare(document, document.last)} - {ChangeKind.LONG_TERM}


def text(value: str) -> Any:
    return generic.pdf_string(value)


def root_entry(key: str, value: Any) -> Change:
    def change(writer: IncrementalPdfFileWriter) -> None:
        writer.root[key] = value
        update_root(writer)

    return change


def page_entry(key: str, value: Any) -> Change:
    def change(writer: IncrementalPdfFileWriter) -> None:
        page = first_page(writer)
        page[key] = value
        writer.update_container(page)

    return change


def field_entry(field: str, key: str, value: Any) -> Change:
    def change(writer: IncrementalPdfFileWriter) -> None:
        node = field_named(writer, field)
        node[key] = value
        writer.update_container(node)

    return change


def form_entry(key: str, value: Any) -> Change:
    def change(writer: IncrementalPdfFileWriter) -> None:
        form = writer.root["/AcroForm"]
        form[key] = value
        writer.update_container(form)

    return change


def nothing(writer: IncrementalPdfFileWriter) -> None:
    writer.update_container(first_page(writer))


def orphan(writer: IncrementalPdfFileWriter) -> None:
    writer.add_object(text("nobody refers to this"))


UPKEEP: dict[str, Change] = {
    "an object written again as it was": nothing,
    "an object nobody refers to": orphan,
    "a version": root_entry("/Version", name("/2.0")),
    "extensions": root_entry("/Extensions", dictionary({})),
    "a null": root_entry("/Names", generic.NullObject()),
    "a date on the page": page_entry("/LastModified", text("D:20260302")),
    "an empty store": root_entry("/DSS", dictionary({name("/VRI"): dictionary({})})),
    "the signature flags": form_entry("/SigFlags", generic.NumberObject(1)),  # type: ignore[no-untyped-call]
}


@pytest.mark.parametrize("change", UPKEEP.values(), ids=UPKEEP)
def test_what_shows_nothing_is_no_change(change: Change) -> None:
    assert kinds(change) == set()


REFUSED: dict[str, tuple[Change, ChangeKind]] = {
    "rotation": (page_entry("/Rotate", generic.NumberObject(180)), ChangeKind.PAGE),  # type: ignore[no-untyped-call]
    "a smaller page": (page_entry("/CropBox", numbers(0, 0, 10, 10)), ChangeKind.PAGE),
    "an action of the page": (page_entry("/AA", dictionary({})), ChangeKind.ACTION),
    "layers": (root_entry("/OCProperties", dictionary({})), ChangeKind.CATALOGUE),
    "a viewer's preference": (root_entry("/ViewerPreferences", dictionary({})), ChangeKind.CATALOGUE),
    "associated files": (root_entry("/AF", generic.ArrayObject([])), ChangeKind.ATTACHMENT),
    "another kind of form": (form_entry("/XFA", text("x")), ChangeKind.FORM),
    "default fonts where fields have text": (form_entry("/DA", text("/F9 99 Tf")), ChangeKind.FORM),
    "a value": (field_entry("kontakt", "/V", text("x")), ChangeKind.VALUE),
    "a look without a value": (field_entry("kontakt", "/AP", dictionary({})), ChangeKind.APPEARANCE),
    "a look of an empty signature": (field_entry("Signatur2", "/AP", dictionary({})), ChangeKind.APPEARANCE),
    "a field's place": (field_entry("kontakt", "/Rect", numbers(0, 0, 500, 500)), ChangeKind.FORM),
    "a field's kind": (field_entry("kontakt", "/FT", name("/Btn")), ChangeKind.FORM),
    "a flag of a field": (field_entry("kontakt", "/Ff", generic.NumberObject(8192)), ChangeKind.FORM),  # type: ignore[no-untyped-call]
    "a flag of an empty signature": (field_entry("Signatur2", "/Ff", generic.NumberObject(1)), ChangeKind.FORM),  # type: ignore[no-untyped-call]
    "a field's name": (field_entry("kontakt", "/T", text("annet")), ChangeKind.FORM),
    "a false signature": (field_entry("Signatur2", "/V", dictionary({})), ChangeKind.SIGNATURE),
    "an annotation gone": (page_entry("/Annots", generic.ArrayObject([])), ChangeKind.ANNOTATION),
}


@pytest.mark.parametrize(("change", "kind"), REFUSED.values(), ids=REFUSED)
def test_what_shows_something_is_named(change: Change, kind: ChangeKind) -> None:
    assert kind in kinds(change)


def test_the_form_taken_away_is_a_change_of_the_form() -> None:
    def change(writer: IncrementalPdfFileWriter) -> None:
        del writer.root["/AcroForm"]
        update_root(writer)

    assert ChangeKind.FORM in kinds(change)


def test_a_catalogue_that_is_none_is_a_change_of_the_catalogue() -> None:
    def change(writer: IncrementalPdfFileWriter) -> None:
        page = first_page(writer)
        page["/Contents"] = generic.NullObject()
        writer.update_container(page)

    assert kinds(change) == {ChangeKind.PAGE}


def test_an_object_with_two_parts_to_play_is_compared_in_both() -> None:
    """A stream that is a field's value and the page's content: filling the field must not carry the page along."""

    def share(writer: IncrementalPdfFileWriter) -> None:
        node, page = field_named(writer, "kontakt"), first_page(writer)
        node["/V"] = page.raw_get("/Contents")
        writer.update_container(node)

    def change(writer: IncrementalPdfFileWriter) -> None:
        contents = first_page(writer)["/Contents"]
        contents._data = b"BT /F1 11 Tf 72 700 Td (Ansvar: ubegrenset) Tj ET"
        contents._encoded_data = None
        writer.update_container(contents)

    expected = {ChangeKind.VALUE, ChangeKind.APPEARANCE, ChangeKind.PAGE}
    assert kinds(change, append(ISSUED, share)) == expected  # a value that is no text can't be shown either


def test_a_value_carries_its_appearance_with_it() -> None:
    document = open_document(fill(ISSUED, "Per Hansen"))
    found = [change for change in compare(document, document.last) if change.kind is not ChangeKind.LONG_TERM]
    assert [(change.kind, change.where, change.page, change.revision) for change in found] == [
        (ChangeKind.VALUE, "kontakt", 1, 2)
    ]


def test_what_a_tag_says_may_not_change() -> None:
    def change(writer: IncrementalPdfFileWriter) -> None:
        element = writer.root["/StructTreeRoot"]["/K"][0]
        element["/Alt"] = text("noe annet")
        writer.update_container(element)

    assert kinds(change) == {ChangeKind.STRUCTURE}


@pytest.mark.parametrize(("title", "expected"), [("Avtale", set()), ("Noe annet", {ChangeKind.METADATA})])
def test_of_the_metadata_the_title_counts(title: str, expected: set[ChangeKind]) -> None:
    packet = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title><rdf:Alt>'
        f"<rdf:li>{title}</rdf:li></rdf:Alt></dc:title></rdf:Description></rdf:RDF></x:xmpmeta>"
    )

    assert _kinds_of_metadata(packet.encode()) == expected


def test_metadata_that_is_no_xml_counts_as_a_whole() -> None:
    assert _kinds_of_metadata(b"<broken") == {ChangeKind.METADATA}


def _kinds_of_metadata(packet: bytes) -> set[ChangeKind]:
    catalogue = re.search(rb"\n1 0 obj\n<<(.*?)>>\nendobj", ISSUED, re.DOTALL)
    assert catalogue is not None
    stream = b"<< /Length %d >>\nstream\n%s\nendstream" % (len(packet), packet)
    changed = append_objects(ISSUED, {1: b"<<" + catalogue[1] + b" /Metadata 90 0 R >>", 90: stream})
    document = open_document(changed)
    return {found.kind for found in compare(document, document.last)} - {ChangeKind.LONG_TERM}


def test_an_object_stream_written_anew_changes_what_it_holds() -> None:
    """No object inside is mentioned by the new revision, and the engine reads the new content as the old."""
    output = io.BytesIO()
    with pikepdf.open(io.BytesIO(make_agreement())) as pdf:
        pdf.save(output, object_stream_mode=pikepdf.ObjectStreamMode.generate, compress_streams=False)
    issued = output.getvalue()
    stream = re.search(rb"\n(\d+) 0 obj\n(<< /Type /ObjStm.*?endstream)", issued, re.DOTALL)
    assert stream is not None
    assert b"/Helvetica" in stream[2]
    forged = append_objects(issued, {int(stream[1]): stream[2].replace(b"/Helvetica", b"/Symbolics")})
    document = open_document(forged)
    assert [c.where for c in compare(document, document.last) if not c.allowed] == [f"object stream {int(stream[1])}"]


def test_objects_that_lead_to_each_other_many_times_are_compared_once() -> None:
    """Sixty steps, two ways each: following every path would never end (facts 1.6)."""

    def diamonds(writer: IncrementalPdfFileWriter) -> None:
        below: Any = text("end")
        for _ in range(60):
            reference = writer.add_object(below)
            below = generic.ArrayObject([reference, reference])
        root_entry("/Custom", writer.add_object(below))(writer)

    grown = append(ISSUED, diamonds)
    assert kinds(nothing, grown) == set()


def test_work_beyond_the_bound_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pairs_module, "MAX_COMPARISONS", 5)
    document = open_document(append(ISSUED, nothing))
    with pytest.raises(TooManyError) as raised:
        compare(document, 1)
    assert (raised.value.what, raised.value.limit) == ("comparisons", 5)


def test_a_page_that_grows_a_second_one_is_seen() -> None:
    def change(writer: IncrementalPdfFileWriter) -> None:
        tree = writer.root["/Pages"]
        tree["/Kids"] = generic.ArrayObject([writer.add_object(dictionary({name("/Type"): name("/Page")}))])
        writer.update_container(tree)

    assert ChangeKind.PAGE in kinds(change)


def test_a_page_replaced_by_something_else_is_seen() -> None:
    def change(writer: IncrementalPdfFileWriter) -> None:
        tree = writer.root["/Pages"]
        tree["/Kids"] = generic.ArrayObject([writer.add_object(text("no page"))])
        writer.update_container(tree)

    assert ChangeKind.PAGE in kinds(change)
