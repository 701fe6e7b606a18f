"""What a supplied PDF may not hold: one thing was done to a good form, and exactly that is told."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, Pdf, String

from renderers.forms.examining import examine
from renderers.forms.model import MAX_FORM_BYTES, WidgetKind
from signatures.prescan import prescan
from tests.renderers.form_samples import changed, fillable, flat
from tests.renderers.samples import rendered
from tests.renderers.throwaway import sign


def codes(pdf: bytes) -> list[str]:
    return [fault.code for fault in examine(pdf).faults]


def annotation(subtype: str, **more: Any) -> Callable[[Pdf], None]:
    def add(pdf: Pdf) -> None:
        note = Dictionary(Type=Name.Annot, Subtype=Name(f"/{subtype}"), Rect=Array([100, 100, 150, 120]), **more)
        page = pdf.pages[0]
        page.obj.Annots = Array([*page.obj.get("/Annots", Array()), pdf.make_indirect(note)])
        if subtype == "Widget":
            pdf.Root.AcroForm = Dictionary(Fields=Array([page.obj.Annots[-1]]))

    return add


def in_root(**entries: Any) -> Callable[[Pdf], None]:
    def add(pdf: Pdf) -> None:
        for key, value in entries.items():
            pdf.Root[f"/{key}"] = value

    return add


def on_first_page(**entries: Any) -> Callable[[Pdf], None]:
    def add(pdf: Pdf) -> None:
        for key, value in entries.items():
            pdf.pages[0].obj[f"/{key}"] = value

    return add


def unreferenced_script(pdf: Pdf) -> None:
    """Nothing leads to it, and a viewer that rebuilds a damaged file may find it all the same."""
    item = Dictionary(S=Name.JavaScript, JS=String("app.alert(1)"))
    pdf.Root.PieceInfo = Dictionary(A=pdf.make_indirect(Dictionary(B=Array([Array([item])]))))


def embedded_file(pdf: Pdf) -> None:
    pdf.attachments["x.txt"] = b"x"


def outside_stream(pdf: Pdf) -> None:
    stream = pdf.make_stream(b"")
    stream.F = Dictionary(Type=Name.Filespec, F=String("elsewhere.bin"))
    pdf.pages[0].obj.Resources.XObject = Dictionary(X=stream)


def postscript(pdf: Pdf) -> None:
    stream = pdf.make_stream(b"showpage")
    stream.Type, stream.Subtype = Name.XObject, Name.PS
    pdf.pages[0].obj.Resources.XObject = Dictionary(X=stream)


def layered_content(pdf: Pdf) -> None:
    """Without the document's own list of layers, as readers that guess would still take it."""
    layer = pdf.make_indirect(Dictionary(Type=Name.OCG, Name=String("x")))
    pdf.pages[0].obj.Resources.Properties = Dictionary(L=layer)


