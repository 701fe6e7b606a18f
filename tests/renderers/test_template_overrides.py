"""A vendor's own files: what they may change, what is refused, and that they can reach nothing."""

import json
from contextlib import closing
from io import BytesIO

import pypdfium2  # type: ignore[import-untyped]
import pypdfium2.raw as pdfium  # type: ignore[import-untyped]
import pytest
from PIL import Image

from agreements.errors import ConfigurationError
from agreements.language import Language
from renderers.agreement import RenderedAgreement, render_agreement
from renderers.overrides import ALLOWED_FILES, MAX_FILE_BYTES, STANDARD, Overrides, check_overrides
from renderers.templates import fill, flat_words
from renderers.versions import template_version
from tests.renderers.samples import sample
from tests.renderers.test_agreement_text import text_of

OURS = {language: flat_words(language) for language in Language}
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><rect width="9" height="9" fill="#7a1f3d"/></svg>'


def own(**files: str | bytes) -> Overrides:
    """Files by name, with `__` for the full stop and `_` for the hyphen."""
    named = {name.replace("__", ".").replace("_", "-"): content for name, content in files.items()}
    return Overrides(
        name="fjord",
        files=tuple(sorted((name, c.encode() if isinstance(c, str) else c) for name, c in named.items())),
    )


def made(overrides: Overrides, language: Language = Language.NB) -> RenderedAgreement:
    check_overrides(overrides, OURS)
    return render_agreement(sample(language=language, overrides=overrides))


def faults(overrides: Overrides) -> list[tuple[str, dict[str, object]]]:
    with pytest.raises(ConfigurationError) as refused:
        check_overrides(overrides, OURS)
    assert refused.value.code == "template_faults"
    parts = refused.value.params["faults"]
    assert isinstance(parts, tuple)
    return [(part.code, part.params) for part in parts]


def codes(overrides: Overrides) -> list[str]:
    return [code for code, _ in faults(overrides)]


def test_parts_words_stylesheet_and_logo_change_the_agreement() -> None:
    overrides = own(
        agreement_privacy__html='<p>{{ words("own.greeting", vendor=vendor.name) }}</p>{{ words("agreement.party") }}',
        words__nb__yaml='own: {greeting: "Velkommen til {vendor}."}\nagreement: {party: "Den som er med"}\n',
        agreement__css="h1 { color: #7a1f3d }",
        logo__svg=SVG,
    )
    agreement = made(overrides)
    text = text_of(agreement.pdf)
    assert "Velkommen til Fjordsystem AS." in text
    assert "Den som er med" in text
    assert "Organisasjonsnummer" in text
    assert agreement.template_version.startswith("fjord ")


def png() -> bytes:
    picture = BytesIO()
    Image.new("RGB", (40, 20), "#7a1f3d").save(picture, "PNG")
    return picture.getvalue()


def test_a_png_logo_is_shown_on_the_front_page_alone() -> None:
    agreement = made(own(logo__png=png()))
    with closing(pypdfium2.PdfDocument(agreement.pdf)) as document:
        shown = [len(list(page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_IMAGE]))) for page in document]
    assert shown == [1] + [0] * (agreement.pages - 1)
    assert b"/Interpolate true" not in agreement.pdf  # PDF/A-3 6.2.8


def test_the_same_files_give_the_same_bytes_and_another_letter_another_version() -> None:
    one, same = own(agreement__css="h1 { color: #7a1f3d }"), own(agreement__css="h1 { color: #7a1f3d }")
    assert made(one).pdf == made(same).pdf
    assert template_version(one) != template_version(own(agreement__css="h1 { color: #7a1f3e }"))
    assert template_version(one) != template_version(STANDARD)
    assert template_version(STANDARD) == template_version()


@pytest.mark.parametrize("name", ["agreement.html", "agreement-signature.html", "agreement-authorisation.html"])
def test_the_skeleton_the_powers_and_the_signature_boxes_can_not_be_replaced(name: str) -> None:
    assert name not in ALLOWED_FILES
    assert codes(Overrides(name="fjord", files=((name, b"x"),))) == ["template_file_unknown"]


