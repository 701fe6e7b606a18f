"""Each rule of the PDF check: a good file keeps it, and a file broken in just that way does not."""

import subprocess
import sys
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, Object, Pdf, Stream, String

from renderers.pdf_rules import RULES, check_pdf
from tests.renderers.pdf_samples import form_page, opened, saved
from tools.lint_pdf import rules_table

ROOT = Path(__file__).parents[2]
Break = Callable[[Pdf], object]
BREAKS: dict[str, Break] = {}


def breaks(number: str) -> Callable[[Break], Break]:
    def register(function: Break) -> Break:
        assert number not in BREAKS
        BREAKS[number] = function
        return function

    return register


def structure(pdf: Pdf, kind: str) -> Object:
    """The first structure element of a kind."""
    return next(
        item
        for item in pdf.objects
        if isinstance(item, Dictionary) and str(item.get("/S", "")) == kind and "/P" in item and "/K" in item
    )


def new_element(pdf: Pdf, kind: str, parent: Object, **entries: object) -> Object:
    """Another structure element under a parent."""
    element = pdf.make_indirect(
        Dictionary({"/S": Name(kind), "/P": parent, **{f"/{k}": v for k, v in entries.items()}})
    )
    kids = parent.get("/K", Array())
    parent.K = Array([*(kids if isinstance(kids, Array) else [kids]), element])
    return element


def document(pdf: Pdf) -> Object:
    return structure(pdf, "/Document")


def add(pdf: Pdf, kind: str, parent: str, **entries: object) -> None:
    new_element(pdf, kind, structure(pdf, parent), **entries)


def widget(pdf: Pdf, index: int = 0) -> Object:
    return pdf.Root.AcroForm.Fields[index]


def new_annotation(pdf: Pdf, kind: str, **entries: object) -> Object:
    appearance = Dictionary(N=drawn(pdf))
    annotation = Dictionary(Type=Name.Annot, Subtype=Name(kind), Rect=Array([1, 1, 9, 9]), F=4, AP=appearance)
    for key, value in entries.items():
        annotation[f"/{key}"] = value
    made = pdf.make_indirect(annotation)
    pdf.pages[0].obj.Annots.append(made)
    return made


def font(pdf: Pdf) -> Object:
    """A font that text is set in."""
    fonts = pdf.pages[0].resources.Font
    return fonts[min(fonts.keys())]


def descendant(pdf: Pdf) -> Object:
    return font(pdf).DescendantFonts[0]


def drawn(pdf: Pdf, **entries: object) -> Stream:
    form = Stream(pdf, b"\n", Type=Name.XObject, Subtype=Name.Form, BBox=Array([0, 0, 9, 9]), Resources=Dictionary())
    for key, value in entries.items():
        form[f"/{key}"] = value
    return form


def image(pdf: Pdf, **entries: object) -> None:
    picture = Stream(pdf, b"\0", Type=Name.XObject, Subtype=Name.Image, Width=1, Height=1, BitsPerComponent=8)
    picture.ColorSpace = Name.DeviceGray
    for key, value in entries.items():
        picture[f"/{key}"] = value
    pdf.pages[0].resources.XObject["/Im"] = picture


def state(pdf: Pdf, **entries: object) -> None:
    pdf.pages[0].resources.ExtGState["/Broken"] = Dictionary({f"/{key}": value for key, value in entries.items()})


def paint(pdf: Pdf, content: bytes) -> None:
    pdf.pages[0].contents_add(b"/Artifact BMC " + content + b" EMC")


def packet(pdf: Pdf, old: bytes, new: bytes) -> None:
    metadata = pdf.Root.Metadata.read_bytes()
    assert old in metadata
    pdf.Root.Metadata.write(metadata.replace(old, new))


def attachment(pdf: Pdf) -> Object:
    return pdf.Root.AF[0]


