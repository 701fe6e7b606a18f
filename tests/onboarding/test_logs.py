"""What the program writes to stderr: one line for each event, and nothing from libraries that quote what they read."""

import logging
from collections.abc import Iterator

import pytest

from agreements.errors import ConfigurationError
from onboarding.logs import set_up_logs
from onboarding.press import press
from onboarding.rendering import private_fonts
from tests.renderers.samples import REQUIRED, sample

TALKATIVE = ("pyhanko.sign", "weasyprint", "fontTools.ttLib", "mail.log", "watchdog.observers")


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    """Logging is the whole process's: the tests after these find it as it was."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    loggers = [logging.getLogger(name.partition(".")[0]) for name in TALKATIVE] + [logging.getLogger("mail.log")]
    kept = [(logger, logger.propagate, list(logger.handlers)) for logger in loggers]
    root.handlers = []  # what the program sets up closes what it replaces
    yield
    root.handlers, root.level = before, level
    for logger, propagate, handlers in kept:
        logger.propagate, logger.handlers = propagate, handlers


def test_an_event_is_one_line_with_its_fields(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs(logging.INFO)
    logging.getLogger("onboarding.pipeline").info("document judged", extra={"receipt": 7, "state": "received"})
    logging.getLogger("onboarding.pipeline").debug("not shown")
    [line] = capsys.readouterr().err.splitlines()
    moment, _, rest = line.partition(" ")
    assert moment.endswith("Z")
    assert rest == "INFO onboarding.pipeline: document judged receipt=7 state=received"


def test_a_failure_shows_no_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs(logging.DEBUG)
    try:
        int("Kari Nordmann")
    except ValueError:
        logging.getLogger("onboarding").exception("round failed")
    assert "Nordmann" not in capsys.readouterr().err


@pytest.mark.parametrize("name", TALKATIVE)
def test_libraries_that_quote_what_they_read_are_not_shown(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs(logging.DEBUG)
    logging.getLogger(name).error("Kari Nordmann")
    assert capsys.readouterr().err == ""


def test_what_the_layout_can_not_show_still_fails_the_agreement_when_its_library_is_kept_silent() -> None:
    """A letter that no font has would be an empty box on a signed agreement; entry refuses it, this is behind that."""
    private_fonts()
    set_up_logs(logging.WARNING)
    with pytest.raises(ConfigurationError, match="render_failed"):
        press(sample(REQUIRED | {"customer.name": "Kunde \U0001f984 AS"}))
