"""What an attacker changes in a revision: each trick is one incremental update, laid on before or after signing."""

from collections.abc import Callable
from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from tests.signatures.papers import dictionary, first_page, name, numbers, update_root

Writer = IncrementalPdfFileWriter
Trick = Callable[[Writer], None]
TRICKS: dict[str, Trick] = {}
PAGE = (0, 0, 595, 842)


def trick(change: Trick) -> Trick:
    """Into the book, under its name."""
    TRICKS[change.__name__] = change
    return change


def _number(value: int) -> Any:
    return generic.NumberObject(value)  # type: ignore[no-untyped-call]


# --- the page itself --------------------------------------------------------------------------------------------------


def _painting(text: str = "Prisen er 0 kr") -> bytes:
    return f"q 1 g 60 560 400 60 re f 0 g BT /Zoo 12 Tf 1 0 0 1 72 600 Tm ({text}) Tj ET Q".encode("cp1252")


def _helvetica(writer: Writer) -> Any:
    font = {"/Type": "/Font", "/Subtype": "/Type1", "/BaseFont": "/Helvetica", "/Encoding": "/WinAnsiEncoding"}
    return writer.add_object(dictionary({name(key): name(value) for key, value in font.items()}))


def _look(writer: Writer, painting: bytes = b"1 g 0 0 595 842 re f") -> Any:
    """A form to show: a white sheet unless something else is painted."""
    resources = dictionary({name("/Font"): dictionary({name("/Zoo"): _helvetica(writer)})})
    entries = {
        name("/Type"): name("/XObject"), name("/Subtype"): name("/Form"),
        name("/BBox"): numbers(*PAGE), name("/Resources"): resources,
    }  # fmt: skip
    return writer.add_object(generic.StreamObject(dictionary(entries), stream_data=painting))


def _page_with_font(writer: Writer) -> Any:
    page = first_page(writer)
    fonts = page["/Resources"]["/Font"]
    fonts["/Zoo"] = _helvetica(writer)
    writer.update_container(fonts)
    return page


@trick
def text_laid_over_the_terms(writer: Writer) -> None:
    page = _page_with_font(writer)
    stream = writer.add_object(generic.StreamObject(stream_data=_painting()))
    page["/Contents"] = generic.ArrayObject([page.raw_get("/Contents"), stream])
    writer.update_container(page)


@trick
def page_content_written_anew(writer: Writer) -> None:
    page = _page_with_font(writer)
    page["/Contents"] = writer.add_object(generic.StreamObject(stream_data=_painting("En annen avtale")))
    writer.update_container(page)


@trick
def content_stream_replaced_in_place(writer: Writer) -> None:
    stream = first_page(writer)["/Contents"]
    stream._data = stream.data + b"\nq 1 g 0 0 595 842 re f Q"
    stream._encoded_data = None
    writer.update_container(stream)


@trick
def pages_swapped(writer: Writer) -> None:
    tree = writer.root["/Pages"]
    kids = [tree["/Kids"].raw_get(index) for index in range(len(tree["/Kids"]))]
    tree["/Kids"] = generic.ArrayObject([kids[1], kids[0], *kids[2:]])
    writer.update_container(tree)


@trick
def a_page_removed(writer: Writer) -> None:
    tree = writer.root["/Pages"]
    kids = [tree["/Kids"].raw_get(index) for index in range(len(tree["/Kids"]))]
    tree["/Kids"] = generic.ArrayObject(kids[1:])
    tree["/Count"] = _number(len(kids) - 1)
    writer.update_container(tree)


@trick
def a_page_added(writer: Writer) -> None:
    tree = writer.root["/Pages"]
    page = dictionary(
        {
            name("/Type"): name("/Page"),
            name("/Parent"): writer.root.raw_get("/Pages"),
            name("/MediaBox"): numbers(*PAGE),
        }
    )
    kids = [tree["/Kids"].raw_get(index) for index in range(len(tree["/Kids"]))]
    tree["/Kids"] = generic.ArrayObject([*kids, writer.add_object(page)])
    tree["/Count"] = _number(len(kids) + 1)
    writer.update_container(tree)


def _page_key(key: str, value: Callable[[], Any]) -> Trick:
    def change(writer: Writer) -> None:
        page = first_page(writer)
        page[key] = value()
        writer.update_container(page)

    return change