def profile(pdf: Pdf, start: int, new: bytes) -> None:
    stream = pdf.Root.OutputIntents[0].DestOutputProfile
    content = stream.read_bytes()
    stream.write(content[:start] + new + content[start + len(new) :])


def no_intent(pdf: Pdf) -> None:
    del pdf.Root.OutputIntents


# The simple ones: one statement each.
BREAKS |= {
    "ISO 19005-3 6.1.12-1": lambda pdf: setattr(pdf.Root, "Perms", Dictionary(Other=1)),
    "ISO 19005-3 6.1.13-1": lambda pdf: setattr(pdf.Root, "Broken", 2**31),
    "ISO 19005-3 6.1.13-3": lambda pdf: setattr(pdf.Root, "Broken", String("x" * 32768)),
    "ISO 19005-3 6.1.13-4": lambda pdf: setattr(pdf.Root, "Broken", Name("/" + "x" * 128)),
    "ISO 19005-3 6.1.13-8": lambda pdf: paint(pdf, b"q " * 29 + b"Q " * 29),
    "ISO 19005-3 6.1.13-11": lambda pdf: setattr(pdf.pages[0].obj, "TrimBox", Array([0, 0, 2, 800])),
    "ISO 19005-3 6.8-1": lambda pdf: delattr(attachment(pdf).EF.F, "Subtype"),
    "ISO 19005-3 6.8-2": lambda pdf: delattr(attachment(pdf), "UF"),
    "ISO 19005-3 6.8-3": lambda pdf: delattr(attachment(pdf), "AFRelationship"),
    "ISO 19005-3 6.8-4": lambda pdf: setattr(pdf.Root, "AF", Array([attachment(pdf)])),
    "ISO 14289-1 7.11-1": lambda pdf: setattr(attachment(pdf), "UF", String("")),
    "ISO 19005-3 6.9-1": lambda pdf: setattr(pdf.Root, "OCProperties", Dictionary(D=Dictionary())),
    "ISO 19005-3 6.10-1": lambda pdf: setattr(pdf.Root.Names, "AlternatePresentations", Dictionary()),
    "ISO 19005-3 6.10-2": lambda pdf: setattr(pdf.pages[0].obj, "PresSteps", Dictionary()),
    "ISO 19005-3 6.11-1": lambda pdf: setattr(pdf.Root, "Requirements", Array()),
    "ISO 19005-3 6.6.2.1-1": lambda pdf: delattr(pdf.Root, "Metadata"),
    "ISO 19005-3 6.6.2.1-2": lambda pdf: packet(pdf, b'" id="W5M', b'" bytes="9" id="W5M'),
    "ISO 19005-3 6.6.2.1-3": lambda pdf: packet(pdf, b'" id="W5M', b'" encoding="UTF-8" id="W5M'),
    "ISO 19005-3 6.6.2.1-4": lambda pdf: packet(pdf, b"</rdf:RDF>", b""),
    "ISO 19005-3 6.6.2.1-5": lambda pdf: packet(pdf, "ø".encode(), b"\xf8"),
    "ISO 19005-3 6.6.2.3-7": lambda pdf: packet(pdf, b"<pdfaSchema:namespaceURI>http", b"<pdfaSchema:namespaceURI>x"),
    "ISO 19005-3 6.6.4-1": lambda pdf: packet(pdf, b"<pdfaid:part>3</pdfaid:part>", b""),
    "ISO 19005-3 6.6.4-2": lambda pdf: packet(pdf, b"<pdfaid:part>3", b"<pdfaid:part>2"),
    "ISO 19005-3 6.6.4-3": lambda pdf: packet(pdf, b"conformance>A", b"conformance>B"),
    "ISO 14289-1 5-1": lambda pdf: packet(pdf, b"<pdfuaid:part>1</pdfuaid:part>", b""),
    "ISO 14289-1 5-2": lambda pdf: packet(pdf, b"<pdfuaid:part>1", b"<pdfuaid:part>2"),
    "ISO 14289-1 7.1-9": lambda pdf: packet(pdf, "Skjema – prøve".encode(), b""),
    "ISO 14289-1 7.1-10": lambda pdf: delattr(pdf.Root.ViewerPreferences, "DisplayDocTitle"),
    "ISO 14289-1 7.2-33": lambda pdf: delattr(pdf.Root, "Lang"),
    "ISO 19005-3 6.7.4-1": lambda pdf: setattr(structure(pdf, "/P"), "Lang", String("norsk språk")),
    "ISO 19005-3 6.2.3-1": lambda pdf: profile(pdf, 12, b"scnr"),
    "ISO 19005-3 6.2.4.3-2": no_intent,
    "ISO 19005-3 6.2.4.3-3": lambda pdf: paint(pdf, b"0 0 0 1 k"),
    "ISO 19005-3 6.2.4.3-4": lambda pdf: (paint(pdf, b"0 g"), no_intent(pdf)),  # type: ignore[func-returns-value]
    "ISO 19005-3 6.2.5-1": lambda pdf: state(pdf, TR=Name.Identity),
    "ISO 19005-3 6.2.5-2": lambda pdf: state(pdf, TR2=Name.Identity),
    "ISO 19005-3 6.2.6-1": lambda pdf: paint(pdf, b"/Pretty ri"),
    "ISO 19005-3 6.2.8-1": lambda pdf: image(pdf, Alternates=Array()),
    "ISO 19005-3 6.2.8-2": lambda pdf: image(pdf, OPI=Dictionary()),
    "ISO 19005-3 6.2.8-3": lambda pdf: image(pdf, Interpolate=True),
    "ISO 19005-3 6.2.10-1": lambda pdf: state(pdf, BM=Name("/Glow")),
    "ISO 19005-3 6.2.10-2": lambda pdf: (state(pdf, ca=0.5), no_intent(pdf)),  # type: ignore[func-returns-value]
    "ISO 19005-3 6.2.11.2-1": lambda pdf: setattr(font(pdf), "Type", Name.Fount),
    "ISO 19005-3 6.2.11.2-2": lambda pdf: setattr(font(pdf), "Subtype", Name.Type7),
    "ISO 19005-3 6.2.11.2-3": lambda pdf: delattr(font(pdf), "BaseFont"),
    "ISO 19005-3 6.2.11.3-1": lambda pdf: setattr(font(pdf), "Encoding", Name("/Own")),
    "ISO 19005-3 6.2.11.3-2": lambda pdf: delattr(descendant(pdf), "CIDToGIDMap"),
    "ISO 19005-3 6.2.11.4-1": lambda pdf: delattr(descendant(pdf).FontDescriptor, "FontFile2"),
    "ISO 19005-3 6.2.11.5-1": lambda pdf: setattr(descendant(pdf), "W", Array([0, 60000, 123])),
    "ISO 19005-3 6.2.11.7-1": lambda pdf: delattr(font(pdf), "ToUnicode"),
    "ISO 19005-3 6.2.2-1": lambda pdf: paint(pdf, b"1 2 foo"),
    "ISO 14289-1 7.1-1": lambda pdf: pdf.pages[0].contents_add(b"/P <</MCID 0>> BDC /Artifact BMC EMC EMC"),
    "ISO 14289-1 7.1-2": lambda pdf: paint(pdf, b"/P <</MCID 0>> BDC EMC"),
    "ISO 14289-1 7.1-3": lambda pdf: pdf.pages[0].contents_add(b"0 0 9 9 re f"),
    "ISO 19005-3 6.7.2-1": lambda pdf: setattr(pdf.Root.MarkInfo, "Marked", False),
    "ISO 14289-1 7.1-4": lambda pdf: setattr(pdf.Root.MarkInfo, "Suspects", True),
    "ISO 19005-3 6.7.3-1": lambda pdf: delattr(pdf.Root, "StructTreeRoot"),
    "ISO 14289-1 7.1-5": lambda pdf: add(pdf, "/Paragraph", "/Document"),
    "ISO 14289-1 7.1-7": lambda pdf: setattr(pdf.Root.StructTreeRoot, "RoleMap", Dictionary(P=Name.Span)),
    "ISO 14289-1 7.1-12": lambda pdf: delattr(structure(pdf, "/P"), "P"),
    "ISO 14289-1 7.2-3": lambda pdf: add(pdf, "/P", "/Table"),
    "ISO 14289-1 7.2-4": lambda pdf: add(pdf, "/TR", "/Document"),
    "ISO 14289-1 7.2-5": lambda pdf: add(pdf, "/THead", "/Document"),
    "ISO 14289-1 7.2-6": lambda pdf: add(pdf, "/TBody", "/Document"),
    "ISO 14289-1 7.2-8": lambda pdf: add(pdf, "/TH", "/Document", A=Dictionary(O=Name.Table, Scope=Name.Row)),
    "ISO 14289-1 7.2-9": lambda pdf: add(pdf, "/TD", "/Document"),
    "ISO 14289-1 7.2-10": lambda pdf: add(pdf, "/P", "/TR"),
    "ISO 14289-1 7.2-11": lambda pdf: add(pdf, "/THead", "/Table"),
    "ISO 14289-1 7.2-42": lambda pdf: add(pdf, "/TD", "/TR"),
    "ISO 14289-1 7.2-17": lambda pdf: add(pdf, "/LI", "/Document"),
    "ISO 14289-1 7.2-18": lambda pdf: add(pdf, "/LBody", "/Document"),
    "ISO 14289-1 7.2-19": lambda pdf: add(pdf, "/P", "/L"),
    "ISO 14289-1 7.2-20": lambda pdf: add(pdf, "/P", "/LI"),
    "ISO 14289-1 7.2-36": lambda pdf: add(pdf, "/P", "/THead"),
    "ISO 14289-1 7.2-37": lambda pdf: add(pdf, "/P", "/TBody"),
    "ISO 14289-1 7.3-1": lambda pdf: add(pdf, "/Figure", "/Document"),
    "ISO 14289-1 7.4.2-1": lambda pdf: setattr(structure(pdf, "/H2"), "S", Name.H3),
    "ISO 14289-1 7.4.4-2": lambda pdf: add(pdf, "/H", "/Document"),
    "ISO 14289-1 7.5-1": lambda pdf: delattr(structure(pdf, "/TH"), "A"),
    "ISO 14289-1 7.9-1": lambda pdf: add(pdf, "/Note", "/Document"),
    "ISO 19005-3 6.3.1-1": lambda pdf: new_annotation(pdf, "/Movie"),
    "ISO 19005-3 6.3.2-1": lambda pdf: delattr(widget(pdf), "F"),
    "ISO 19005-3 6.3.2-2": lambda pdf: setattr(widget(pdf), "F", 2),
    "ISO 19005-3 6.3.3-1": lambda pdf: delattr(widget(pdf), "AP"),
    "ISO 19005-3 6.3.3-2": lambda pdf: setattr(widget(pdf).AP, "D", drawn(pdf)),
    "ISO 19005-3 6.4.1-1": lambda pdf: setattr(widget(pdf), "A", Dictionary(S=Name.GoTo)),
    "ISO 19005-3 6.4.1-2": lambda pdf: setattr(widget(pdf), "AA", Dictionary()),
    "ISO 19005-3 6.4.1-3": lambda pdf: setattr(pdf.Root.AcroForm, "NeedAppearances", True),
    "ISO 19005-3 6.4.2-1": lambda pdf: setattr(pdf.Root.AcroForm, "XFA", Array()),
    "ISO 19005-3 6.4.2-2": lambda pdf: setattr(pdf.Root, "NeedsRendering", True),
    "ISO 14289-1 7.18.1-1": lambda pdf: new_annotation(pdf, "/Text"),
    "ISO 14289-1 7.18.1-3": lambda pdf: delattr(widget(pdf), "TU"),
    "ISO 14289-1 7.18.3-1": lambda pdf: delattr(pdf.pages[0].obj, "Tabs"),
    "ISO 14289-1 7.18.4-1": lambda pdf: delattr(widget(pdf), "StructParent"),
    "ISO 14289-1 7.18.5-1": lambda pdf: new_annotation(pdf, "/Link"),
    "ISO 14289-1 7.18.5-2": lambda pdf: new_annotation(pdf, "/Link"),
    "ISO 19005-3 6.5.1-1": lambda pdf: setattr(pdf.Root, "OpenAction", Dictionary(S=Name.JavaScript, JS=String("1"))),
    "ISO 19005-3 6.5.1-2": lambda pdf: setattr(pdf.Root, "OpenAction", Dictionary(S=Name.Named, N=Name.Print)),
    "ISO 19005-3 6.5.2-1": lambda pdf: setattr(pdf.Root, "AA", Dictionary()),
    "ISO 19005-3 6.5.2-2": lambda pdf: setattr(pdf.pages[0].obj, "AA", Dictionary()),
}