SCRIPT = Dictionary(S=Name.JavaScript, JS=String("app.alert(1)"))
WICKED: dict[str, tuple[Callable[[Pdf], None], str]] = {
    "a script when opened": (in_root(OpenAction=SCRIPT), "form_scripts"),
    "named scripts": (in_root(Names=Dictionary(JavaScript=Dictionary(Names=Array([])))), "form_scripts"),
    "a script nothing leads to": (unreferenced_script, "form_scripts"),
    "a script in a link": (annotation("Link", A=SCRIPT), "form_scripts"),
    "printing when opened": (in_root(OpenAction=Dictionary(S=Name.Named, N=Name.Print)), "form_actions"),
    "a program started": (annotation("Link", A=Dictionary(S=Name.Launch, F=String("x"))), "form_actions"),
    "another document opened": (annotation("Link", A=Dictionary(S=Name.GoToR, F=String("x"))), "form_actions"),
    "values sent off": (annotation("Widget", T=String("x"), A=Dictionary(S=Name.SubmitForm)), "form_actions"),
    "a field that leads to a page on the web": (
        annotation("Widget", T=String("x"), A=Dictionary(S=Name.URI, URI=String("https://example.org"))),
        "form_actions",
    ),
    "something done as a page is turned": (on_first_page(AA=Dictionary(O=Dictionary(S=Name.Hide))), "form_actions"),
    "something done on a page, and no more than a link": (
        on_first_page(AA=Dictionary(O=Dictionary(S=Name.URI, URI=String("https://example.org")))),
        "form_actions",
    ),
    "a page on the web when opened": (
        in_root(OpenAction=Dictionary(S=Name.URI, URI=String("https://example.org"))),
        "form_actions",
    ),
    "a place gone to when opened, and then a page on the web": (
        in_root(
            OpenAction=Dictionary(
                S=Name.GoTo, D=Array([]), Next=Dictionary(S=Name.URI, URI=String("https://example.org"))
            )
        ),
        "form_actions",
    ),
    "an action of no known kind": (annotation("Link", A=Dictionary(S=Name("/Nytt"))), "form_actions"),
    **{
        f"a link that begins with {address}": (
            annotation("Link", A=Dictionary(S=Name.URI, URI=String(f"{address}x"))),
            "form_actions",
        )
        for address in ("javascript:", " JavaScript:", "java\tscript:", "file:///", "data:text/html,", "vbscript:")
    },
    "a script behind a link": (
        annotation(
            "Link",
            A=Dictionary(
                S=Name.URI,
                URI=String("https://example.org"),
                Next=Dictionary(S=Name.URI, URI=String("javascript:alert(1)")),
            ),
        ),
        "form_actions",
    ),
    "layers": (in_root(OCProperties=Dictionary(OCGs=Array([]), D=Dictionary())), "form_layers"),
    "a layer without a list": (layered_content, "form_layers"),
    "an attachment": (embedded_file, "form_attachments"),
    "a portfolio": (in_root(Collection=Dictionary()), "form_attachments"),
    "a permission that a certification gave": (in_root(Perms=Dictionary()), "form_signed"),
    "XFA": (in_root(AcroForm=Dictionary(Fields=Array([]), XFA=String("x"))), "form_xfa"),
    "a note": (annotation("Text", Contents=String("x")), "form_annotations"),
    "a stamp": (annotation("Stamp"), "form_annotations"),
    "a stream in another file": (outside_stream, "form_outside_content"),
    "PostScript": (postscript, "form_outside_content"),
    "a scale of its own": (on_first_page(UserUnit=2), "form_scaled"),
}


@pytest.mark.parametrize("name", WICKED)
def test_a_form_is_refused_for_what_it_may_not_hold(name: str) -> None:
    change, code = WICKED[name]
    assert codes(changed(change)) == [code]


def test_every_fault_is_told_at_once() -> None:
    def everything(pdf: Pdf) -> None:
        for change in (in_root(OpenAction=SCRIPT), embedded_file, annotation("Stamp"), postscript):
            change(pdf)

    assert codes(changed(everything)) == [
        "form_scripts",
        "form_attachments",
        "form_annotations",
        "form_outside_content",
    ]


def test_the_forms_of_the_tests_are_good() -> None:
    assert codes(flat()) == []
    assert codes(fillable()) == []


def test_a_signed_form_is_refused() -> None:
    assert codes(sign(rendered().pdf, "Signatur1")) == ["form_attachments", "form_signed"]


@pytest.mark.parametrize("password", ["", "secret"])
def test_an_encrypted_form_is_refused_with_or_without_a_password_to_open_it(password: str) -> None:
    encryption = pikepdf.Encryption(owner="owner", user=password, R=6)
    assert codes(changed(lambda pdf: None, encryption=encryption, deterministic_id=False)) == ["form_encrypted"]


def test_a_file_that_is_no_pdf_is_refused() -> None:
    assert codes(b"hello") == ["form_unreadable"]


def test_a_file_that_must_be_repaired_is_refused() -> None:
    assert codes(flat().replace(b"startxref", b"startxxxx")) == ["form_damaged"]


def test_a_file_that_is_too_large_is_refused_unread() -> None:
    assert codes(bytes(MAX_FORM_BYTES + 1)) == ["form_too_large"]