TRICKS["the_page_cut_to_hide_a_part"] = _page_key("/CropBox", lambda: numbers(0, 421, 595, 842))
TRICKS["the_page_turned"] = _page_key("/Rotate", lambda: _number(180))
TRICKS["the_page_blown_up"] = _page_key("/UserUnit", lambda: _number(10))
TRICKS["a_script_when_the_page_opens"] = _page_key(
    "/AA", lambda: dictionary({name("/O"): dictionary({name("/S"): name("/JavaScript"), name("/JS"): _text("x")})})
)


def _text(words: str) -> Any:
    return generic.pdf_string(words)


@trick
def a_layer_that_hides_the_terms(writer: Writer) -> None:
    """Optional content (ISO 32000-1, 8.11), switched off by default, laid around the whole page."""
    layer = writer.add_object(dictionary({name("/Type"): name("/OCG"), name("/Name"): _text("lag")}))
    writer.root["/OCProperties"] = dictionary(
        {
            name("/OCGs"): generic.ArrayObject([layer]),
            name("/D"): dictionary({name("/OFF"): generic.ArrayObject([layer])}),
        }
    )
    page = first_page(writer)
    page["/Resources"]["/Properties"] = dictionary({name("/Lag"): layer})
    around = [writer.add_object(generic.StreamObject(stream_data=part)) for part in (b"/OC /Lag BDC\n", b"\nEMC")]
    page["/Contents"] = generic.ArrayObject([around[0], page.raw_get("/Contents"), around[1]])
    writer.update_container(page["/Resources"])
    writer.update_container(page)
    update_root(writer)


def _fonts(writer: Writer) -> list[Any]:
    fonts = first_page(writer)["/Resources"]["/Font"]
    return [fonts[key] for key in fonts]


@trick
def letters_drawn_by_another_font(writer: Writer) -> None:
    one, other = _fonts(writer)[:2]
    one["/DescendantFonts"] = other.raw_get("/DescendantFonts")
    writer.update_container(one)


@trick
def letters_that_stand_for_other_ones(writer: Writer) -> None:
    """What is seen stays; what a machine reads (and what is copied out) changes."""
    one, other = _fonts(writer)[:2]
    one["/ToUnicode"] = other.raw_get("/ToUnicode")
    writer.update_container(one)


@trick
def what_is_read_aloud_changed(writer: Writer) -> None:
    tree = writer.root["/StructTreeRoot"]
    kid = tree["/K"]
    top = kid[0] if isinstance(kid, generic.ArrayObject) else kid
    top["/ActualText"] = _text("Prisen er 0 kr")
    writer.update_container(top)


# --- annotations and fields -------------------------------------------------------------------------------------------


def _annotate(writer: Writer, entries: dict[str, Any], *, field: bool = False) -> Any:
    """An annotation on the first page, also in the form where it is a field."""
    page = first_page(writer)
    made = dictionary({name("/Type"): name("/Annot")} | {name(key): value for key, value in entries.items()})
    reference = writer.add_object(made)
    there = page.get("/Annots")
    page["/Annots"] = generic.ArrayObject([*_items(there), reference])
    writer.update_container(page)
    if field:
        form = writer.root["/AcroForm"]
        form["/Fields"] = generic.ArrayObject([*_items(form["/Fields"]), reference])
        writer.update_container(form)
    return reference


def _items(array: Any) -> list[Any]:
    return [] if array is None else [array.raw_get(index) for index in range(len(array))]


def _shown(writer: Writer) -> dict[str, Any]:
    return {"/Rect": numbers(*PAGE), "/F": _number(4), "/AP": dictionary({name("/N"): _look(writer)})}


@trick
def an_annotation_over_the_terms(writer: Writer) -> None:
    _annotate(writer, {"/Subtype": name("/FreeText"), "/Contents": _text("Prisen er 0 kr"), **_shown(writer)})


@trick
def a_redaction_that_waits_to_be_applied(writer: Writer) -> None:
    _annotate(writer, {"/Subtype": name("/Redact"), "/Rect": numbers(50, 500, 500, 700)})


@trick
def a_link_laid_over_the_page(writer: Writer) -> None:
    action = dictionary({name("/S"): name("/URI"), name("/URI"): _text("https://localhost/")})
    _annotate(writer, {"/Subtype": name("/Link"), "/Rect": numbers(*PAGE), "/A": action})


@trick
def a_text_field_with_other_terms(writer: Writer) -> None:
    entries = {"/Subtype": name("/Widget"), "/FT": name("/Tx"), "/T": _text("vilkår"), "/V": _text("Prisen er 0 kr")}
    _annotate(writer, {**entries, **_shown(writer)}, field=True)


@trick
def an_empty_signature_field_over_the_page(writer: Writer) -> None:
    entries = {"/Subtype": name("/Widget"), "/FT": name("/Sig"), "/T": _text("Ny"), **_shown(writer)}
    _annotate(writer, entries, field=True)


