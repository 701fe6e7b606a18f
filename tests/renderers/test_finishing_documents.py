"""The finished file as a whole: its structure tree, what it says of itself, its attachments, and how it is written."""

import re
import shutil
import subprocess
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree as ET

import pikepdf
import pypdfium2  # type: ignore[import-untyped]
import pytest
from pikepdf import Array, Dictionary, Name, Object

from agreements.errors import ConfigurationError
from agreements.language import Language
from renderers.finishing import Attachment, Relationship, finish, writing
from renderers.layout import lay_out
from renderers.pdf_rules import check_pdf
from tests.renderers.pdf_samples import DATA, ISSUED_ON, TERMS, form_page, html, laid_out_form, opened
from tests.renderers.samples import rendered

RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"


def finished(body: str, *, attachments: tuple[Attachment, ...] = ()) -> bytes:
    return finish(lay_out(html(body), "page.css"), issued_on=ISSUED_ON, attachments=attachments).pdf


def kinds(pdf: bytes) -> list[str]:
    """The structure elements from top to bottom, with indents for their depth."""
    found: list[str] = []

    def walk(element: Object, depth: int) -> None:
        kids = element.get("/K", Array())
        for kid in kids if isinstance(kids, Array) else [kids]:
            if isinstance(kid, Dictionary) and "/S" in kid:
                found.append("  " * depth + str(kid.S).lstrip("/"))
                walk(kid, depth + 1)

    with opened(pdf) as document:
        walk(document.Root.StructTreeRoot, 0)
    return found


# --- the structure tree -----------------------------------------------------------------------------------------------


def test_the_tree_holds_what_is_read_out_and_no_ballast() -> None:
    assert kinds(form_page()) == [
        "Document",
        "  H1",
        "  H2",
        "  L",
        *["    LI", "      Lbl", "      LBody"] * 2,
        "  Form",
        "  P",
        "  Form",
        "  P",
        "    Form",
        "  Form",
        "  Form",
        "  Table",
        "    THead",
        "      TR",
        "        TH",
        "        TH",
        "    TBody",
        "      TR",
        "        TH",
        "        TD",
        "  P",
    ]
    before = [kind.strip() for kind in kinds(laid_out_form().pdf)]
    assert before.count("Table") == 2
    assert before.count("Span") > 10


def test_a_table_for_the_look_is_read_as_text_and_one_with_headers_as_a_table() -> None:
    look = "<table><tr><td>Venstre</td><td><p>Høyre</p></td></tr></table>"
    rows = ('<th scope="row">Navn</th><td colspan="2">Blåbær</td>', '<th scope="row">A</th><td>1</td><td></td>')
    data = "<table>" + "".join(f"<tr>{row}</tr>" for row in rows) + "</table>"
    assert kinds(finished(look)) == ["Document", "  P", "  P"]
    assert kinds(finished(data))[2:] == [
        "    TBody",
        *["      TR", "        TH", "        TD"],
        *["      TR", "        TH", "        TD", "        TD"],
    ]
    with opened(finished(data)) as pdf:
        cells = [item for item in pdf.objects if isinstance(item, Dictionary) and item.get("/S") in {Name.TH, Name.TD}]
        attributes = [item.get("/A", Dictionary()) for item in cells]
        assert [str(item.get("/Scope", "")) for item in attributes].count("/Row") == 2
        assert [int(item.get("/ColSpan", 1)) for item in attributes].count(2) == 1
        assert not any("/Headers" in item or "/ID" in cell for item, cell in zip(attributes, cells, strict=True))


def test_headers_and_footers_are_passed_over_and_everything_else_is_owned() -> None:
    body = '<div class="header">Øverst</div><p>Første <b>side</b></p><p style="break-before: page">Andre side</p>'
    with opened(finished(body)) as pdf:
        for page, owners in zip(pdf.pages, pdf.Root.StructTreeRoot.ParentTree.Nums[1::2], strict=True):
            content = page.Contents.read_bytes()
            marked = [int(number) for number in re.findall(rb"/MCID (\d+)", content)]
            assert content.count(b"/Artifact\n<</Type /Pagination>>\nBDC") == 1
            assert sorted(marked) == [number for number, owner in enumerate(owners) if isinstance(owner, Dictionary)]
    with opened(lay_out(html(body), "page.css").pdf) as raw:
        assert b"Pagination" not in raw.pages[0].Contents.read_bytes()


