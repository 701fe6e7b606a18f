"""What may be done to single fields: filled with what they show, signed in their place, and nothing else."""

import io
from collections.abc import Callable
from typing import Any

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, Pdf, String
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from signatures.changes import compare
from signatures.document import open_document
from signatures.kinds import Change, ChangeKind
from tests.signatures.papers import append, dictionary, field_named, first_page, make_agreement, name, numbers

Writer = IncrementalPdfFileWriter


def text(value: str) -> Any:
    return generic.pdf_string(value)


def number(value: int) -> Any:
    return generic.NumberObject(value)  # type: ignore[no-untyped-call]


def array(*items: Any) -> Any:
    return generic.ArrayObject(items)


def form() -> bytes:
    """A check box, two ticks of which one holds, a list to choose from, a text in two places, fields below a field."""
    output = io.BytesIO()
    with pikepdf.open(io.BytesIO(make_agreement(tagged=True))) as pdf:
        fields = [
            _box(pdf, "enig", Array([72, 300, 84, 312]), "Ja"),
            _choice(pdf),
            _twice(pdf),
            _radio(pdf),
        ]
        pdf.Root.AcroForm.Fields.extend(fields)
        tags = pdf.Root.StructTreeRoot
        tags.ParentTree = pdf.make_indirect(Dictionary(Nums=Array([0, tags.K[0].K[0]])))
        pdf.save(output, object_stream_mode=pikepdf.ObjectStreamMode.disable, compress_streams=False, static_id=True)
    return output.getvalue()


def _look(pdf: Pdf, content: bytes, width: int = 12) -> pikepdf.Object:
    look = pdf.make_stream(content)
    look.Type, look.Subtype, look.BBox = Name.XObject, Name.Form, Array([0, 0, width, 12])
    return look


def _widget(pdf: Pdf, rectangle: Array, **entries: Any) -> pikepdf.Object:
    page = pdf.pages[0].obj
    widget = pdf.make_indirect(Dictionary(Type=Name.Annot, Subtype=Name.Widget, F=4, P=page, Rect=rectangle, **entries))
    page.Annots.append(widget)
    return widget


def _states(pdf: Pdf, on: str) -> Dictionary:
    states = Dictionary(Off=_look(pdf, b"\n"))
    states[f"/{on}"] = _look(pdf, b"0 0 m 12 12 l S")
    return Dictionary(N=states)


def _box(pdf: Pdf, title: str, rectangle: Array, on: str) -> pikepdf.Object:
    return _widget(pdf, rectangle, FT=Name.Btn, T=String(title), AP=_states(pdf, on), AS=Name.Off, V=Name.Off)


def _choice(pdf: Pdf) -> pikepdf.Object:
    options = Array([Array([String("NN"), String("Nynorsk")]), Array([String("NB"), String("Bokmål")])])
    return _widget(pdf, Array([72, 320, 200, 332]), FT=Name.Ch, Ff=1 << 17, T=String("form"), Opt=options)


def _twice(pdf: Pdf) -> pikepdf.Object:
    field = pdf.make_indirect(Dictionary(FT=Name.Tx, T=String("to"), Kids=Array()))
    for bottom in (340, 360):
        field.Kids.append(_widget(pdf, Array([72, bottom, 200, bottom + 12]), Parent=field))
    return field


def _radio(pdf: Pdf) -> pikepdf.Object:
    field = pdf.make_indirect(Dictionary(FT=Name.Btn, Ff=1 << 15, T=String("valg"), V=Name.Off, Kids=Array()))
    for left, on in ((72, "A"), (92, "B")):
        place = Array([left, 380, left + 12, 392])
        field.Kids.append(_widget(pdf, place, Parent=field, AP=_states(pdf, on), AS=Name.Off))
    return field


FORM = form()


def changes(change: Callable[[Writer], None], pdf: bytes = FORM) -> list[Change]:
    document = open_document(append(pdf, change))
    return [found for found in compare(document, document.last) if found.kind is not ChangeKind.LONG_TERM]


def kinds(change: Callable[[Writer], None]) -> set[ChangeKind]:
    return {found.kind for found in changes(change)}


def written(writer: Writer, words: str) -> Any:
    body = f"/Tx BMC BT /F1 9 Tf 2 2 Td ({words}) Tj ET EMC".encode("cp1252")
    entries = {
        name("/Type"): name("/XObject"), name("/Subtype"): name("/Form"), name("/BBox"): numbers(0, 0, 128, 12),
        name("/Resources"): writer.root["/AcroForm"]["/DR"],
    }  # fmt: skip
    return dictionary({name("/N"): writer.add_object(generic.StreamObject(dictionary(entries), stream_data=body))})


def fill(
    field: str, entries: dict[str, Any], *, kid: int | None = None, look: str | None = None
) -> Callable[[Writer], None]:
    def change(writer: Writer) -> None:
        node = field_named(writer, field)
        node = node if kid is None else node["/Kids"][kid]
        for key, value in entries.items():
            node[key] = value
        if look is not None:
            node["/AP"] = written(writer, look)
        writer.update_container(node)

    return change


