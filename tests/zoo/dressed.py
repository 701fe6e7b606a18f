"""Fields that are not what they seem: drawn outside their place, no field at all, or showing another value.

Each change is made in the very revision that signs or time-stamps, so that no signature comes before it. Beside
them honest ones made by the same hands, so that what is refused is what was changed.
"""

import io
from collections.abc import Callable
from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import signers
from pyhanko.sign.fields import SigSeedSubFilter

from signatures import throwaway
from signatures.seal import TimedSigner
from signatures.throwaway import Credential, sign
from tests.signatures.papers import append, dictionary, field_named, make_agreement, name, numbers
from tests.zoo import pens
from tests.zoo.honest import archived
from tests.zoo.keeper import KARI, NOW, OLA, Builder, Specimen, by_kari, issued, jointly, kari, ola, pki
from tests.zoo.pens import Pen
from tests.zoo.tricks import PAGE, Writer

FORGED_DRESSED: dict[str, Builder] = {}
HONEST_DRESSED: dict[str, Builder] = {}
Dress = Callable[[Any, Writer], None]
"""Changes a widget in the revision that signs it."""
_COVER = b"q 1 g -50 500 500 200 re f Q BT /F1 11 Tf 1 0 0 1 0 640 Tm (Prisen er 0 kr) Tj ET"


def forged(builder: Builder) -> Builder:
    """Into the cage, under its name."""
    FORGED_DRESSED[builder.__name__] = builder
    return builder


def _look(writer: Writer, body: bytes, entries: dict[str, Any], fonts: dict[str, Any] | None = None) -> Any:
    helvetica = {"/Type": "/Font", "/Subtype": "/Type1", "/BaseFont": "/Helvetica", "/Encoding": "/WinAnsiEncoding"}
    font = dictionary({name(key): name(value) for key, value in helvetica.items()} | (fonts or {}))
    form = {
        name("/Type"): name("/XObject"),
        name("/Subtype"): name("/Form"),
        name("/Resources"): dictionary({name("/Font"): dictionary({name("/F1"): font})}),
    }
    form |= {name(key): value for key, value in entries.items()}
    return writer.add_object(generic.StreamObject(dictionary(form), stream_data=body))


def _shown(entries: dict[str, Any], body: bytes = _COVER, state: str = "/N") -> Dress:
    """An appearance with this box, matrix and so on."""

    def dress(widget: Any, writer: Writer) -> None:
        looks = {name("/N"): _look(writer, b"\n", {"/BBox": numbers(0, 0, 200, 60)})}
        widget["/AP"] = dictionary(looks | {name(state): _look(writer, body, entries)})

    return dress


def _entry(key: str, value: Callable[[Writer], Any]) -> Dress:
    def dress(widget: Any, writer: Writer) -> None:
        widget[key] = value(writer)

    return dress


def _number(value: int) -> Any:
    return generic.NumberObject(value)  # type: ignore[no-untyped-call]


def _text(value: str) -> Any:
    return generic.pdf_string(value)


def _file(writer: Writer) -> Any:
    data = generic.StreamObject(dictionary({name("/Type"): name("/EmbeddedFile")}), stream_data=b"other terms")
    return dictionary(
        {
            name("/Type"): name("/Filespec"),
            name("/F"): _text("avtale.pdf"),
            name("/EF"): dictionary({name("/F"): writer.add_object(data)}),
        }
    )


# --- the signer's own field -------------------------------------------------------------------------------------------


class _Tailor:
    """Stands where the library expects a style of stamps, and changes the widget instead."""

    def __init__(self, dress: Dress) -> None:
        self._dress = dress

    def create_stamp(self, writer: Writer, _box: object, _words: object) -> "_Fitting":
        return _Fitting(self._dress, writer)


class _Fitting:
    def __init__(self, dress: Dress, writer: Writer) -> None:
        self._dress = dress
        self._writer = writer

    def apply_appearance(self, widget: Any) -> None:
        self._dress(widget, self._writer)


def signed_in_dress(pdf: bytes, credential: Credential, dress: Dress, *, field: str = "Signatur1") -> bytes:
    """Signed in a field that was issued, whose widget is changed by the same revision."""
    metadata = signers.PdfSignatureMetadata(
        field_name=field,
        md_algorithm="sha256",
        subfilter=SigSeedSubFilter.PADES,
        embed_validation_info=True,
        validation_context=throwaway._signing_context(credential, NOW),
        signer_key_usage=set(),
    )
    signer = TimedSigner(metadata, signer=throwaway._signer(credential), stamp_style=_Tailor(dress))  # type: ignore[arg-type]
    signer.claimed_time = NOW
    output = io.BytesIO()
    signer.sign_pdf(IncrementalPdfFileWriter(io.BytesIO(pdf)), output=output)
    return output.getvalue()


