"""A vendor's own files: what they may change, what is refused, and that they can reach nothing."""

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
    "css",
    [
        "@import url(https://example.org/x.css);",
        "h1 { background: url(file:///etc/passwd) }",
        "@font-face { font-family: x; src: url(https://example.org/x.ttf) }",
        "h1 { colour: red }",
    ],
)
def test_a_stylesheet_that_fetches_or_is_not_understood_fails_the_rendering_every_time(css: str) -> None:
    """Even if the list of what a stylesheet may hold had let it pass."""
    for _ in range(2):
        with pytest.raises(ConfigurationError) as failed:
            render_agreement(sample(overrides=own(agreement__css=css)))
        assert failed.value.code == "render_failed"


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
    ".power { margin-top: -20mm }": "-20mm",
    ".power { width: calc(1mm - 2mm) }": "calc()",
    ".power { --x: 1 }": "--x",
    "ul { list-style: 'ikke ' }": "list-style",
    "h1 { background: url(https://example.org/x) }": "url()",
    "h1 { background: url('file:///etc/passwd') }": "url()",
    "h1 { &::after { content: 'x' } }": "&::after",
    "<!-- .tag { display: none } -->": "display",
}


@pytest.mark.parametrize("css", REFUSED_STYLES)
def test_a_stylesheet_that_could_change_what_is_said_is_refused_with_its_line(css: str) -> None:
    (code, params), *_ = faults(own(agreement__css=f"h1 {{ color: red }}\n{css}"))
    assert (code, params["line"], params["what"]) == ("template_style_refused", 2, REFUSED_STYLES[css])


def test_a_stylesheet_of_nothing_but_brackets_is_refused() -> None:
    assert codes(own(agreement__css=":is(" * 20_000 + "p" + ")" * 15_000 + "{}")) == ["template_style_refused"]


def test_a_stylesheet_that_changes_looks_is_taken() -> None:
    css = (
        "/* ours */ h1, h2 { color: #7a1f3d; letter-spacing: -.01em; font: 600 26pt/1.1 'Avtale Display' }\n"
        ".power { border: 1mm solid rgb(122 31 61); border-radius: 2mm; background: #faf2f5; padding: 3mm 5mm }\n"
        ".facts { background: url(res:logo.svg) no-repeat } .values th { width: 60mm } section { margin: 0 0 8mm }\n"
        ".privacy { break-before: page }"
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
