"""Every way of hiding what somebody signs for is found on the finished pages; what only looks different is not."""

from contextlib import closing

import pypdfium2  # type: ignore[import-untyped]
import pytest

from agreements.errors import ConfigurationError
from intake.reading.legible import measure_legibility
from renderers.agreement import RenderedAgreement, render_agreement
from renderers.agreement_statements import PREFIX, Demand
from renderers.layout import lay_out
from renderers.lint_samples import lint_documents
from renderers.overrides import STANDARD, Overrides
from renderers.visibility import find_hidden, prove_visible
from tests.renderers.samples import KARI, OLA, sample
from tests.renderers.test_template_overrides import SVG, own

TEXT = "Siv Hætta gir Fjordsystem AS fullmakt til å sende post"
PAGE = "<html lang=nb><title>x</title><style>{css}</style><div><p><span data-field=admin.name>{text}</span></p></div>"
COVER = "content: ''; position: absolute; left: 0; top: 0; width: 100%; height: 100%"


def codes(css: str, text: str = TEXT, sheet: str = PAGE) -> list[str]:
    """What is found on a page with one value and this stylesheet."""
    laid_out = lay_out(sheet.format(css=css, text=text), "page.css", "agreement.css", overrides=own(logo__svg=SVG))
    page = RenderedAgreement(
        pdf=laid_out.pdf,
        pages=1,
        template_version="fjord 000000000000",
        control_code="",
        values=tuple(place for place in laid_out.places.values if not place.field_id.startswith(PREFIX)),
        statements=tuple(place for place in laid_out.places.values if place.field_id.startswith(PREFIX)),
        letters=laid_out.letters if sheet is SHEET else None,
        demands=(Demand(id="admin.name", text=TEXT),),
    )
    return [fault.code for fault in find_hidden(page, measure_legibility)]


def made(overrides: Overrides) -> RenderedAgreement:
    return render_agreement(sample(signers=(KARI, OLA), overrides=overrides))


def hidden(css: str, **files: str | bytes) -> set[tuple[str, str]]:
    """What is found in an agreement with this stylesheet: code, and what it is about."""
    faults = find_hidden(made(own(agreement__css=css, **files)), measure_legibility)
    return {(fault.code, str(fault.params["what"])) for fault in faults}


