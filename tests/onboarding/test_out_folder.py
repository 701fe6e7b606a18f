"""What a person has written goes neither among the program's own files nor where it would be taken in again."""

from pathlib import Path

import pytest

from agreements.errors import UsageError
from agreements.language import Language
from onboarding.answers import error_lines
from onboarding.out_folder import require_free_place
from tests.contract.command_line import CommandLine
from tests.onboarding.installation import KARI, Installation


def refused(installation: Installation, path: Path) -> UsageError:
    with pytest.raises(UsageError) as found:
        require_free_place(path, installation.workspace.settings)
    return found.value


def test_a_watched_folder_is_refused_under_every_name_it_has(installation: Installation, tmp_path: Path) -> None:
    link = tmp_path / "lenke"
    link.symlink_to(installation.inbox)
    other = installation.folder / "inn-vidda"
    for path in (installation.inbox, installation.inbox / "ny" / "ut", link, other, other / ".." / "inn" / "x.html"):
        error = refused(installation, path)
        assert (error.code, error.exit_code) == ("out_in_watched", 2)
        assert str(path) in error_lines(error, Language.NB)[0]


def test_the_data_folder_is_refused_but_for_the_issued_agreements(installation: Installation) -> None:
    data = installation.workspace.settings.data_dir
    for path in (data, data / "originals", data / "originals" / "ab" / "x", data / "issued" / ".." / "keys"):
        assert refused(installation, path).code == "out_in_data"
    for path in (data / "issued", data / "issued" / "uke 48", installation.folder, installation.folder / "innboks"):
        require_free_place(path, installation.workspace.settings)


@pytest.mark.parametrize("place", ["inn", "data", "data/originals"])
def test_no_command_writes_there_and_nothing_is_issued(
    installation: Installation, capsys: pytest.CaptureFixture[str], place: str
) -> None:
    avtale = CommandLine(config=installation.config, capsys=capsys)
    issued, waiting = installation.issue(KARI).agreement.number.case, str(installation.enquire(KARI).number)
    folder = installation.folder / place
    before = sorted(path for path in folder.rglob("*") if path.is_file() and "sqlite" not in path.name)
    code = "out_in_watched" if place == "inn" else "out_in_data"
    for command in (
        ("agreement", "issue", waiting, "--out", folder),
        ("agreement", "issue", "--all", "--out", folder / "ut"),
        ("agreement", "preview", waiting, "--out", folder),
        ("config", "export", str(issued), "--out", folder),
        ("review", "show", "1", "--html", folder / "side.html"),
    ):
        assert avtale.json(*command, exit_code=2).codes == [code], command
    assert sorted(path for path in folder.rglob("*") if path.is_file() and "sqlite" not in path.name) == before
    assert avtale.json("case", "show", waiting).data["agreement_state"] == "draft"
