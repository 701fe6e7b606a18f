"""The issued file: its form, its signature fields, and that it can be signed."""

import os
import re
import subprocess
import sys
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import pikepdf
import pytest
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from agreements.catalogue import load_catalogue
from agreements.errors import ConfigurationError, UsageError
from agreements.language import Language
from agreements.parties import Signer, SigningBasis
from renderers.agreement import RenderedAgreement, render_agreement
from renderers.finishing import finish
from renderers.layout import LaidOut, lay_out
from renderers.places import Places
from renderers.versions import template_version
from tests.renderers.samples import KARI, OLA, rendered, sample
from tests.renderers.throwaway import sign, signer

MAX_BYTES = 300_000


@pytest.fixture(scope="module")
def plain() -> RenderedAgreement:
    return rendered()


@pytest.fixture(scope="module")
def full() -> RenderedAgreement:
    return rendered(Language.NN, full=True)


def test_the_same_input_gives_the_same_bytes_in_another_process_too(plain: RenderedAgreement) -> None:
    program = (
        "import os, sys, renderers; os.environ['FONTCONFIG_FILE'] = str(renderers.fontconfig_file())\n"
        "from hashlib import sha256; from renderers.agreement import render_agreement\n"
        "from tests.renderers.samples import sample\n"
        "print(sha256(render_agreement(sample()).pdf).hexdigest())"
    )
    other = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert render_agreement(sample()).pdf == plain.pdf
    assert other.stdout.strip() == sha256(plain.pdf).hexdigest()


def test_the_file_is_small_tagged_titled_and_in_its_language(full: RenderedAgreement) -> None:
    assert len(full.pdf) <= MAX_BYTES
    assert 3 <= full.pages <= 6
    with pikepdf.open(BytesIO(full.pdf)) as pdf:
        assert len(pdf.pages) == full.pages
        assert pdf.Root.MarkInfo.Marked
        assert str(pdf.Root.Lang) == "nn"
        title = str(pdf.docinfo.Title)
        assert "DA-2026-000042-J.1" in title
        assert len(title) <= 80
        assert pdf.Root.ViewerPreferences.DisplayDocTitle
        assert [float(page.mediabox[2]) for page in pdf.pages] == pytest.approx([595.28] * full.pages, abs=0.01)
        with pdf.open_metadata() as xmp:
            assert xmp["pdfuaid:part"] == "1"


def test_the_file_has_a_classic_cross_reference_table_and_nothing_that_acts(full: RenderedAgreement) -> None:
    assert full.pdf.startswith(b"%PDF-1.7")
    assert re.search(rb"startxref\s+\d+\s+%%EOF\s*\Z", full.pdf)
    assert b"\nxref\n" in full.pdf
    for forbidden in (b"/ObjStm", b"/XRef", b"/JavaScript", b"/JS", b"/OpenAction", b"/AA", b"/Launch", b"/Encrypt"):
        assert forbidden not in full.pdf
    for forbidden in (b"/NeedAppearances", b"/Lock", b"/SV", b"/URI"):
        assert forbidden not in full.pdf


def test_each_signer_has_an_empty_visible_named_signature_field(full: RenderedAgreement) -> None:
    with pikepdf.open(BytesIO(full.pdf)) as pdf:
        form = pdf.Root.AcroForm
        assert int(form.SigFlags) == 3
        assert [str(field.T) for field in form.Fields] == ["Signatur1", "Signatur2"]
        for field, signer in zip(form.Fields, (KARI, OLA), strict=True):
            assert pikepdf.Name.Sig == field.FT
            assert "/V" not in field
            assert int(field.F) == 132
            assert signer.name in str(field.TU)
            x0, y0, x1, y1 = (float(number) for number in field.Rect)
            assert x1 - x0 > 200
            assert y1 - y0 > 70
            assert y0 > 30 * 72 / 25.4
            assert field.AP.N.read_bytes().strip() == b""
            assert field.objgen in [annotation.objgen for annotation in pdf.pages[-1].Annots]


def test_the_signature_fields_stand_in_the_structure_tree(full: RenderedAgreement) -> None:
    with pikepdf.open(BytesIO(full.pdf)) as pdf:
        forms = [item for item in pdf.objects if isinstance(item, pikepdf.Dictionary) and item.get("/S") == "/Form"]
        assert {form.K.Obj.objgen for form in forms} == {field.objgen for field in pdf.Root.AcroForm.Fields}


def test_one_signer_gets_one_field(plain: RenderedAgreement) -> None:
    with pikepdf.open(BytesIO(plain.pdf)) as pdf:
        assert [str(field.T) for field in pdf.Root.AcroForm.Fields] == ["Signatur1"]


def _anchored() -> ValidationContext:
    return ValidationContext(trust_roots=[signer().signing_cert], allow_fetching=False)


def test_signing_in_the_fields_keeps_the_issued_bytes_and_counts_as_form_filling(full: RenderedAgreement) -> None:
    once = sign(full.pdf, "Signatur1")
    twice = sign(once, "Signatur2")
    assert once.startswith(full.pdf)
    assert twice.startswith(once)
    first, second = PdfFileReader(BytesIO(twice)).embedded_signatures
    statuses = [validate_pdf_signature(item, _anchored()) for item in (first, second)]
    assert all(status.intact for status in statuses)
    assert statuses[0].modification_level == ModificationLevel.FORM_FILLING
    assert statuses[1].modification_level == ModificationLevel.NONE