def test_text_is_read_in_the_order_of_the_page() -> None:
    document = pypdfium2.PdfDocument(form_page())
    text = document[0].get_textpage().get_text_bounded()
    document.close()
    places = [text.index(part) for part in ("Skjema", "Felter", "En ting", "En ting til", "Kode", "Én", "Linje")]
    assert places == sorted(places)


# --- what it says of itself -------------------------------------------------------------------------------------------


def test_metadata_and_info_say_the_same_and_claim_both_standards() -> None:
    with opened(form_page()) as pdf:
        info = {key: str(value) for key, value in pdf.docinfo.items()}
        said = pdf.open_metadata(set_pikepdf_as_editor=False, update_docinfo=False)
        assert said["pdfaid:part"] == "3"
        assert said["pdfaid:conformance"] == "A"
        assert said["pdfuaid:part"] == "1"
        assert said["dc:title"] == info["/Title"] == "Skjema – prøve"
        assert said["dc:creator"] == ["Fjord & Fjell AS"]
        assert info["/Author"] == "Fjord & Fjell AS"
        assert said["dc:language"] == {"nb"}
        assert said["pdf:Producer"] == info["/Producer"]
        assert said["xmp:CreatorTool"] == info["/Creator"] == "avtalemottak"
        assert said["xmp:CreateDate"] == said["xmp:ModifyDate"] == "2026-11-23T00:00:00Z"
        assert info["/CreationDate"] == info["/ModDate"] == "D:20261123000000Z"


def test_the_metadata_are_one_readable_uncompressed_packet() -> None:
    packets = re.findall(rb"<\?xpacket begin=.*?<\?xpacket end=\"r\"\?>", form_page(), re.DOTALL)
    assert len(packets) == 1  # found in the file's bytes as they stand
    tree = ET.fromstring(packets[0].decode())
    assert len(tree.findall(f"{RDF}RDF")) == 1
    assert len(tree.findall(f"{RDF}RDF/{RDF}Description")) == 1


def test_markup_in_a_title_stays_text() -> None:
    page = html("<p>x</p>").replace("Skjema – prøve", "A &amp; B &lt;i&gt; ]]&gt; &quot;'")
    pdf = finish(lay_out(page, "page.css"), issued_on=ISSUED_ON).pdf
    with opened(pdf) as document, document.open_metadata() as xmp:
        assert xmp["dc:title"] == "A & B <i> ]]> \"'"
    assert check_pdf(pdf) == ()


def test_a_document_without_a_date_has_none() -> None:
    with opened(finish(lay_out(html("<h1>Brev</h1>"), "page.css")).pdf) as pdf:
        assert "/CreationDate" not in pdf.docinfo
        assert b"CreateDate" not in pdf.Root.Metadata.read_bytes()


def test_a_document_without_a_title_is_refused() -> None:
    with pytest.raises(ConfigurationError) as failed:
        finish(lay_out("<html lang=nb><body><p>x</p>", "page.css"))
    assert failed.value.code == "render_failed"


# --- attachments ------------------------------------------------------------------------------------------------------


def test_attachments_come_out_as_they_went_in_with_their_kind_date_and_relation() -> None:
    with opened(form_page()) as pdf:
        assert {name: file.get_file().read_bytes() for name, file in pdf.attachments.items()} == {
            "Vilkår A.pdf": TERMS.content,
            "avtale.json": DATA.content,
        }
        assert [(str(item.UF), str(item.AFRelationship)) for item in pdf.Root.AF] == [
            ("Vilkår A.pdf", "/Supplement"),
            ("avtale.json", "/Data"),
        ]
        for item, media_type in zip(pdf.Root.AF, ("/application/pdf", "/application/json"), strict=True):
            assert str(item.EF.F.Subtype) == media_type
            assert str(item.EF.F.Params.ModDate) == str(item.EF.F.Params.CreationDate) == "D:20261123000000Z"
            assert int(item.EF.F.Params.Size) == len(item.EF.F.read_bytes())
        names = pdf.Root.Names.EmbeddedFiles.Names
        assert [bytes(name) for name in names[::2]] == sorted(bytes(name) for name in names[::2])