@pytest.mark.parametrize(
    "key",
    ["authorisation", "administrator", "confirm", "confirm_without_terms", "joint", "terms_none", "example", "footer"],
)
def test_a_sentence_that_binds_somebody_can_not_be_reworded(key: str) -> None:
    sentence = flat_words(Language.NB)[f"agreement.{key}"].replace("Virksomheten", "Ingen")
    assert codes(own(words__nb__yaml=f"agreement:\n  {key}: '{sentence}'\n")) == ["template_word_fixed"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("agreement: {title: 'Avtale {number}'}", "template_word_places"),
        ("agreement: {between: 'avtale'}", "template_word_places"),
        ("agreement: {between: '{customer.__class__}'}", "template_word_places"),
        ("own: {x: '{vendor.__class__.__mro__}'}", "template_word_places"),
        ("own: {x: '{0}'}", "template_word_places"),
        ("own: {x: '{vendor!r}'}", "template_word_places"),
        ("own: {x: '{{vendor}}'}", "template_word_places"),
        ("agreement: {titel: 'Avtale'}", "template_word_unknown"),
        ("summary: {title: 'Oversikt'}", "template_word_unknown"),
        ("agreement: [1, 2]", "template_words_unreadable"),
        ("own: {x: 7}", "template_words_unreadable"),
        ("own: {x: 'a", "template_words_unreadable"),
        ("!!python/object/apply:os.system ['true']", "template_words_unreadable"),
    ],
)
def test_words_that_can_not_be_meant_are_refused(words: str, code: str) -> None:
    assert codes(own(words__nb__yaml=words)) == [code]


@pytest.mark.parametrize(
    "tag", ["a href='https://example.org'", "script", "input name=x", "form", "style", "link", "svg"]
)
def test_what_would_act_in_the_finished_file_is_refused(tag: str) -> None:
    ((code, params),) = faults(own(agreement_opening__html=f"<p>x</p><{tag}>"))
    assert (code, params["tag"]) == ("template_tag_refused", tag.split(maxsplit=1)[0])


@pytest.mark.parametrize(
    "logo",
    [
        b"<html></html>",
        b'<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg>&x;</svg>',
        b'<svg><image href="file:///etc/passwd"/></svg>',
        b'<svg><use href="https://example.org/x.svg#a"/></svg>',
        b'<svg><rect fill="url(https://example.org/x)"/></svg>',
        b"<svg><script>x</script></svg>",
        b"<svg><style>@import url(x.css);</style></svg>",
        b"<svg><text>Ikke bindende</text></svg>",
        b"<svg><metadata><text>Ikke bindende</text></metadata></svg>",
        b"<svg><defs><g id='a'/></defs><use href='#a'/></svg>",
        b"<svg onload='x'></svg>",
        b"<?xml version='1.0' encoding='cp037'?><svg/>",
        "<svg><text>x</text></svg>".encode("utf-16"),
        b"<svg>" + b"<g/>" * 2_500 + b"</svg>",
        b"<svg><g></svg>",
    ],
)
def test_a_logo_that_refers_to_anything_outside_itself_is_refused(logo: bytes) -> None:
    assert codes(own(logo__svg=logo)) == ["template_logo_unfit"]


def test_a_picture_too_large_to_be_drawn_is_refused_by_its_first_bytes() -> None:
    huge = png()[:16] + (30_000).to_bytes(4) * 2 + png()[24:]
    assert codes(own(logo__png=huge)) == ["template_logo_unfit"]
    assert codes(own(logo__png=png()[:20])) == ["template_logo_unfit"]


def test_a_logo_with_gradients_and_titles_as_drawing_programs_write_them_is_taken() -> None:
    logo = (
        b"<?xml version='1.0' encoding='UTF-8'?><svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 9 9'>"
        b"<title>F</title><defs><linearGradient id='a'><stop offset='0'/></linearGradient><style>.b{fill:#111}</style>"
        b"</defs><g transform='scale(.5)'><path class='b' fill='url(#a)' d='M0 0h9v9z'/></g></svg>"
    )
    check_overrides(own(logo__svg=logo), OURS)


def test_a_logo_that_is_something_else_is_refused() -> None:
    assert codes(own(logo__png=SVG)) == ["template_logo_unfit"]