def both(*parts: Callable[[Writer], None]) -> Callable[[Writer], None]:
    def change(writer: Writer) -> None:
        for part in parts:
            part(writer)

    return change


# --- check boxes ------------------------------------------------------------------------------------------------------

TICKED = {"/V": name("/Ja"), "/AS": name("/Ja")}


def test_a_box_that_is_ticked_as_it_says_is_filled() -> None:
    assert kinds(fill("enig", TICKED)) == {ChangeKind.VALUE}


@pytest.mark.parametrize(
    "entries",
    [
        {"/V": name("/Ja")},
        {"/AS": name("/Ja")},
        {"/V": name("/Nei"), "/AS": name("/Nei")},
        {"/V": text("Ja"), "/AS": name("/Ja")},
        TICKED | {"/F": number(2)},
        TICKED | {"/MK": dictionary({name("/CA"): text("8")})},
    ],
    ids=["value alone", "look alone", "no such state", "a text", "and hidden", "and another mark"],
)
def test_a_box_that_shows_something_else_than_its_value_is_refused(entries: dict[str, Any]) -> None:
    assert ChangeKind.APPEARANCE in kinds(fill("enig", entries))


def test_a_tick_drawn_anew_is_refused() -> None:
    def swap(writer: Writer) -> None:
        node = field_named(writer, "enig")
        states = node["/AP"]["/N"]
        states["/Off"], states["/Ja"] = states.raw_get("/Ja"), states.raw_get("/Off")
        writer.update_container(node)

    assert ChangeKind.APPEARANCE in kinds(both(fill("enig", TICKED), swap))


def test_of_several_ticks_the_one_that_holds_is_the_value() -> None:
    value = fill("valg", {"/V": name("/A")})
    assert kinds(both(value, fill("valg", {"/AS": name("/A")}, kid=0))) == {ChangeKind.VALUE}
    assert ChangeKind.APPEARANCE in kinds(both(value, fill("valg", {"/AS": name("/B")}, kid=1)))
    everything = both(value, fill("valg", {"/AS": name("/A")}, kid=0), fill("valg", {"/AS": name("/B")}, kid=1))
    assert ChangeKind.APPEARANCE in kinds(everything)


# --- texts and choices ------------------------------------------------------------------------------------------------


def test_a_choice_must_show_its_label() -> None:
    found = changes(fill("form", {"/V": text("NN"), "/I": array(number(0))}, look="Nynorsk"))
    assert [(change.kind, [shown.text for shown in change.shown]) for change in found] == [
        (ChangeKind.VALUE, ["Nynorsk"])
    ]


def test_a_choice_whose_index_is_of_another_value_is_refused() -> None:
    assert ChangeKind.APPEARANCE in kinds(fill("form", {"/V": text("NN"), "/I": array(number(1))}, look="Nynorsk"))


def test_a_text_in_two_places_must_be_shown_in_both() -> None:
    value = fill("to", {"/V": text("Per")})
    found = changes(both(value, fill("to", {}, kid=0, look="Per"), fill("to", {}, kid=1, look="Per")))
    assert [change.kind for change in found] == [ChangeKind.VALUE]
    assert [(shown.page, shown.rectangle[1], shown.text) for shown in found[0].shown] == [
        (1, 340, "Per"),
        (1, 360, "Per"),
    ]
    assert ChangeKind.APPEARANCE in kinds(both(value, fill("to", {}, kid=0, look="Per")))


def test_a_choice_of_the_list_may_not_grow() -> None:
    more = {"/V": text("XX"), "/Opt": array(array(text("XX"), text("Bokmål")))}
    assert ChangeKind.FORM in kinds(fill("form", more, look="Bokmål"))


@pytest.mark.parametrize(
    ("entries", "kind"),
    [
        ({"/RV": text("<p>annet</p>")}, ChangeKind.FORM),
        ({"/DA": text("/F1 0.1 Tf 1 g")}, ChangeKind.APPEARANCE),
        ({"/Q": number(2)}, ChangeKind.APPEARANCE),
        ({"/F": number(2)}, ChangeKind.APPEARANCE),
        ({"/Rect": numbers(0, 0, 595, 842)}, ChangeKind.FORM),
        ({"/Ff": number(1 << 17 | 2)}, ChangeKind.FORM),
        ({"/OC": dictionary({})}, ChangeKind.FORM),
        ({"/AA": dictionary({})}, ChangeKind.FORM),
        ({"/MaxLen": number(3)}, ChangeKind.FORM),
    ],
    ids=lambda value: "+".join(value) if isinstance(value, dict) else "",
)
def test_a_value_carries_nothing_with_it_but_its_look(entries: dict[str, Any], kind: ChangeKind) -> None:
    filled = {"/V": text("NN"), **entries}
    assert kinds(fill("form", filled, look="Nynorsk")) == {ChangeKind.VALUE, kind}


# --- below and beside -------------------------------------------------------------------------------------------------


def test_a_widget_hung_below_another_field_is_refused() -> None:
    def hang(writer: Writer) -> None:
        kid = field_named(writer, "to")["/Kids"][0]
        kid["/Parent"] = writer.add_object(dictionary({name("/FT"): name("/Tx"), name("/V"): text("Ansvar")}))
        writer.update_container(kid)

    assert kinds(hang) == {ChangeKind.FORM}