def test_without_the_repair_of_the_structure_tree_a_second_signature_looks_like_tampering(
    full: RenderedAgreement,
) -> None:
    """The regression the repair is there for: a child alone in an array is a path pyHanko does not know."""
    with pikepdf.open(BytesIO(full.pdf)) as pdf:
        for item in pdf.objects:
            if isinstance(item, pikepdf.Dictionary) and item.get("/S") == "/Form":
                item.K = pikepdf.Array([item.K])
        out = BytesIO()
        pdf.save(out, object_stream_mode=pikepdf.ObjectStreamMode.disable)
    twice = sign(sign(out.getvalue(), "Signatur1"), "Signatur2")
    first = PdfFileReader(BytesIO(twice)).embedded_signatures[0]
    status = validate_pdf_signature(first, _anchored())
    assert status.modification_level == ModificationLevel.OTHER


def test_a_letter_no_font_has_fails_the_rendering() -> None:
    with pytest.raises(ConfigurationError) as failed:
        render_agreement(sample(signers=(Signer(name="Kari 🦄", basis=SigningBasis.PROKURA),)))
    assert failed.value.code == "render_failed"


@pytest.mark.parametrize(
    "content",
    [
        '<img src="http://localhost:1/logo.png">',
        '<img src="file:///etc/passwd">',
        '<img src="data:image/png;base64,AAAA">',
        '<link rel="stylesheet" href="http://localhost:1/x.css">',
        '<link rel="attachment" href="file:///etc/passwd">',
        "<style>@import url(file:///etc/passwd);</style>",
        "<style>@font-face { font-family: x; src: url(file:///etc/passwd) }</style>",
        '<img src="logo.png">',
        '<p style="colour: red">',
    ],
)
def test_anything_fetched_or_not_understood_fails_the_rendering(content: str) -> None:
    with pytest.raises(ConfigurationError) as failed:
        lay_out(f"<html lang=nb><title>x</title><body>{content}", "page.css")
    assert failed.value.code == "render_failed"


def test_a_font_that_is_not_ours_fails_the_finishing() -> None:
    font = pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica)
    with pikepdf.new() as pdf:
        page = pdf.add_blank_page()
        page.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=font))
        out = BytesIO()
        pdf.save(out)
    with pytest.raises(ConfigurationError, match="foreign font: Helvetica"):
        finish(LaidOut(pdf=out.getvalue(), places=Places(values=(), fields=(), required=frozenset())))


def test_fields_that_the_template_did_not_make_fail_the_finishing() -> None:
    html = "<html lang=nb><title>x</title><body><input name=Signatur1 title=x>"
    laid_out = lay_out(html, "page.css", "agreement.css", fields=True)
    with pytest.raises(ConfigurationError, match="signature fields"):
        finish(laid_out, ("Signatur1", "Signatur2"))


def test_without_terms_only_an_example_is_made() -> None:
    with pytest.raises(ConfigurationError) as refused:
        render_agreement(sample(terms=()))
    assert refused.value.code == "terms_missing"


@pytest.mark.parametrize("signers", [(), (KARI, OLA, KARI)])
def test_one_or_two_sign(signers: tuple[Signer, ...]) -> None:
    with pytest.raises(UsageError):
        render_agreement(sample(signers=signers))


def test_the_template_version_has_the_catalogues_form() -> None:
    pattern = load_catalogue().field("agreement.template_version").pattern
    assert pattern is not None
    assert re.fullmatch(pattern, template_version())


def test_every_letter_of_a_latin_name_has_a_glyph() -> None:
    letters = "".join(chr(code) for code in (*range(0xC0, 0x149), *range(0x14A, 0x180), *range(0x1EA0, 0x1EFA)))
    words = " ".join(letters[start : start + 12] for start in range(0, len(letters), 12))
    name = "Siv Hætta Áŋŋel Čađđi Ŧŧor Ǥǥ Ǩǩ Ǯǯ Žižek Łukasz Ștefan Nguyễn Thị Ánh"
    assert lay_out(f"<html lang=se><title>x</title><body><p>{name} {words}</p><h1>{words}</h1>", "page.css").pdf


def test_importing_the_room_does_not_load_the_layout_library() -> None:
    program = (
        "import sys, renderers, renderers.agreement, renderers.summary, renderers.letters\n"
        "print('weasyprint' in sys.modules or 'pikepdf' in sys.modules)"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "False"


@pytest.mark.parametrize("content", ["<fontconfig/>", "<fontconfig><dir>{ours}</dir><dir>{more}</dir></fontconfig>"])
def test_other_fonts_than_ours_are_refused_before_anything_is_laid_out(tmp_path: Path, content: str) -> None:
    ours = Path(__file__).parents[2] / "renderers" / "fonts"
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "other.ttf").write_bytes((ours / "AvtaleMono-Regular.ttf").read_bytes())
    fonts = tmp_path / "fonts.conf"
    fonts.write_text(content.format(ours=ours, more=tmp_path / "more"), encoding="utf-8")
    program = (
        "from agreements.errors import ConfigurationError; from renderers.agreement import render_agreement\n"
        "from tests.renderers.samples import sample\n"
        "try: render_agreement(sample())\n"
        "except ConfigurationError as error: print(error.code)"
    )
    environment = {**os.environ, "FONTCONFIG_FILE": str(fonts)}
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment
    )
    assert answer.stdout.strip() == "fonts_not_private"


def test_fonts_carry_their_licence() -> None:
    fonts = Path(__file__).parents[2] / "renderers" / "fonts"
    assert "SIL OPEN FONT LICENSE" in (fonts / "OFL.txt").read_text(encoding="utf-8")
    assert sorted(path.stem.partition("-")[0] for path in fonts.glob("*.ttf")) == [
        "AvtaleDisplay",
        "AvtaleMono",
        "AvtaleSans",
        "AvtaleSans",
    ]