@breaks("ISO 19005-3 6.1.7-3")
def _stream_outside(pdf: Pdf) -> None:
    pdf.Root.Broken = Stream(pdf, b"x", F=String("elsewhere.bin"))


@breaks("ISO 19005-3 6.1.7-4")
def _unknown_filter(pdf: Pdf) -> None:
    stream = Stream(pdf, b"")
    stream.write(b"x", filter=Name.OwnDecode)
    pdf.Root.Broken = stream


@breaks("ISO 19005-3 6.2.3-2")
def _two_profiles(pdf: Pdf) -> None:
    other = Dictionary(dict(pdf.Root.OutputIntents[0].items()))
    other.DestOutputProfile = pdf.make_stream(other.DestOutputProfile.read_bytes())
    pdf.Root.OutputIntents.append(other)


@breaks("ISO 19005-3 6.2.2-2")
def _no_resources(pdf: Pdf) -> None:
    form = drawn(pdf)
    del form.Resources
    pdf.pages[0].resources.XObject["/Bare"] = form


@breaks("ISO 19005-3 6.2.9-1")
def _postscript_inside(pdf: Pdf) -> None:
    pdf.pages[0].resources.XObject["/Fx"] = drawn(pdf, Subtype2=Name.PS)


@breaks("ISO 19005-3 6.2.9-2")
def _refers_elsewhere(pdf: Pdf) -> None:
    pdf.pages[0].resources.XObject["/Fx"] = drawn(pdf, Ref=Dictionary())


