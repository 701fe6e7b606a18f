"""A vendor's files that count for ever, grow for ever or draw for ever end with a clear error, within their limits."""

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from agreements.errors import ConfigurationError
from agreements.language import Language
from onboarding import limited
from onboarding.limited import SECONDS, run_limited
from onboarding.press import _render_proved, press
from onboarding.template_lint import Template, lint_template
from renderers.overrides import Overrides, check_overrides
from renderers.templates import flat_words
from tests.renderers.samples import sample
from tests.renderers.test_template_overrides import own

LOOPS = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
GREEN = own(agreement__css="h1 { color: #10503d }")
ALLOWED = 3.0  # seconds: the bombs would take hours


@pytest.fixture(scope="module", autouse=True)
def _one_child() -> Iterator[None]:
    yield
    limited._CHILD.stop()


def refused(overrides: Overrides, seconds: float = SECONDS) -> tuple[str, object]:
    with pytest.raises(ConfigurationError) as error:
        run_limited(_render_proved, sample(overrides=overrides), seconds=seconds)
    return error.value.code, error.value.params.get("template")


def test_a_look_of_ones_own_is_made_in_the_child_and_comes_out_the_same_as_here() -> None:
    document = sample(overrides=GREEN)
    assert press(document).pdf == _render_proved(document).pdf


@pytest.mark.parametrize(
    "overrides",
    [
        own(agreement_privacy__html=LOOPS),
        own(
            agreement_privacy__html='{{ words("own.x" ) }}{% for a in range(9999) %}<p>x</p>{% endfor %}',
            words__nb__yaml="own: {x: Hei}",
        ),
    ],
)
def test_a_part_that_never_ends_is_stopped_in_time(overrides: Overrides) -> None:
    run_limited(_render_proved, sample(overrides=GREEN))  # the child is warm
    begun = time.monotonic()
    assert refused(overrides, ALLOWED) == ("template_over_limit", "fjord")
    assert time.monotonic() - begun < 2 * ALLOWED


@pytest.mark.parametrize(
    "part",
    [
        "{{ 'x' * 10**10 }}",
        "{% set ns = namespace(x='x' * 9999999) %}{% for n in range(99) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
        "{{ [0] * 10**10 }}",
    ],
)
def test_a_part_that_takes_all_memory_is_stopped(part: str) -> None:
    assert refused(own(agreement_privacy__html=part)) == ("template_over_limit", "fjord")


def test_after_a_bomb_the_next_agreement_is_made_as_ever() -> None:
    refused(own(agreement_privacy__html="{{ 'x' * 10**10 }}"))
    assert press(sample(overrides=GREEN)).template_version.startswith("fjord ")


def test_what_is_wrong_with_a_file_is_told_as_it_is() -> None:
    assert refused(own(agreement_privacy__html="{{ nothing }}"))[0] == "template_broken"
    assert refused(own(agreement__css=".power p { color: #fff }"))[0] == "template_hides"


@pytest.mark.parametrize(
    ("css", "reason"),
    [
        ("p { padding: 1e308mm }", "ValueError"),
        ("p { font-size: 1e30pt }", "ZeroDivisionError"),
    ],
)
def test_a_layout_that_falls_over_a_stylesheet_is_told_with_the_files_and_not_on_the_terminal(
    css: str, reason: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """Even if the list of what a stylesheet may hold had let it pass."""
    limited._CHILD.stop()  # the next one has the terminal that is watched here
    with pytest.raises(ConfigurationError) as error:
        run_limited(_render_proved, sample(overrides=own(agreement__css=css, words__nb__yaml="own: {x: Hei}")))
    assert error.value.code == "template_broke_layout"
    assert error.value.params == {"template": "fjord", "files": "agreement.css, words.nb.yaml", "reason": reason}
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("overrides", "reason"),
    [
        (own(agreement__css="table { height: 0; width: 1mm } html { font-size: 72pt }"), "is broken over two pages"),
        (own(agreement_privacy__html='<p>{{ "\\U0001f600" }}</p>'), "U+1F600"),
    ],
)
def test_pages_that_can_not_be_laid_out_as_meant_send_the_designer_to_the_files(
    overrides: Overrides, reason: str
) -> None:
    check_overrides(overrides, {language: flat_words(language) for language in Language})
    with pytest.raises(ConfigurationError) as error:
        run_limited(_render_proved, sample(overrides=overrides))
    assert error.value.code == "template_not_laid_out"
    assert error.value.params["files"] == overrides.files[0][0]
    assert reason in str(error.value.params["reason"])


def test_without_own_files_the_hint_is_about_the_values() -> None:
    document = replace(sample(), contact_email="😀@example.org")
    with pytest.raises(ConfigurationError) as error:
        run_limited(_render_proved, document)
    assert error.value.code == "render_failed"


def test_lint_stops_at_the_first_sample_that_breaks_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    overrides = own(agreement_privacy__html="{{ 'x' * 10**10 }}")
    template = Template(name="fjord", version="fjord 0", vendors=("fjord",), overrides=overrides)
    assert [flaw.error.code for flaw in lint_template(template)] == ["template_over_limit"]


def test_the_standard_template_is_made_without_a_child() -> None:
    limited._CHILD.stop()
    press(sample())
    assert limited._CHILD._process is None
