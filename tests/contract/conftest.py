"""The command line as a program uses it: arguments in, exit code, stdout and stderr out."""

from collections.abc import Iterator

import pytest

from onboarding.sandbox import Sandbox
from tests.contract.command_line import CommandLine
from tests.onboarding.conftest import installation, sandbox, template
from tests.onboarding.installation import NILS, Installation, Template, opened_copy

__all__ = ["installation", "sandbox", "template"]


@pytest.fixture(autouse=True)
def _logs_are_not_set_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """`avtale run` sets up the logs of its process, which here is the tests' own."""
    monkeypatch.setattr("onboarding.logs.set_up_logs", lambda _level: None)
    monkeypatch.setattr("onboarding.commands.run.set_up_logs", lambda _level: None)


@pytest.fixture
def avtale(installation: Installation, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """The commands of a fresh installation."""
    return CommandLine(config=installation.config, capsys=capsys)


@pytest.fixture(scope="module")
def lived_in(template: Template, sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation with a bit of everything: forwarded, waiting for a person, in quarantine. For reading only."""
    with opened_copy(template, tmp_path_factory.mktemp("lived-in") / "avtale", sandbox=sandbox) as opened:
        opened.receive(template.honest, "godkjent.pdf")
        other = template.signed("stranger to two", template.by_two.pdf, template.pki.person(NILS))
        opened.receive(other, "fremmed.pdf")
        opened.drop("tekst.txt", b"hei")
        opened.run()
        yield opened


@pytest.fixture
def reading(lived_in: Installation, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """The commands of the installation that has lived a bit."""
    return CommandLine(config=lived_in.config, capsys=capsys)