def test_a_widget_more_for_the_same_field_is_refused() -> None:
    def add(writer: Writer) -> None:
        field = field_named(writer, "to")
        kid = dictionary({name("/Subtype"): name("/Widget"), name("/Rect"): numbers(0, 0, 595, 842)})
        field["/Kids"] = array(*(field["/Kids"].raw_get(index) for index in range(2)), writer.add_object(kid))
        writer.update_container(field)

    assert kinds(add) == {ChangeKind.FORM}


def test_a_field_parted_from_its_widget_is_refused() -> None:
    """The widget below could look like anything: it was no widget before."""

    def part(writer: Writer) -> None:
        field = field_named(writer, "Signatur1")
        kid = dictionary({name("/Subtype"): name("/Widget"), name("/Rect"): field["/Rect"]})
        field["/Kids"] = array(writer.add_object(kid))
        del field["/Rect"]
        writer.update_container(field)

    assert ChangeKind.FORM in kinds(part)


# --- new signature fields and their tags ------------------------------------------------------------------------------


def signed_field(writer: Writer, entries: dict[str, Any] | None = None) -> Any:
    """A field as a time-stamp makes it, on the first page. What it holds is judged elsewhere."""
    signature = {name("/SubFilter"): name("/ETSI.RFC3161"), name("/ByteRange"): numbers(0, 1, 2, 3)}
    made = {
        "/Type": name("/Annot"), "/Subtype": name("/Widget"), "/FT": name("/Sig"), "/T": text("Stempel"),
        "/Rect": numbers(0, 0, 0, 0), "/V": writer.add_object(dictionary(signature)), **(entries or {}),
    }  # fmt: skip
    reference = writer.add_object(dictionary({name(key): value for key, value in made.items() if value is not None}))
    for holder, key in ((writer.root["/AcroForm"], "/Fields"), (first_page(writer), "/Annots")):
        there = holder[key]
        holder[key] = array(*(there.raw_get(index) for index in range(len(there))), reference)
        writer.update_container(holder)
    return reference


def test_a_time_stamp_in_a_field_without_area_is_long_term_material() -> None:
    assert kinds(signed_field) == set()


@pytest.mark.parametrize(
    "entries",
    [
        {"/T": text("Signatur1")},
        {"/Rect": None},
        {"/Rect": array(text("0"))},
        {"/Subtype": None},
        {"/Type": name("/Page")},
        {"/SV": dictionary({name("/Reasons"): array(text("x"))})},
        {"/Contents": text("x")},
    ],
    ids=["name", "no place", "half a place", "no kind", "page", "seed", "note"],
)
def test_a_time_stamp_in_a_field_of_another_make_is_refused(entries: dict[str, Any]) -> None:
    found = kinds(lambda writer: signed_field(writer, entries))
    assert found & {ChangeKind.NEW_FIELD, ChangeKind.NEW_VISIBLE_SIGNATURE}


def tagged(
    stated: int = 1, under: int = 1, more: dict[str, Any] | None = None, names: str | None = None
) -> Callable[[Writer], None]:
    """A new field whose widget is named by a new element, and by the table of numbers."""

    def change(writer: Writer) -> None:
        reference = signed_field(writer, {"/StructParent": number(stated)})
        named = reference if names is None else writer.root["/AcroForm"]["/Fields"].raw_get(0)
        root = writer.root["/StructTreeRoot"]
        whole = root["/K"][0]
        link = dictionary({name("/Type"): name("/OBJR"), name("/Obj"): named})
        entries = {"/Type": name("/StructElem"), "/S": name("/Form"), "/P": root["/K"].raw_get(0), "/K": link}
        made = dictionary({name(key): value for key, value in (entries | (more or {})).items()})
        element = writer.add_object(made)
        whole["/K"] = array(*(whole["/K"].raw_get(index) for index in range(len(whole["/K"]))), element)
        table = root["/ParentTree"]
        kept = (
            [table["/Nums"].raw_get(index) for index in range(2)] if under else [number(7), table["/Nums"].raw_get(1)]
        )
        table["/Nums"] = array(*kept, number(under), element)
        for touched in (whole, table):
            writer.update_container(touched)

    return change


def test_a_tag_for_a_new_signature_field_may_be_added_with_its_number() -> None:
    assert kinds(tagged()) == set()


@pytest.mark.parametrize(
    "change",
    [
        tagged(stated=0),
        tagged(under=0),
        tagged(names="Signatur1"),
        tagged(more={"/Alt": text("x")}),
        tagged(more={"/T": text("x")}),
        tagged(more={"/A": dictionary({})}),
        tagged(more={"/K": number(0)}),
        tagged(more={"/P": text("x")}),
    ],
    ids=[
        "number of another",
        "entry of another",
        "another field",
        "speaks",
        "titled",
        "styled",
        "content",
        "elsewhere",
    ],
)
def test_a_tag_that_does_more_is_refused(change: Callable[[Writer], None]) -> None:
    assert kinds(change) == {ChangeKind.STRUCTURE}