def test_a_large_file_and_one_that_is_no_text_are_refused_and_everything_wrong_is_told_at_once() -> None:
    overrides = own(
        agreement__css="x" * (MAX_FILE_BYTES + 1), words__en__yaml=b"\xff", agreement_front__html="<script>"
    )
    assert sorted(codes(overrides)) == ["template_file_not_text", "template_file_too_large", "template_tag_refused"]


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        ("<p>{{ customer.nmae }}</p>", "UndefinedError"),
        ("<p>{% if %}</p>", "TemplateSyntaxError"),
        ('<p>\n{{ words("agreement.nothing") }}</p>', "KeyError"),
        ("{{ ''.__class__.__mro__[1].__subclasses__() }}", "SecurityError"),
        ("{{ words.func.__globals__ }}", "SecurityError"),
        ("{{ facts.append(1) }}", "UndefinedError"),
        ('{% include "../agreement.py" %}', "TemplateNotFound"),
        ('{% include "/etc/passwd" %}', "TemplateNotFound"),
        ('{% include "words.nb.yaml" %}', "TemplateNotFound"),
        ("{% for n in range(10000000) %}x{% endfor %}", "OverflowError"),
    ],
)
def test_a_part_that_is_wrong_or_reaches_out_fails_with_its_file(part: str, reason: str) -> None:
    with pytest.raises(ConfigurationError) as failed:
        made(own(agreement_opening__html=part))
    assert failed.value.code == "template_broken"
    assert str(failed.value.params["reason"]).startswith(reason)
    assert failed.value.params["file"] in {"agreement-opening.html", "fjord"}


def test_a_fault_is_told_with_its_line() -> None:
    with pytest.raises(ConfigurationError) as failed:
        made(own(agreement_opening__html="<p>x</p>\n<p>\n{{ vendor.phone }}</p>"))
    assert (failed.value.params["file"], failed.value.params["line"]) == ("agreement-opening.html", 3)


@pytest.mark.parametrize(
    ("css", "code"),
    [
        ("@import url(https://example.org/x.css);", "render_failed"),
        ("h1 { background: url(file:///etc/passwd) }", "render_failed"),
        ("@font-face { font-family: x; src: url(https://example.org/x.ttf) }", "render_failed"),
        ("h1 { colour: red }", "template_style_not_understood"),
        ("td { width: nan }", "template_style_not_understood"),
        ("p:::x { color: red }", "template_style_not_understood"),
    ],
)
def test_a_stylesheet_that_fetches_or_is_not_understood_fails_the_rendering_every_time(css: str, code: str) -> None:
    """Even if the list of what a stylesheet may hold had let it pass."""
    for _ in range(2):
        with pytest.raises(ConfigurationError) as failed:
            render_agreement(sample(overrides=own(agreement__css=css)))
        assert failed.value.code == code


REFUSED_STYLES = {
    "@import url(x.css);": "@import",
    "@page { margin: 0 }": "@page",
    "@page :first { @top-left { content: 'Utkast' } }": "@page",
    "@font-face { font-family: x }": "@font-face",
    "@media print { p { color: red } }": "@media",
    ".power::before { color: red }": "::",
    ".power:before { color: red }": ":before",
    "h1 { content: 'Ikke bindende' }": "content",
    "h1 { c\\6fntent: attr(title) }": "content",
    "h1 { string-set: x 'y' }": "string-set",
    ".page { counter-reset: page 7 }": "counter-reset",
    ".tag { display: none }": "display",
    ".example { visibility: hidden }": "visibility",
    ".power { opacity: .1 }": "opacity",
    ".power { position: relative; left: 300mm }": "position",
    ".power { float: right }": "float",
    ".power { transform: rotate(180deg) }": "transform",
    ".power { overflow: hidden; height: 1mm }": "overflow",
    ".power p { text-decoration: line-through }": "text-decoration",
    ".power p { text-transform: uppercase }": "text-transform",
    ".power p { text-indent: 900mm }": "text-indent",
    ".power p { direction: rtl }": "direction",
    ".power { width: calc(1mm - 2mm) }": "calc()",
    ".power { --x: 1 }": "--x",
    "ul { list-style: 'ikke ' }": "list-style",
    "h1 { background: url(https://example.org/x) }": "url()",
    "h1 { background: url('file:///etc/passwd') }": "url()",
    "h1 { background: url(res:logo.svg) }": "url()",
    "h1 { background-image: none }": "background-image",
    "ul { list-style-image: url(res:logo.svg) }": "list-style-image",
    ".power { border-image: url(res:logo.svg) 1 }": "border-image",
    ".power { border-image-slice: 1 }": "border-image-slice",
    ".logo { object-fit: none }": "object-fit",
    "h1 { &::after { content: 'x' } }": "&::after",
    "<!-- .tag { display: none } -->": "display",
}