BOX = {"/BBox": numbers(0, 0, 200, 60)}
SIGNED_IN: dict[str, Dress] = {
    "a_look_without_a_box": _shown({}),
    "a_look_whose_box_has_no_area": _shown({"/BBox": numbers(0, 0, 0, 60)}),
    "a_look_whose_box_is_half_there": _shown({"/BBox": numbers(0, 0)}),
    "a_look_whose_box_is_of_words": _shown({"/BBox": generic.ArrayObject([name("/x")] * 4)}),
    "a_look_flattened_by_its_matrix": _shown(BOX | {"/Matrix": numbers(1, 0, 1, 0, 0, 0)}),
    "a_look_with_half_a_matrix": _shown(BOX | {"/Matrix": numbers(1, 0, 0, 1)}),
    "a_look_that_is_in_another_file": _shown(BOX | {"/F": _text("other.pdf")}),
    "a_look_that_shows_a_page_of_another_file": _shown(BOX | {"/Ref": dictionary({})}),
    "a_look_in_a_layer": _shown(BOX | {"/OC": dictionary({name("/Type"): name("/OCG")})}),
    "another_look_under_the_pointer": _shown({}, state="/R"),
    "another_look_when_pressed": _shown({}, state="/D"),
    "a_kind_of_look_that_does_not_exist": _shown(BOX, state="/X"),
    "a_border_that_reaches_over_the_page": _entry("/BS", lambda _: dictionary({name("/W"): _number(300)})),
    "an_old_kind_of_border": _entry("/Border", lambda _: numbers(0, 0, 300)),
    "words_of_ones_own_in_the_widget": _entry("/MK", lambda _: dictionary({name("/CA"): _text("Prisen er 0 kr")})),
    "another_tooltip": _entry("/TU", lambda _: _text("Prisen er 0 kr")),
    "a_widget_that_keeps_its_size_when_the_page_shrinks": _entry("/F", lambda _: _number(4 | 8 | 128)),
    "a_widget_that_does_not_turn_with_the_page": _entry("/F", lambda _: _number(4 | 16 | 128)),
    "a_widget_that_is_hidden": _entry("/F", lambda _: _number(2 | 4 | 128)),
    "a_widget_in_a_layer": _entry("/OC", lambda _: dictionary({name("/Type"): name("/OCG")})),
    "a_widget_turned_into_a_line": _entry("/Subtype", lambda _: name("/Line")),
    "a_widget_on_another_page": _entry("/P", lambda w: w.root["/Pages"]["/Kids"].raw_get(1)),
    "a_widget_moved": _entry("/Rect", lambda _: numbers(*PAGE)),
    "a_field_below_another_one": _entry("/Parent", lambda w: w.add_object(dictionary({name("/TU"): _text("0 kr")}))),
    "a_field_that_must_be_filled": _entry("/Ff", lambda _: _number(2)),
    "a_field_that_asks_the_next_signer_for_something": _entry(
        "/SV", lambda _: dictionary({name("/Reasons"): generic.ArrayObject([_text("Prisen er 0 kr")])})
    ),
    "a_widget_that_passes_for_another_ones_tag": _entry("/StructParent", lambda _: _number(0)),
}


def _signed_in(dress: Dress) -> Builder:
    return lambda: by_kari(signed_in_dress(issued(), kari(), dress))


for _title, _dress in SIGNED_IN.items():
    FORGED_DRESSED[f"signed_in__{_title}"] = _signed_in(_dress)


@forged
def the_second_signer_paints_over_what_the_first_one_signed() -> Specimen:
    once = sign(issued(KARI, OLA), kari(), field="Signatur1", level="B-LT", now=NOW)
    return jointly(signed_in_dress(once, ola(), _shown({}), field="Signatur2"))


# --- a time-stamp that comes after ------------------------------------------------------------------------------------


