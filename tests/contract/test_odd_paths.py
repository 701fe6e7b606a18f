"""A pipe, a device or a folder where a file is asked for: told, and never waited for."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from onboarding.files import write_file
from onboarding.issuing import UNDER_WAY
from tests.contract.command_line import CommandLine
from tests.onboarding.installation import Installation, change_config

PATIENCE = 30  # seconds: a command that waits for the pipe's other end waits for ever


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    path = tmp_path / "ror.pdf"
    os.mkfifo(path)
    return path


def called(config: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """In a process of its own, which may be ended where it hangs."""
    command = [sys.executable, "-m", "onboarding.cli", "--config", str(config), *map(str, arguments)]
    return subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE, check=False
    )


COMMANDS = (
    ("case", "signer", "CASE", "--name", "Kari", "--basis", "power_of_attorney", "--file", "ODD"),
    ("import", "ODD"),
    ("intake", "add", "ODD"),
    ("template", "import", "ODD", "--map", "MAP"),
    ("template", "import", "config.yaml", "--map", "ODD"),
    ("validate", "config.yaml", "--issued", "ODD"),
)


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_a_pipe_in_a_files_place_is_told_and_never_waited_for(
    installation: Installation, pipe: Path, arguments: tuple[str, ...]
) -> None:
    map_file = installation.folder / "kart.yaml"
    map_file.write_text("name: skjema\nplaces: {}\n", encoding="utf-8")
    number = str(installation.enquire().number)
    places = {"ODD": str(pipe), "CASE": number, "MAP": str(map_file), "config.yaml": str(installation.config)}
    done = called(installation.config, "--lang", "nb", *(places.get(part, part) for part in arguments))
    assert (done.returncode, done.stdout) == (4, "")
    assert f"{pipe} er ikke en vanlig fil." in done.stderr


@pytest.mark.parametrize("arguments", COMMANDS[1:], ids=" ".join)
def test_a_device_in_a_files_place_is_told(
    installation: Installation, avtale: CommandLine, arguments: tuple[str, ...]
) -> None:
    map_file = installation.folder / "kart.yaml"
    map_file.write_text("name: skjema\nplaces: {}\n", encoding="utf-8")
    places = {"ODD": "/dev/zero", "MAP": str(map_file), "config.yaml": str(installation.config)}
    reply = avtale(*(places.get(part, part) for part in arguments))
    assert (reply.exit_code, "/dev/zero" in reply.err) == (4, True)


def test_a_pipe_as_configuration_is_told_in_the_readers_language(pipe: Path) -> None:
    done = called(pipe, "--lang", "nn", "status")
    assert done.returncode == 3
    assert "det er eit røyr mellom program" in done.stderr


@pytest.mark.parametrize("key", ["keys.qr", "keys.checkpoint", "vendors.seal"])
def test_a_pipe_that_the_configuration_names_is_told(installation: Installation, pipe: Path, key: str) -> None:
    pipe.chmod(0o600)

    def change(document: dict[str, dict[str, str]]) -> None:
        group, _, name = key.partition(".")
        if group == "vendors":
            document["vendors"][0]["seal"] = {"pkcs12": str(pipe)}  # type: ignore[index]
        else:
            document.setdefault(group, {})[name] = str(pipe)

    change_config(installation.config, change)
    done = called(installation.config, "doctor")
    assert done.returncode == 3
    if key != "vendors.seal":
        assert str(pipe) in done.stderr + done.stdout


def test_a_pipe_by_the_lists_name_is_no_list_of_unfinished_work(installation: Installation, tmp_path: Path) -> None:
    folder = tmp_path / "ut"
    folder.mkdir()
    os.mkfifo(folder / UNDER_WAY)
    number = str(installation.enquire("Kari Nordmann").number)
    done = called(installation.config, "agreement", "issue", number, "--out", folder)
    assert done.returncode == 3
    assert UNDER_WAY in done.stderr
    shutil.rmtree(folder)


def test_a_pipe_that_nobody_reads_takes_no_file_and_one_that_is_read_does(pipe: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from onboarding.files import write_file\n"
        "try: write_file(Path(sys.argv[1]), b'x')\n"
        "except Exception as error: print(error.code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(pipe)], capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert done.stdout == "cannot_write\n"
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_file(pipe, b"hele filen")
        assert os.read(reader, 100) == b"hele filen"
    finally:
        os.close(reader)