@breaks("ISO 19005-3 6.2.9-3")
def _is_postscript(pdf: Pdf) -> None:
    pdf.pages[0].resources.XObject["/Fx"] = Stream(pdf, b"showpage", Type=Name.XObject, Subtype=Name.PS)


@breaks("ISO 19005-3 6.2.11.2-6")
def _too_few_widths(pdf: Pdf) -> None:
    pdf.pages[0].resources.Font["/Simple"] = pdf.make_indirect(
        Dictionary(
            Type=Name.Font,
            Subtype=Name.TrueType,
            BaseFont=Name.Simple,
            FirstChar=32,
            LastChar=40,
            Widths=Array([500]),
            FontDescriptor=descendant(pdf).FontDescriptor,
        )
    )


@breaks("ISO 19005-3 6.2.11.2-7")
def _unknown_font_program(pdf: Pdf) -> None:
    descendant(pdf).FontDescriptor.FontFile3 = Stream(pdf, b"x", Subtype=Name.Type7C)


@breaks("ISO 19005-3 6.2.11.4-2")
def _glyph_that_is_not_there(pdf: Pdf) -> None:
    name = min(pdf.pages[0].resources.Font.keys())
    paint(pdf, f"BT {name} 9 Tf <fff0> Tj ET".encode())


@breaks("ISO 19005-3 6.2.11.7-2")
def _mapped_to_nothing(pdf: Pdf) -> None:
    mapping = font(pdf).ToUnicode.read_bytes()
    font(pdf).ToUnicode.write(mapping.replace(b"endbfchar", b"<0001> <0000>\nendbfchar", 1))