@pytest.mark.parametrize("css", REFUSED_STYLES)
def test_a_stylesheet_that_could_change_what_is_said_is_refused_with_its_line(css: str) -> None:
    (code, params), *_ = faults(own(agreement__css=f"h1 {{ color: red }}\n{css}"))
    assert (code, params["line"], params["what"]) == ("template_style_refused", 2, REFUSED_STYLES[css])


NUMBERS = {
    "p { padding: 1e308mm }": ("1e308mm", "0–300 mm"),
    "p { width: 1e400mm }": ("1e400mm", "0–300 mm"),
    "p { margin: 99999999mm }": ("99999999mm", "0–300 mm"),
    "p { margin: 0 301mm }": ("301mm", "0–300 mm"),
    "p { margin-top: -20mm }": ("-20mm", "0–300 mm"),
    "p { width: 12in }": ("12in", "0–300 mm"),
    "p { width: 301% }": ("301%", "0–300 %"),
    "p { padding: 21em }": ("21em", "0–20 em"),
    "p { orphans: 1e400 }": ("1e400", "0–1000"),
    "p { font-size: 1e30pt }": ("1e30pt", "8–72 pt"),
    "html { font-size: 200pt }": ("200pt", "8–72 pt"),
    "p { font-size: 7.9pt }": ("7.9pt", "8–72 pt"),
    "p { font-size: 0 }": ("0", "8–72 pt"),
    "p { font-size: 10% }": ("10%", "50–400 %"),
    "p { font-size: 99em }": ("99em", "0.5–4 em"),
    "p { font: 400 1pt 'Avtale Sans' }": ("1pt", "8–72 pt"),
    "p { font: 400 9pt / .5 'Avtale Sans' }": (".5", "1–5"),
    "p { font: 1e400 9pt 'Avtale Sans' }": ("1e400", "0–1000"),
    "td { line-height: 0.01 }": ("0.01", "1–5"),
    "td { line-height: 12pt }": ("12pt", "1–5"),
    "td { line-height: 110% }": ("110%", "1–5"),
    "p { letter-spacing: -1e9mm }": ("-1e9mm", "-300–300 mm"),
    "p { color: rgb(1e400 0 0) }": ("1e400", "0–1000"),
}


@pytest.mark.parametrize("css", NUMBERS)
def test_a_number_that_a_page_has_no_use_for_is_refused_with_what_may_stand_there(css: str) -> None:
    ((code, params),) = faults(own(agreement__css=f"h1 {{ color: red }}\n{css}"))
    what, allowed = NUMBERS[css]
    assert (code, params["line"], str(params["what"]).casefold()) == ("template_style_number", 2, what)
    assert params["allowed"] == allowed


@pytest.mark.parametrize(
    ("css", "what"),
    [
        ("p { font-family: 'Comic Sans' }", "Comic Sans"),
        ("p { font-family: 'Avtale Sans', Arial, sans-serif }", "Arial"),
        ("p { font: 20pt 'Comic Sans' }", "Comic Sans"),
        ("p { font: 600 20pt/1.2 Comic Sans, Avtale Mono }", "Comic Sans"),
        ("p { font: caption }", "caption"),
    ],
)
def test_a_typeface_that_is_not_ours_is_refused_with_the_names_of_ours(css: str, what: str) -> None:
    code, params = faults(own(agreement__css=css))[0]
    assert (code, params["line"], params["what"]) == ("template_style_font", 1, what)
    assert params["allowed"] == "Avtale Display, Avtale Sans, Avtale Mono"


@pytest.mark.parametrize(
    ("css", "what"),
    [
        ("p { color: red }}}} @page {}", "Unmatched }"),
        ("p { color: red }\n/* .power { color: red }", "/*"),
        ("p { color: red /* }", "/*"),
        ("/*/", "/*"),
        ("p { color red }", "EOF reached"),
        ("p { font-family: 'Avtale Sans\n }", "Bad string token"),
        ("p { color: rgb(1 2 ]) }", "Unmatched ]"),
    ],
)
def test_a_stylesheet_that_ends_otherwise_than_it_begins_is_refused_with_its_line(css: str, what: str) -> None:
    code, params = faults(own(agreement__css=css))[0]
    assert code == "template_style_unreadable"
    assert str(params["what"]).startswith(what)