@trick
def a_second_field_of_the_same_name(writer: Writer) -> None:
    entries = {"/Subtype": name("/Widget"), "/FT": name("/Sig"), "/T": _text("Signatur1"), **_shown(writer)}
    _annotate(writer, entries, field=True)


def _signature_field(writer: Writer, index: int) -> Any:
    return writer.root["/AcroForm"]["/Fields"][index]


def _field_key(key: str, value: Callable[[Writer], Any], index: int = 0) -> Trick:
    def change(writer: Writer) -> None:
        field = _signature_field(writer, index)
        field[key] = value(writer)
        writer.update_container(field)

    return change


TRICKS["the_signature_field_blown_up_over_the_page"] = _field_key("/Rect", lambda _: numbers(*PAGE))
TRICKS["the_signature_field_given_a_script"] = _field_key(
    "/AA", lambda _: dictionary({name("/E"): dictionary({name("/S"): name("/JavaScript"), name("/JS"): _text("x")})})
)
TRICKS["the_signature_field_renamed"] = _field_key("/T", lambda _: _text("Signatur9"))


def repainted(index: int) -> Trick:
    """The look of a signature field, put on by hand."""
    return _field_key("/AP", lambda writer: dictionary({name("/N"): _look(writer)}), index)


@trick
def the_form_taken_away(writer: Writer) -> None:
    del writer.root["/AcroForm"]
    update_root(writer)


@trick
def a_form_of_another_kind_laid_on_top(writer: Writer) -> None:
    """XFA (ISO 32000-1, 12.7.8): some readers show it instead of the pages."""
    form = writer.root["/AcroForm"]
    form["/XFA"] = writer.add_object(generic.StreamObject(stream_data=b"<xdp:xdp xmlns:xdp='x'/>"))
    writer.update_container(form)


# --- actions, attachments, what the window shows ----------------------------------------------------------------------


def _root_key(key: str, value: Callable[[Writer], Any]) -> Trick:
    def change(writer: Writer) -> None:
        writer.root[key] = value(writer)
        update_root(writer)

    return change


def _script(writer: Writer) -> Any:
    return writer.add_object(dictionary({name("/S"): name("/JavaScript"), name("/JS"): _text("x")}))


def _attachment(writer: Writer) -> Any:
    data = generic.StreamObject(dictionary({name("/Type"): name("/EmbeddedFile")}), stream_data=b"other terms")
    file = dictionary(
        {
            name("/Type"): name("/Filespec"),
            name("/F"): _text("avtale.pdf"),
            name("/EF"): dictionary({name("/F"): writer.add_object(data)}),
        }
    )
    names = generic.ArrayObject([_text("avtale.pdf"), writer.add_object(file)])
    return dictionary({name("/EmbeddedFiles"): dictionary({name("/Names"): names})})


TRICKS["a_script_when_the_file_opens"] = _root_key("/OpenAction", _script)
TRICKS["a_script_when_the_file_is_printed"] = _root_key("/AA", lambda w: dictionary({name("/WP"): _script(w)}))
TRICKS["an_attachment"] = _root_key("/Names", _attachment)
TRICKS["shown_as_a_portfolio"] = _root_key("/Collection", lambda _: dictionary({name("/View"): name("/D")}))
TRICKS["another_first_page_to_open_at"] = _root_key(
    "/OpenAction", lambda w: generic.ArrayObject([w.root["/Pages"]["/Kids"].raw_get(1), name("/Fit")])
)


@trick
def another_title_in_the_window(writer: Writer) -> None:
    """XMP goes first where there is one, so both are replaced."""
    info = writer.trailer["/Info"]
    info["/Title"] = _text("En helt annen avtale")
    writer.update_container(info)
    if "/Metadata" in writer.root:
        del writer.root["/Metadata"]
        update_root(writer)


@trick
def the_whole_catalogue_replaced(writer: Writer) -> None:
    """Everything reachable is new: one page, made by the attacker, and the same form."""
    tree = dictionary({name("/Type"): name("/Pages"), name("/Count"): _number(1)})
    reference = writer.add_object(tree)
    page = dictionary({name("/Type"): name("/Page"), name("/Parent"): reference, name("/MediaBox"): numbers(*PAGE)})
    tree["/Kids"] = generic.ArrayObject([writer.add_object(page)])
    writer.root["/Pages"] = reference
    update_root(writer)


# --- what viewers are told of pages, fields and tags ------------------------------------------------------------------