@breaks("ISO 19005-3 6.2.11.8-1")
def _missing_letter(pdf: Pdf) -> None:
    name = min(pdf.pages[0].resources.Font.keys())
    paint(pdf, f"BT {name} 9 Tf <0000> Tj ET".encode())


@breaks("ISO 14289-1 7.2-14")
def _head_without_body(pdf: Pdf) -> None:
    table = new_element(pdf, "/Table", document(pdf))
    new_element(pdf, "/THead", table)


@breaks("ISO 14289-1 7.18.4-2")
def _form_with_more(pdf: Pdf) -> None:
    form = structure(pdf, "/Form")
    form.K = Array([form.K, form.K])


def _without_id(data: bytes) -> bytes:
    start = data.rindex(b"/ID")
    end = data.index(b"]", start) + 1
    return data[:start] + b" " * (end - start) + data[end:]


def _encrypted(data: bytes) -> bytes:
    out = BytesIO()
    with opened(data) as pdf:
        pdf.save(out, encryption=pikepdf.Encryption(owner="x", user=""))
    return out.getvalue()


RAW: dict[str, Callable[[bytes], bytes]] = {
    "ISO 19005-3 6.1.2-1": lambda data: data.replace(b"%PDF-1.7", b"%PDF-2.0", 1),
    "ISO 19005-3 6.1.2-2": lambda data: data[:9] + b"%abcd" + data[14:],
    "ISO 19005-3 6.1.3-1": _without_id,
    "ISO 19005-3 6.1.3-2": _encrypted,
    "ISO 19005-3 6.1.3-3": lambda data: data + b"more",
}