WAYS = {
    "white on white": ("p { color: #fff }", "template_too_faint"),
    "grey on grey": ("p { color: #ddd; background: #eee }", "template_too_faint"),
    "just too faint": ("p { color: #838383 }", "template_too_faint"),
    "red on black": ("p { color: #d00; background: #000 }", "template_too_faint"),
    "see-through": ("p { opacity: 0.1 }", "template_too_faint"),
    "transparent": ("p { color: transparent }", "template_too_faint"),
    "one point": ("p { font-size: 1pt }", "template_too_small"),
    "7.8 points": ("p { font-size: 7.8pt }", "template_too_small"),
    "not displayed": ("p { display: none }", "template_lacks"),
    "invisible": ("p { visibility: hidden }", "template_lacks"),
    "left of the page": ("div { position: relative; left: -400mm }", "template_outside"),
    "half off the page": ("div { position: relative; left: 155mm; white-space: nowrap }", "template_outside"),
    "under the services' lines": ("div { position: relative; top: 235mm }", "template_outside"),
    "where the code is": ("div { position: relative; left: 150mm; top: -15mm }", "template_outside"),
    "covered by a box": (f"p {{ position: relative }} p::after {{ background: #fff; {COVER} }}", "template_too_faint"),
    "covered by a black box": (
        f"p {{ position: relative }} p::after {{ background: #000; {COVER} }}",
        "template_too_faint",
    ),
    "half covered": (
        f"p {{ position: relative }} p::after {{ background: #fff; {COVER}; top: 55% }}",
        "template_too_faint",
    ),
    "one letter covered": (
        f"p {{ position: relative }} p::after {{ background: #fff; {COVER}; width: 2.6mm }}",
        "template_too_faint",
    ),
    "in other letters": ("p { text-transform: uppercase }", "template_alters"),
    "clipped": ("p { height: 1mm; overflow: hidden }", "template_too_faint"),
    "indented off the page": ("p { text-indent: -500mm; white-space: nowrap }", "template_outside"),
    "letters on top of each other": ("p { letter-spacing: -2.2mm }", "template_covers"),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_way_of_hiding_is_found(way: str) -> None:
    css, code = WAYS[way]
    assert codes(css) == [code]


@pytest.mark.parametrize(
    "css",
    [
        "",
        "p { color: #707070 }",
        "p { font-size: 8pt }",
        "p { color: #fff; background: #10312f }",
        "p { color: #f66; background: #000 }",
        "p { width: 30mm; font-size: 20pt }",
    ],
)
def test_what_only_looks_different_is_fine(css: str) -> None:
    assert codes(css) == []


PICTURES = {
    "behind a text": ("p { background: url(res:logo.svg) no-repeat left bottom; background-size: auto 5mm }", ""),
    "as a border": ("p { border: 2mm solid; border-image: url(res:logo.svg) 2 }", ""),
    "as a bullet": ("ul { list-style-image: url(res:logo.svg) }", "<ul><li>x</ul>"),
    "written by the stylesheet": ("p::after { content: url(res:logo.svg) }", ""),
    "on the page": ("@page { background: url(res:logo.svg) }", ""),
    "in the text": ("", "<img src=res:logo.svg alt=x>"),
    "of a size of its own": (
        ".logo { height: 30mm }",
        "<div class='run first-header'><img class=logo src=res:logo.svg alt=x>",
    ),
    "moved": (".logo { margin-top: 40mm }", "<div class='run first-header'><img class=logo src=res:logo.svg alt=x>"),
    "with room below": (
        ".logo { padding-bottom: 200mm }",
        "<div class='run first-header'><img class=logo src=res:logo.svg alt=x>",
    ),
    "on other pages": (
        "div + p { break-before: page }",
        "<div class='run header'><img class=logo src=res:logo.svg alt=x></div><div>x</div><p>y</p>",
    ),
}


@pytest.mark.parametrize("way", PICTURES)
def test_a_picture_stands_nowhere_but_in_the_logos_place_for_its_drawing_may_be_words(way: str) -> None:
    css, part = PICTURES[way]
    with pytest.raises(ConfigurationError) as refused:
        codes(css, sheet=PAGE + part)
    assert refused.value.code == "template_picture"


def test_the_logo_itself_may_be_made_smaller() -> None:
    assert hidden(".logo { height: 8mm; max-width: 40mm }", logo__svg=SVG) == set()


def test_what_a_drawing_has_outside_its_frame_is_not_drawn() -> None:
    stray = SVG.replace(b"</svg>", b'<path d="M20 180h60v10h-60z" fill="#c00"/></svg>')
    with closing(pypdfium2.PdfDocument(made(own(logo__svg=stray)).pdf)) as document:
        picture = document[0].render(scale=1).to_pil().convert("RGB")
    assert (122, 31, 61) in {picture.getpixel((x, y)) for x in range(71, 100) for y in range(32, 62)}
    assert (204, 0, 0) not in {colour for _, colour in picture.getcolors(2**20)}


def test_another_text_in_a_values_place_is_found() -> None:
    assert codes("", TEXT.replace("Siv", "Liv")) == ["template_alters"]


@pytest.mark.parametrize(
    ("css", "code", "what"),
    [
        (".power p { color: #eef4f3 }", "template_too_faint", "statement.power"),
        (".signature > p { display: none }", "template_lacks", "statement.signature"),
        (".box .name { font-size: 4pt }", "template_too_small", "statement.signature"),
        ("section.opening > p { display: none }", "template_lacks", "statement.opening"),
        (".footer { display: none }", "template_lacks", "statement.page"),
        ("@page { @bottom-center { padding-top: 9mm } }", "template_outside", "statement.page"),
        (".terms { position: relative; top: 65mm }", "template_outside", "statement.terms"),
        (".values td { color: #f4f4f4 }", "template_too_faint", "launch.monthly_volume"),
        (".box { position: relative; top: 170mm }", "template_field_low", "Signatur1"),
    ],
)
def test_what_is_hidden_in_an_agreement_is_found(css: str, code: str, what: str) -> None:
    assert (code, what) in hidden(css)


SHEET = (
    "<html lang=nb><title>x</title><style>{css}</style><body><div class='run footer'><table><tr><td>"
    "Side <span class=page></span> av <span class=pages></span></td></tr></table></div>"
    "<div><p><span data-field=admin.name>{text}</span></p><p class=other><b class=tag>Til orientering</b></p>"
    "<ul><li>Inkasso</li></ul></div>"
    "<p data-field=statement.power.vendor>Vi gir fullmakt</p><p class=b data-field=statement.power.limit>til dette</p>"
)


def codes_of_sheet(css: str) -> list[str]:
    """What is found on a sheet that has more than its values on it."""
    try:
        return codes(css, sheet=SHEET)
    except ConfigurationError as error:
        return [str(error.params["reason"])]


@pytest.mark.parametrize(
    ("css", "code"),
    [
        ("", None),
        (".tag { color: #556 }", None),
        (".tag { color: #e8ecec }", "template_too_faint"),
        (".tag { font-size: 6pt }", "template_too_small"),
        (".tag { position: relative; left: -60mm }", "template_outside"),
        (".tag { position: relative; left: 155mm; top: -20mm }", "template_outside"),
        (".tag { position: relative; top: 250mm }", "template_outside"),
        (".other { position: relative; top: -6mm }", "template_too_faint"),
        ("@page { size: A5 }", "template_outside"),
        ("@page { @bottom-center { padding-top: 9mm } }", "template_outside"),
        (".tag { display: none }", "template_letters_differ"),
        (".tag { visibility: hidden }", "template_letters_differ"),
        (".tag { font-size: 0 }", "template_letters_differ"),
        (".run .page { display: none }", "template_letters_differ"),
        (".run { display: none }", "template_letters_differ"),
        ("@page { counter-increment: page 3 }", "template_letters_differ"),
        ("@page { @left-middle { content: 'Utkast' } }", "template_letters_differ"),
        ("li { text-transform: uppercase }", "template_letters_differ"),
        ("p::after { content: ' (ikke bindende)' }", "the stylesheet writes ' (ikke bindende)'"),
        ("ul { list-style-type: 'ikke ' }", "the stylesheet writes 'ikke '"),
        (".b { position: relative; top: -18mm }", "template_order"),
    ],
)
def test_what_is_nobodys_value_is_looked_at_too(css: str, code: str | None) -> None:
    assert codes_of_sheet(css) == ([] if code is None else [code])


def test_a_field_that_nobody_asked_for_is_found() -> None:
    part = '{{ ("<inp" ~ "ut type=text name=admin-name data-field=admin.name>") | safe }}'
    faults = find_hidden(made(own(agreement_privacy__html=part)), measure_legibility)
    assert "template_field_added" in {fault.code for fault in faults}


def test_an_example_mark_that_is_hidden_is_found() -> None:
    _, _, example, *_ = lint_documents(own(agreement__css="@page :first { @top-left { content: none } }"))
    faults = find_hidden(render_agreement(example), measure_legibility)
    assert [(fault.code, fault.params["what"]) for fault in faults] == [("template_lacks", "statement.page")]


def test_a_form_field_that_is_taken_away_is_found() -> None:
    _, document, *_ = lint_documents(own(agreement__css="td select { display: none }"))
    faults = find_hidden(render_agreement(document), measure_legibility)
    assert [(fault.code, fault.params["what"]) for fault in faults] == [("template_lacks", "invoice.method")]


def test_a_part_that_leaves_its_values_out_is_found() -> None:
    agreement = made(own(agreement_values__html="<p>x</p>"))
    lacking = {str(fault.params["what"]) for fault in find_hidden(agreement, measure_legibility)}
    assert {"service.channel", "launch.monthly_volume", "dpa.accepted"} <= lacking


def test_a_part_that_prints_another_value_under_a_values_mark_is_found() -> None:
    part = '{{ mark("admin.name", "Administrator", "Ola Nordmann") }}{% include "agreement-authorisation.html" %}'
    faults = find_hidden(made(own(agreement_opening__html=part)), measure_legibility)
    assert ("template_alters", "admin.name") in {(fault.code, fault.params["what"]) for fault in faults}


def test_a_look_of_ones_own_that_hides_nothing_is_fine() -> None:
    css = "h1, h2 { color: #7a1f3d } .power { background: #faf2f5 } .values td { font-size: 10pt; color: #333 }"
    assert hidden(css) == set()


def test_an_agreement_with_something_hidden_is_not_made() -> None:
    with pytest.raises(ConfigurationError) as refused:
        prove_visible(made(own(agreement__css=".power p { color: #fff }")), measure_legibility)
    assert refused.value.code == "template_hides"
    assert refused.value.params["template"] == "fjord"


def test_the_standard_template_hides_nothing_where_values_are_open_or_terms_are_lacking() -> None:
    _, own_tool, paper, *_ = lint_documents(STANDARD)
    for document in (own_tool, paper):
        assert find_hidden(render_agreement(document), measure_legibility) == ()