def _page_tree_key(key: str, value: Callable[[Writer], Any]) -> Trick:
    def change(writer: Writer) -> None:
        tree = writer.root["/Pages"]
        tree[key] = value(writer)
        writer.update_container(tree)

    return change


TRICKS["a_count_of_no_pages"] = _page_tree_key("/Count", lambda _: _number(0))
TRICKS["a_count_of_fewer_pages_than_none"] = _page_tree_key("/Count", lambda _: _number(-1))
TRICKS["a_count_of_one_page"] = _page_tree_key("/Count", lambda _: _number(1))
TRICKS["pages_that_are_not_counted"] = _page_tree_key("/Count", lambda _: generic.NullObject())
TRICKS["a_page_tree_of_another_type"] = _page_tree_key("/Type", lambda _: name("/Page"))
TRICKS["a_page_tree_below_itself"] = _page_tree_key("/Parent", lambda w: w.root.raw_get("/Pages"))

TRICKS["the_signature_field_hidden"] = _field_key("/F", lambda _: _number(2))
TRICKS["the_signature_field_in_a_layer"] = _field_key("/OC", lambda _: dictionary({name("/Type"): name("/OCG")}))
TRICKS["the_signature_field_made_something_to_fill"] = _field_key("/Ff", lambda _: _number(2))
TRICKS["the_signature_field_below_another"] = _field_key(
    "/Parent", lambda w: w.add_object(dictionary({name("/TU"): _text("Prisen er 0 kr")}))
)
TRICKS["the_signature_field_given_a_widget_of_its_own"] = _field_key(
    "/Kids", lambda w: generic.ArrayObject([w.add_object(dictionary({name("/Subtype"): name("/Widget"), **_named(w)}))])
)
TRICKS["the_signature_field_passing_for_another_ones_tag"] = _field_key("/StructParent", lambda _: _number(0))


def _named(writer: Writer) -> dict[Any, Any]:
    return {name(key): value for key, value in _shown(writer).items()}


def _new_tag(entries: Callable[[Writer], dict[str, Any]]) -> Trick:
    """One more element at the end of the tags."""

    def change(writer: Writer) -> None:
        top = writer.root["/StructTreeRoot"].raw_get("/K")
        whole = top.get_object()
        if isinstance(whole, generic.ArrayObject):
            top, whole = whole.raw_get(0), whole[0]
        kids = whole["/K"]
        made = {"/Type": name("/StructElem"), "/S": name("/Form"), "/P": top, **entries(writer)}
        element = writer.add_object(dictionary({name(key): value for key, value in made.items()}))
        whole["/K"] = generic.ArrayObject(
            [*(_items(kids) if isinstance(kids, generic.ArrayObject) else [kids]), element]
        )
        writer.update_container(whole)

    return change


def _content(writer: Writer) -> dict[str, Any]:
    page = writer.root["/Pages"]["/Kids"].raw_get(0)
    entries = {name("/Type"): name("/MCR"), name("/MCID"): _number(0), name("/Pg"): page}
    return {"/K": dictionary(entries)}


def _page_s_own_field(writer: Writer) -> dict[str, Any]:
    field = writer.root["/AcroForm"]["/Fields"].raw_get(0)
    return {"/K": dictionary({name("/Type"): name("/OBJR"), name("/Obj"): field})}


TRICKS["a_tag_that_says_nothing"] = _new_tag(lambda _: {})
TRICKS["a_tag_with_a_title"] = _new_tag(lambda _: {"/T": _text("Prisen er 0 kr")})
TRICKS["a_tag_in_another_language"] = _new_tag(lambda _: {"/Lang": _text("en")})
TRICKS["a_tag_with_an_attachment"] = _new_tag(lambda w: {"/AF": generic.ArrayObject([_attachment(w)])})
TRICKS["a_tag_that_reads_the_page_once_more"] = _new_tag(_content)
TRICKS["a_tag_for_a_field_that_was_there"] = _new_tag(_page_s_own_field)


@trick
def the_table_from_numbers_to_tags_emptied(writer: Writer) -> None:
    tree = writer.root["/StructTreeRoot"]
    tree["/ParentTree"] = writer.add_object(dictionary({name("/Nums"): generic.ArrayObject()}))
    writer.update_container(tree)


@trick
def the_table_from_numbers_to_tags_with_one_more(writer: Writer) -> None:
    tree = writer.root["/StructTreeRoot"]
    table = tree["/ParentTree"]
    element = tree.raw_get("/K")
    numbers_there = _items(table["/Nums"])
    table["/Nums"] = generic.ArrayObject([*numbers_there, _number(9999), element])
    writer.update_container(table)