def numbers(data: bytes) -> set[str]:
    return {breach.rule.number for breach in check_pdf(data)}


def test_a_finished_file_keeps_every_rule() -> None:
    assert check_pdf(form_page()) == ()


def test_saving_it_anew_breaks_none_either() -> None:
    with opened(form_page()) as pdf:
        assert numbers(saved(pdf)) == set()


def test_every_rule_has_its_own_number_and_a_test_that_breaks_it() -> None:
    known = [rule.number for rule in RULES]
    assert len(set(known)) == len(known) >= 40
    assert set(known) == BREAKS.keys() | RAW.keys()


@pytest.mark.parametrize("number", sorted(BREAKS))
def test_a_file_broken_in_one_way_breaks_that_very_rule(number: str) -> None:
    with opened(form_page()) as pdf:
        BREAKS[number](pdf)
        assert number in numbers(saved(pdf))


@pytest.mark.parametrize("number", sorted(RAW))
def test_a_broken_frame_breaks_that_very_rule(number: str) -> None:
    assert number in numbers(RAW[number](form_page()))


def test_the_page_about_the_rules_lists_them_all() -> None:
    assert rules_table() in (ROOT / "docs" / "pdf-rules.md").read_text(encoding="utf-8")


def test_the_command_names_the_breach_and_says_against_how_many_rules_it_checked(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.pdf", tmp_path / "bad.pdf"
    good.write_bytes(form_page())
    bad.write_bytes(form_page() + b"more")
    command = [sys.executable, "-m", "tools.lint_pdf"]
    fine = subprocess.run([*command, str(good)], capture_output=True, text=True, check=False, cwd=ROOT)
    broken = subprocess.run([*command, str(bad)], capture_output=True, text=True, check=False, cwd=ROOT)
    assert (fine.returncode, fine.stdout) == (0, f"1 files checked against {len(RULES)} rules: 0 breaches\n")
    assert broken.returncode == 1
    assert "bad.pdf: ISO 19005-3 6.1.3-3" in broken.stdout