@pytest.mark.parametrize(
    ("sentence", "character", "code_point"),
    [
        ("Velkommen \U0001f600", "\U0001f600", "U+1F600"),
        ("Velkom\u00admen", "SOFT HYPHEN", "U+00AD"),
        ("Velkom\u200dmen", "ZERO WIDTH JOINER", "U+200D"),
        ("Velkommen \u202etil", "RIGHT-TO-LEFT OVERRIDE", "U+202E"),
        ("Velkommen\ttil", "-", "U+0009"),
    ],
)
def test_a_character_that_can_not_be_printed_is_named_with_its_file_and_place(
    sentence: str, character: str, code_point: str
) -> None:
    words = f"own:\n  hello: {json.dumps(sentence, ensure_ascii=False)}\n"
    told = {"character": character, "code_point": code_point}
    assert faults(own(words__nb__yaml=words)) == [
        ("template_word_character", {"file": "words.nb.yaml", "key": "own.hello", **told})
    ]
    if code_point != "U+0009":  # tabs in HTML are blanks
        part = f"<p>\r\n\t{sentence}</p>"
        (fault,) = faults(own(agreement_privacy__html=part))
        assert fault == ("template_part_character", {"file": "agreement-privacy.html", "line": 2, **told})


def test_a_character_that_is_written_by_its_number_is_found_too() -> None:
    assert codes(own(agreement_privacy__html="<p>Velkom&shy;men</p><p>&#x202e;</p>")) == ["template_part_character"]


def test_sentences_over_several_lines_and_files_with_the_line_ends_of_windows_are_taken() -> None:
    words = "own:\r\n  hello: |\r\n    Velkommen til\r\n    {vendor}\u00a0–\u2002Øksnes čuorru\r\n"
    check_overrides(own(words__nb__yaml=words, agreement_privacy__html="<p>\r\n\tHei&nbsp;&ensp;hei</p>\r\n"), OURS)


def test_a_stylesheet_of_nothing_but_brackets_is_refused() -> None:
    told = codes(own(agreement__css=":is(" * 20_000 + "p" + ")" * 15_000 + "{}"))
    assert set(told) <= {"template_style_refused", "template_style_unreadable"}


def test_a_stylesheet_that_changes_looks_is_taken() -> None:
    css = (
        "/* ours */ h1, h2 { color: #7a1f3d; letter-spacing: -.01em; font: 600 26pt/1.1 'Avtale Display' }\n"
        ".power { border: 1mm solid rgb(122 31 61); border-radius: 2mm; background: #faf2f5; padding: 3mm 5mm }\n"
        ".facts { background: none } .values th { width: 60mm; line-height: 1 } section { margin: 0 0 8mm }\n"
        ".privacy { break-before: page; font: 9pt avtale mono, 'Avtale Sans' } td { font: inherit } /* done */ "
    )
    check_overrides(own(agreement__css=css), OURS)


@pytest.mark.parametrize(
    ("part", "what"),
    [
        ("<p style='position: absolute; left: -300mm'>x</p>", "style="),
        ("<p hidden>x</p>", "hidden="),
        ("{{ ('<sty' ~ 'le>@page { margin: 0 }</style>') | safe }}", "<style>"),
        ("{{ ('<' ~ 'a href=x>x</a>') | safe }}", "<a>"),
        ("<ol start=7><li>x</li></ol>", "<ol>"),
        ("<bdo dir=rtl>ikke</bdo>", "<bdo>"),
        ("<body class=x style='color: white'>", "style="),
        ("{{ ('<sv' ~ 'g><text>x</text></sv' ~ 'g>') | safe }}", "<{http://www.w3.org/2000/svg}svg>"),
    ],
)
def test_what_a_part_makes_is_held_to_a_closed_list_however_it_was_written(part: str, what: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        made(own(agreement_privacy__html=part))
    assert (refused.value.code, refused.value.params["what"]) == ("template_markup_refused", what)


def test_words_that_stand_for_thousands_of_millions_are_refused_at_once() -> None:
    lines = ["own:", "  a0: &a0 {x: Hei}"]
    lines += [f"  a{n}: &a{n} {{x: *a{n - 1}, y: *a{n - 1}}}" for n in range(1, 60)]
    assert codes(own(words__nb__yaml="\n".join(lines))) == ["template_words_unreadable"]
    assert codes(own(words__nb__yaml="own: " + "{a: " * 20_000)) == ["template_words_unreadable"]


def test_values_in_a_vendors_part_are_escaped() -> None:
    html = fill("agreement-opening.html", Language.NB, own(agreement_opening__html="<p>{{ x }}</p>"), x="<b>&</b>")
    assert html == "<p>&lt;b&gt;&amp;&lt;/b&gt;</p>"