def attachment(name: str) -> Attachment:
    return Attachment(
        name=name, media_type="text/plain", description="x", content=b"x", relationship=Relationship.SUPPLEMENT
    )


@pytest.mark.parametrize("names", [("a.txt", "a.txt"), ("../a.txt",), ("",), ("a\nb.txt",), ("C:a.txt",)])
def test_names_that_are_no_file_names_or_come_twice_are_refused(names: tuple[str, ...]) -> None:
    with pytest.raises(ConfigurationError) as failed:
        finished("<p>x</p>", attachments=tuple(attachment(name) for name in names))
    assert failed.value.code == "render_failed"


def test_a_document_without_attachments_names_none() -> None:
    assert b"/EmbeddedFile" not in finished("<p>x</p>")
    assert b"/AF" not in finished("<p>x</p>")


def test_a_document_too_large_for_signing_services_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "MAX_DOCUMENT_BYTES", 5_000)
    with pytest.raises(ConfigurationError) as failed:
        finished("<p>x</p>")
    assert failed.value.code == "document_too_large"
    assert failed.value.params["limit"] == 5_000


# --- how it is written ------------------------------------------------------------------------------------------------


def test_the_file_is_written_plainly() -> None:
    pdf = form_page()
    assert pdf.startswith(b"%PDF-1.7\n")
    assert b"\nxref\n" in pdf
    for forbidden in (b"/ObjStm", b"/XRef", b"/Encrypt", b"/JavaScript"):
        assert forbidden not in pdf


def test_qpdf_finds_nothing_to_say_about_any_of_our_files() -> None:
    for pdf in (form_page(), rendered(Language.NB, full=True).pdf):
        with opened(pdf) as document:
            assert document.check_pdf_syntax() == []


@pytest.mark.parametrize("program", ["pdftotext", "pdftocairo"])
def test_poppler_reads_the_file_without_a_complaint(program: str, tmp_path: Path) -> None:
    assert shutil.which(program) is not None
    (tmp_path / "a.pdf").write_bytes(form_page())
    options = ["-svg"] if program == "pdftocairo" else []
    answer = subprocess.run(
        [program, *options, str(tmp_path / "a.pdf"), str(tmp_path / "out")], capture_output=True, text=True, check=True
    )
    assert answer.stderr == ""


def test_the_same_page_gives_the_same_bytes() -> None:
    again = finish(
        lay_out(html(), "page.css", fields=True),
        ("Signatur1",),
        issued_on=ISSUED_ON,
        attachments=(TERMS, DATA),
        page_mark=lambda page: f"DA1:DA-2026-000042-J.2:{page}:7K3M9QXA",
    )
    assert again.pdf == form_page()


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("full", [False, True])
def test_issued_agreements_keep_every_rule_and_are_small(language: Language, *, full: bool) -> None:
    issued = rendered(language, full=full)
    assert check_pdf(issued.pdf) == ()
    assert len(issued.pdf) < 200_000


def test_a_font_that_is_not_ours_fails_the_finishing() -> None:
    laid_out = laid_out_form()
    with opened(laid_out.pdf) as pdf:
        fonts = pdf.pages[0].resources.Font
        fonts[min(fonts.keys())].BaseFont = Name("/ABCDEF+Helvetica")
        out = BytesIO()
        pdf.save(out)
    with pytest.raises(ConfigurationError) as failed:
        finish(type(laid_out)(pdf=out.getvalue(), places=laid_out.places), ("Signatur1",))
    assert "Helvetica" in str(failed.value.params["reason"])


def test_any_pdf_can_be_opened_and_finished_by_its_parts() -> None:
    from renderers.finishing.attachments import attach
    from renderers.finishing.marks import mark_pages
    from renderers.finishing.metadata import write_metadata

    pdf = pikepdf.new()
    pdf.add_blank_page(page_size=(300, 300))
    pdf.docinfo.Title, pdf.Root.Lang = pikepdf.String("Skjema"), pikepdf.String("nb")
    mark_pages(pdf, lambda page: f"DA1:DA-2026-000042-J.2:{page}:7K3M9QXA")
    attach(pdf, (DATA,), ISSUED_ON)
    write_metadata(pdf, ISSUED_ON)
    with opened(writing.write(pdf)) as written:
        assert list(written.attachments) == ["avtale.json"]
        assert len(written.pages[0].resources.XObject) == 1