def stamped_in_dress(pdf: bytes, dress: Dress) -> bytes:
    """One more document time-stamp by the trusted authority, in a field that a stranger made for it."""
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    kids = writer.root["/Pages"]["/Kids"]
    field = dictionary(
        {
            name("/Type"): name("/Annot"), name("/Subtype"): name("/Widget"), name("/FT"): name("/Sig"),
            name("/T"): _text("Stempel"), name("/F"): _number(4), name("/Rect"): numbers(0, 0, 0, 0),
            name("/P"): kids.raw_get(0),
        }
    )  # fmt: skip
    dress(field, writer)
    reference = writer.add_object(field)
    for holder, key in ((writer.root["/AcroForm"], "/Fields"), (kids[0], "/Annots")):
        there = holder.get(key) or generic.ArrayObject()
        holder[key] = generic.ArrayObject([*(there.raw_get(index) for index in range(len(there))), reference])
        writer.update_container(holder)
    output = io.BytesIO()
    context = throwaway._signing_context(pki().intermediate, NOW)
    signers.PdfTimeStamper(throwaway._timestamper(pki(), NOW), field_name=str(field["/T"])).timestamp_pdf(
        writer, "sha256", validation_context=context, output=output
    )
    return output.getvalue()


def _annotation(kind: str, **entries: Any) -> Dress:
    def dress(field: Any, _: Writer) -> None:
        field["/Subtype"] = name(kind)
        field["/C"] = numbers(1, 1, 1)
        for key, value in entries.items():
            field[f"/{key}"] = value

    return dress


def _without_a_place(field: Any, writer: Writer) -> None:
    _annotation("/Ink", InkList=generic.ArrayObject([numbers(72, 724, 400, 724)]))(field, writer)
    del field["/Rect"]


def _nothing_but_a_field(field: Any, _: Writer) -> None:
    for key in ("/Type", "/Subtype", "/Rect", "/F", "/P"):
        del field[key]


STAMPED_IN: dict[str, Dress] = {
    "a_look_without_a_box": _shown({}),
    "a_look_in_a_box": _shown({"/BBox": numbers(0, 0, 200, 60)}),
    "a_line": _annotation("/Line", L=numbers(72, 600, 400, 600)),
    "a_highlight": _annotation("/Highlight", QuadPoints=numbers(72, 730, 300, 730, 72, 700, 300, 700)),
    "a_drawing_without_a_place": _without_a_place,
    "a_redaction": _annotation("/Redact", QuadPoints=numbers(72, 730, 300, 730, 72, 700, 300, 700)),
    "an_attachment": lambda field, writer: _annotation("/FileAttachment", FS=writer.add_object(_file(writer)))(
        field, writer
    ),
    "a_note": _entry("/Contents", lambda _: _text("Prisen er 0 kr")),
    "a_border": _entry("/BS", lambda _: dictionary({name("/W"): _number(300)})),
    "words": _entry("/MK", lambda _: dictionary({name("/CA"): _text("Prisen er 0 kr")})),
    "an_attachment_to_the_widget": _entry("/AF", lambda w: generic.ArrayObject([w.add_object(_file(w))])),
    "a_field_below_one_that_speaks": _entry("/Parent", lambda w: w.add_object(dictionary({name("/TU"): _text("0")}))),
    "a_field_that_is_no_annotation_but_stands_on_the_page": _nothing_but_a_field,
}


def _stamped_in(dress: Dress) -> Builder:
    return lambda: by_kari(stamped_in_dress(archived(), dress))


for _title, _dress in STAMPED_IN.items():
    FORGED_DRESSED[f"stamped_in__{_title}"] = _stamped_in(_dress)


# --- values that show something else ----------------------------------------------------------------------------------


def filled_in(
    pdf: bytes, value: str, body: bytes, entries: dict[str, Any], fonts: dict[str, Any] | None = None
) -> bytes:
    """The text field filled with a value, and with an appearance that need not be of it."""

    def change(writer: Writer) -> None:
        node = field_named(writer, "kontakt")
        node["/V"] = _text(value)
        node["/AP"] = dictionary({name("/N"): _look(writer, body, entries, fonts)})
        writer.update_container(node)

    return append(pdf, change)


FIELD = {"/BBox": numbers(0, 0, 228, 20)}


def _written(text: str, more: str = "") -> bytes:
    return f"/Tx BMC q BT /F1 11 Tf 0 g 2 5 Td ({text}) Tj ET {more} Q EMC".encode("cp1252")