def test_a_file_with_too_many_pages_is_refused() -> None:
    def many(pdf: Pdf) -> None:
        for _ in range(20):
            pdf.pages.append(pdf.pages[0])

    assert codes(changed(many)) == ["form_pages"]


def test_a_place_to_begin_at_is_let_pass_and_left_out_however_it_is_written() -> None:
    for opening in (Array([]), Dictionary(S=Name.GoTo, D=Array([]))):
        examined = examine(changed(in_root(OpenAction=opening)))
        assert examined.faults == ()
        assert b"/OpenAction" not in examined.base


@pytest.mark.parametrize(
    "address",
    ["https://example.org", "HTTP://example.org/a:b", "mailto:a@example.org", "example.org", "side.html?a=b:c"],
)
def test_links_are_let_pass_counted_and_left_out(address: str) -> None:
    web = Dictionary(S=Name.URI, URI=String(address))
    linked = changed(annotation("Link", A=web))
    examined = examine(changed(in_root(OpenAction=Array([])), base=linked))
    assert examined.faults == ()
    assert examined.outline is not None
    assert examined.outline.links == 1
    assert b"/URI" not in examined.base
    assert b"/Annots" not in examined.base


def test_the_outline_names_every_field_with_its_place_and_kind() -> None:
    outline = examine(fillable()).outline
    assert outline is not None
    found = {(widget.name, widget.option): widget for widget in outline.widgets}
    assert {name for name, _ in found} == {
        *("kunde.orgnr", "kunde.navn", "kontakt.navn", "kontakt.epost", "perioder", "kundenummer"),
        *("kanal", "utskrift", "underskrift"),
    }
    assert found["kanal", "SFTP"].kind is WidgetKind.BUTTON
    assert found["underskrift", ""].kind is WidgetKind.SIGNATURE
    assert found["underskrift", ""].page == 2
    assert found["perioder", ""].many
    assert not found["kunde.orgnr", ""].many
    rectangle = found["kunde.orgnr", ""].rectangle
    assert (rectangle.x0, rectangle.y1) == pytest.approx((20 * 72 / 25.4, (297 - 38) * 72 / 25.4), abs=0.1)


def test_the_normalised_file_is_classic_and_holds_pages_and_nothing_else() -> None:
    base = examine(fillable()).base
    for forbidden in (b"/ObjStm", b"/XRef", b"/AcroForm", b"/Annots", b"/Metadata", b"/StructTreeRoot", b"/Names"):
        assert forbidden not in base
    assert b"\nxref\n" in base
    assert prescan(base).faults == ()
    assert base == examine(fillable()).base
    with pikepdf.open(BytesIO(base)) as pdf:
        assert set(pdf.Root.keys()) == {"/Type", "/Pages"}
        assert set(pdf.pages[0].obj.keys()) == {
            *("/Type", "/Parent", "/MediaBox", "/CropBox", "/Rotate", "/Contents", "/Resources")
        }


def test_a_turned_page_with_a_visible_area_of_its_own_becomes_upright_from_its_corner() -> None:
    def turn(pdf: Pdf) -> None:
        for page in pdf.pages:
            page.obj.CropBox = Array([10, 20, 580, 820])
            page.rotate(90, relative=False)

    examined = examine(changed(turn))
    assert examined.outline is not None
    assert (examined.outline.pages[0].width, examined.outline.pages[0].height) == pytest.approx((800, 570))
    with pikepdf.open(BytesIO(examined.base)) as pdf:
        assert [float(number) for number in pdf.pages[0].mediabox] == pytest.approx([0, 0, 800, 570])
        assert pdf.pages[0].rotation == 0


def test_a_font_that_is_not_embedded_is_noted() -> None:
    def helvetica(pdf: Pdf) -> None:
        font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
        pdf.pages[0].obj.Resources.Font.Helv = font

    outline = examine(changed(helvetica)).outline
    assert outline is not None
    assert outline.fonts_missing == ("Helvetica",)