LONG = "Per Hansen og mange flere"
FILLED: dict[str, tuple[str, bytes, dict[str, Any]]] = {
    "another_value_than_it_shows": ("Per Hansen", _written("Prisen er 0 kr"), FIELD),
    "a_digit_that_shows_another": ("1", _written("9"), FIELD),
    "a_value_that_shows_nothing": ("Per Hansen", b"/Tx BMC EMC", FIELD),
    "more_than_its_value": ("Per Hansen", _written("Per Hansen, prisen er 0 kr"), FIELD),
    "a_look_without_a_box": ("Per Hansen", _written("Per Hansen"), {}),
    "a_value_half_outside": (LONG, _written(LONG).replace(b"11 Tf", b"60 Tf"), FIELD),
    "letters_drawn_with_lines": ("Per Hansen", _written("Per Hansen", "2 2 m 20 15 l S"), FIELD),
    "letters_that_are_not_drawn": ("Per Hansen", _written("Per Hansen").replace(b"0 g", b"3 Tr"), FIELD),
    "a_picture_in_it": ("Per Hansen", _written("Per Hansen", "BI /W 1 /H 1 /BPC 8 /CS /G ID x EI"), FIELD),
}  # fmt: skip


def _filled(value: str, body: bytes, entries: dict[str, Any]) -> Builder:
    """Signed with a stamp on the same page that holds every digit, so that the page as a whole has all the letters."""

    def build() -> Specimen:
        form = make_agreement(value_field=True)
        filled = filled_in(form, value, body, entries)
        stamp = Pen(stamp="Per Hansen 0123456789")
        return by_kari(pens.write(filled, kari(), stamp), issued=form)

    return build


for _title, _given in FILLED.items():
    FORGED_DRESSED[f"filled_with__{_title}"] = _filled(*_given)


@forged
def filled_with__a_font_of_ones_own() -> Specimen:
    """Its table says which letters are read; its glyphs are others."""
    form = make_agreement(value_field=True)
    lies = {name("/BaseFont"): name("/Annen"), name("/FirstChar"): _number(0)}
    filled = filled_in(form, "Per Hansen", _written("Per Hansen"), FIELD, lies)
    return by_kari(sign(filled, kari(), field="Signatur1", level="B-LT", now=NOW), issued=form)


# --- honest ones by the same hands ------------------------------------------------------------------------------------

EMPTY = {"/BBox": numbers(0, 0, 0, 0)}
HONESTLY_SIGNED: dict[str, Dress] = {
    "a_look_in_its_box": _shown(BOX),
    "a_look_turned_by_its_matrix": _shown(BOX | {"/Matrix": numbers(0, 1, -1, 0, 60, 0)}),
    "an_empty_look_without_a_box": _shown({}, b"% DSBlank\nq 1 0 0 1 0 0 cm Q"),
    "a_highlight_when_pressed": _entry("/H", lambda _: name("/N")),
    "an_alignment": _entry("/Q", lambda _: _number(1)),
    "a_seed_that_asks_nothing": _entry("/SV", lambda _: dictionary({})),
    "a_name_for_the_widget": _entry("/NM", lambda _: _text("0f3c")),
    "colours": _entry("/MK", lambda _: dictionary({name("/BG"): numbers(1, 1, 1)})),
    "a_locked_widget": _entry("/F", lambda _: _number(4 | 128 | 512)),
    "a_field_made_read_only": _entry("/Ff", lambda _: _number(1)),
}
HONESTLY_STAMPED: dict[str, Dress] = {
    "nothing": lambda field, writer: None,
    "an_empty_look": _shown(EMPTY, b""),
    "a_look_of_nothing_but_moves": _shown(EMPTY, b"q 1 0 0 1 0 0 cm Q"),
    "habits_of_other_software": lambda field, writer: field.update(
        {name("/H"): name("/N"), name("/MK"): dictionary({}), name("/DR"): dictionary({}), name("/Ff"): _number(1)}
    ),
}


def _honestly_signed(dress: Dress) -> Builder:
    return lambda: by_kari(signed_in_dress(issued(), kari(), dress))


for _title, _dress in HONESTLY_SIGNED.items():
    HONEST_DRESSED[f"signed_in__{_title}"] = _honestly_signed(_dress)
for _title, _dress in HONESTLY_STAMPED.items():
    HONEST_DRESSED[f"stamped_in__{_title}"] = _stamped_in(_dress)
HONEST_DRESSED["filled_with__its_value"] = _filled("Per Hansen", _written("Per Hansen"), FIELD)
HONEST_DRESSED["filled_with__a_frame_around_it"] = _filled(
    "Per Hansen", b"1 g 0 0 228 20 re f 0 G 1 w 0.5 0.5 227 19 re S " + _written("Per Hansen"), FIELD
)
