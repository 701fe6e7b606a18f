"""Many agreements at once: a result for each, and a kill at any moment loses nothing and issues nothing twice."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest

from agreements.case import AgreementState
from agreements.casenumber import parse_case_number
from agreements.errors import AvtaleError, ConfigurationError, GateError, TemporaryError
from agreements.language import Language
from onboarding.answers import error_lines
from onboarding.issuing import UNDER_WAY, Outcome, Result, issue_answer, issue_many, told
from onboarding.press import Pressed, press, press_all
from onboarding.steps.agreement import issuable_cases, issue_agreements, void_agreement_in_force
from onboarding.steps.enquiry import hold_case, read_case
from onboarding.store.issued import list_agreements
from renderers.agreement import AgreementDocument
from tests.onboarding.installation import KARI, OLA, Installation
from tests.renderers.samples import sample

MANY = 5
DEADLINE = 60.0  # seconds; a cold start takes a few on a busy machine

KILLED_AT = """
import os, signal, sys
import onboarding.issuing as issuing
import onboarding.steps.agreement as step
from onboarding.cli import run_cli
place, left = sys.argv[1], int(sys.argv[2])
owner, name = {"store": (step, "_store"), "save": (issuing, "save_issue")}[place]
before = getattr(owner, name)
def dying(*arguments):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return before(*arguments)
if __name__ == "__main__":  # the workers import this file, too
    setattr(owner, name, dying)
    sys.exit(run_cli(sys.argv[3:]))
"""


def waiting(installation: Installation, count: int = MANY) -> list[str]:
    return [str(installation.enquire(KARI).number) for _ in range(count)]


def until(done: Callable[[], bool]) -> None:
    end = time.monotonic() + DEADLINE
    while not done():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)


def issued_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("Avtale-*.pdf"))


def statuses() -> Iterator[tuple[int, list[str]]]:
    """Every running process with its `/proc/…/stat` from the state on: state, parent, group, session …"""
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(FileNotFoundError, ProcessLookupError):  # gone since the listing
            rest = (place / "stat").read_text().rpartition(")")[2].split()
            if rest[0] != "Z":
                yield int(place.name), rest


def workers() -> list[int]:
    """The processes that this one has started to render in."""
    own = [process for process, rest in statuses() if rest[1] == str(os.getpid())]
    return [process for process in own if b"spawn_main" in command_of(process)]


def command_of(process: int) -> bytes:
    """Nothing for one that has just ended."""
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


def session_is_empty(session: int) -> bool:
    return all(rest[3] != str(session) for _, rest in statuses())


def assert_each_issued_once(installation: Installation, numbers: list[str], folder: Path) -> None:
    """One version for each case, one event, and its file with the stored bytes."""
    counted = Counter(kind for number in numbers for kind in kinds_of(installation, number))
    assert counted["agreement.issued"] == len(numbers)
    for number in numbers:
        case = read_case(installation.workspace, number)
        with installation.workspace.store.read() as connection:
            [agreement] = list_agreements(connection, case.number)
        pdf = installation.workspace.blobs.read(agreement.sha256)
        assert (case.agreement_state, case.agreement_version) == (AgreementState.ISSUED, 1)
        assert (folder / f"Avtale-{number}.1.pdf").read_bytes() == pdf
        assert agreement.field_map_sha256 is not None
        assert installation.workspace.blobs.read(agreement.field_map_sha256)
    assert len(issued_files(folder)) == len(numbers)
    assert not (folder / UNDER_WAY).exists()


def kinds_of(installation: Installation, number: str) -> list[str]:
    from onboarding.store.events import list_events

    with installation.workspace.store.read() as connection:
        return [event.kind for event in list_events(connection, number)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "ut"
    made.mkdir()
    return made


# --- results ----------------------------------------------------------------------------------------------------------


def test_every_case_gets_a_result_and_one_that_fails_stops_no_other(installation: Installation, folder: Path) -> None:
    first, second, third = waiting(installation, 3)
    without_signer, held = str(installation.enquire().number), installation.enquire(OLA).number
    hold_case(installation.workspace, held, held=True, reason="venter", actor=installation.actor)
    (folder / f"Avtale-{second}.1.pdf").write_bytes(b"%PDF-1.7 noe annet")
    steps: list[None] = []
    outcomes = issue_many(
        installation.workspace,
        [first, without_signer, second, str(held), third, "DA-2026-009999-X"],
        folder,
        installation.actor,
        stop=Event(),
        done=lambda: steps.append(None),
    )
    said = [(outcome.result, None if outcome.error is None else outcome.error.code) for outcome in outcomes]
    assert said == [
        (Result.ISSUED, None),
        (Result.FAILED, "case_not_issuable"),
        (Result.ISSUED, "agreement_not_saved"),
        (Result.FAILED, "case_not_issuable"),
        (Result.ISSUED, None),
        (Result.FAILED, "case_number_check"),
    ]
    assert len(steps) == len(outcomes)
    assert isinstance(outcomes[1].error, GateError)
    assert (folder / f"Avtale-{second}.1.pdf").read_bytes() == b"%PDF-1.7 noe annet"


def test_what_is_made_in_the_pool_is_what_is_made_in_this_process(installation: Installation) -> None:
    documents = {"one": sample(), "two": sample(signers=sample().signers * 2)}
    made = dict(press_all(iter(documents.items()), workers=2))
    assert made == {key: press(document) for key, document in documents.items()}
    assert dict(press_all(iter(documents.items()), workers=0)) == made


def test_a_fault_in_a_worker_comes_back_as_it_was_raised() -> None:
    broken = sample(terms=())
    outcomes = dict(press_all(iter([("broken", broken), ("well", sample())]), workers=1))
    assert isinstance(outcomes["broken"], ConfigurationError)
    assert (outcomes["broken"].code, outcomes["broken"].exit_code) == ("terms_missing", 3)
    assert isinstance(outcomes["well"], Pressed)


def test_a_case_that_changes_while_its_agreement_is_rendered_is_not_issued(installation: Installation) -> None:
    numbers = tuple(waiting(installation, 2))
    with closing(issue_agreements(installation.workspace, numbers, installation.actor, workers=1)) as results:
        first = next(results)
        other = next(number for number in numbers if number != first.number)
        number = read_case(installation.workspace, other).number
        hold_case(installation.workspace, number, held=True, reason="vent", actor=installation.actor)
        [second] = results
    assert isinstance(second.error, TemporaryError)
    assert second.error.code == "case_changed"
    assert read_case(installation.workspace, other).agreement_version == 0


def test_a_lost_worker_costs_the_documents_it_held_and_the_rest_goes_on() -> None:
    lost: list[int] = []

    def documents() -> Iterator[tuple[str, AgreementDocument]]:
        yield "first", sample()
        yield "second", sample()
        for worker in workers():
            os.kill(worker, signal.SIGKILL)
            lost.append(worker)
        until(lambda: not set(lost) & set(workers()))
        yield from ((name, sample()) for name in ("third", "fourth", "fifth", "sixth"))

    outcomes = dict(press_all(documents(), workers=1))
    assert lost
    assert len(outcomes) == 6
    codes = {key: getattr(outcome, "code", "made") for key, outcome in outcomes.items()}
    assert (codes["first"], codes["sixth"]) == ("made", "made")
    assert "render_worker_lost" in codes.values()
    assert set(codes.values()) <= {"made", "render_worker_lost"}


# --- stopping ---------------------------------------------------------------------------------------------------------


def test_stopped_by_hand_it_finishes_the_one_in_hand_and_the_rest_still_waits(
    installation: Installation, folder: Path
) -> None:
    numbers, stop = waiting(installation), Event()
    outcomes = issue_many(installation.workspace, numbers, folder, installation.actor, stop=stop, done=stop.set)
    results = Counter(outcome.result for outcome in outcomes)
    assert results == {Result.ISSUED: 1, Result.WAITING: MANY - 1}
    assert len(issued_files(folder)) == 1
    assert len(issuable_cases(installation.workspace)) == MANY - 1
    assert not (folder / UNDER_WAY).exists()


def avtale(installation: Installation, *arguments: str | Path, program: tuple[str, ...] = ()) -> list[str]:
    words = (*(program or ("-m", "onboarding.cli")), "--config", installation.config, *arguments)
    return [sys.executable, *map(str, words)]


def test_ctrl_c_stops_with_what_is_done_and_leaves_no_process_behind(installation: Installation, folder: Path) -> None:
    numbers = waiting(installation, 8)
    command = avtale(installation, "agreement", "issue", "--all", "--out", folder, "--json")
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True) as process:
        until(lambda: bool(issued_files(folder)))
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the workers, too
        out, err = process.communicate(timeout=DEADLINE)
    until(lambda: session_is_empty(process.pid))
    assert (process.returncode, err) == (130, b"")
    results = {row["case"]: row["result"] for row in json.loads(out)["data"]}
    done = [number for number, result in results.items() if result == "issued"]
    assert results.keys() == set(numbers)
    assert 0 < len(done) < len(numbers)
    assert_each_issued_once(installation, done, folder)
    assert set(issuable_cases(installation.workspace)) == set(numbers) - set(done)


@pytest.mark.parametrize(("place", "left"), [("store", 1), ("save", 1)])
def test_killed_at_its_second_agreement_the_same_command_finishes_the_work_and_issues_nothing_twice(
    installation: Installation, folder: Path, tmp_path: Path, place: str, left: int
) -> None:
    numbers = waiting(installation, 3)
    program = tmp_path / "killed.py"
    program.write_text(KILLED_AT)
    command = avtale(
        installation, "agreement", "issue", "--all", "--out", folder, program=(str(program), place, str(left))
    )
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True) as killed:
        assert killed.wait(DEADLINE) == -signal.SIGKILL
    until(lambda: session_is_empty(killed.pid))  # the workers end with it
    assert len(issued_files(folder)) == 1
    again = avtale(installation, "agreement", "issue", "--all", "--out", folder, "--json")
    finished = subprocess.run(again, capture_output=True, timeout=DEADLINE, check=True)
    rows = json.loads(finished.stdout)["data"]
    assert {row["result"] for row in rows} == {"issued"}
    assert len(rows) == 2  # one was told of before the kill
    assert_each_issued_once(installation, numbers, folder)


def test_a_file_that_was_half_written_is_finished(installation: Installation, folder: Path) -> None:
    [number] = waiting(installation, 1)
    first = issue_many(installation.workspace, [number], folder, installation.actor, stop=Event(), done=lambda: None)
    path = first[0].path
    assert path is not None
    whole = path.read_bytes()
    path.write_bytes(whole[:1000])
    (folder / UNDER_WAY).write_text(f"{number}\nDA-2026-009999-X\nsomething\n")
    [again] = issue_many(installation.workspace, [], folder, installation.actor, stop=Event(), done=lambda: None)
    assert (again.number, again.result, again.error) == (number, Result.ISSUED, None)
    assert path.read_bytes() == whole
    assert_each_issued_once(installation, [number], folder)


def test_an_original_that_was_altered_is_told_and_holds_up_no_other(installation: Installation, folder: Path) -> None:
    broken, well = waiting(installation, 2)
    give = (folder, installation.actor)
    [first] = issue_many(installation.workspace, [broken], *give, stop=Event(), done=lambda: None)
    assert first.path is not None
    assert first.agreement is not None
    first.path.unlink()
    sha256 = first.agreement.sha256
    original = installation.workspace.settings.data_dir / "originals" / sha256[:2] / sha256
    original.write_bytes(original.read_bytes() + b"x")
    (folder / UNDER_WAY).write_bytes(f"{broken}\n".encode() + b"\xff\n")
    outcomes = issue_many(installation.workspace, [well], *give, stop=Event(), done=lambda: None)
    said = {outcome.number: outcome.error.code if outcome.error else outcome.result for outcome in outcomes}
    assert said == {broken: "blob_corrupt", well: Result.ISSUED}


def test_a_file_that_can_not_be_written_is_whole_or_not_there_and_the_next_run_writes_it(
    installation: Installation, tmp_path: Path
) -> None:
    number = str(installation.enquire(KARI).number)
    folder = tmp_path / "ut"
    folder.mkdir()
    blocked = folder / f"Avtale-{number}.1.pdf"
    blocked.mkdir()  # stands in for whatever keeps the file from being written
    stop = Event()
    [first] = issue_many(installation.workspace, [number], folder, installation.actor, stop=stop, done=lambda: None)
    assert first.error is not None
    assert first.error.code == "agreement_not_saved"
    assert (folder / UNDER_WAY).read_text() == f"{number}\n"
    blocked.rmdir()
    [second] = issue_many(installation.workspace, [], folder, installation.actor, stop=stop, done=lambda: None)
    assert second.agreement is not None
    assert blocked.read_bytes() == installation.workspace.blobs.read(second.agreement.sha256)
    assert sorted(path.suffix for path in folder.iterdir()) == [".pdf", ".txt"]


def test_a_letter_that_can_not_be_written_is_named_and_the_command_that_is_told_writes_it(
    installation: Installation, folder: Path
) -> None:
    number = str(installation.enquire(KARI).number)
    blocked = folder / f"Avtale-{number}.1-folgebrev.txt"
    blocked.write_text("noe annet")
    give = (folder, installation.actor)
    [first] = issue_many(installation.workspace, [number], *give, stop=Event(), done=lambda: None)
    assert first.error is not None
    assert first.error.code == "handout_not_saved"
    for language in Language:
        said = "\n".join(error_lines(first.error, language))
        assert str(blocked) in said
        assert str(folder / f"Avtale-{number}.1.pdf") in said
        assert f"avtale agreement issue --all --out {folder}" in said
    assert (folder / f"Avtale-{number}.1.pdf").is_file()
    blocked.unlink()
    [second] = issue_many(installation.workspace, [], *give, stop=Event(), done=lambda: None)
    assert (second.result, second.error) == (Result.ISSUED, None)
    assert KARI in blocked.read_text(encoding="utf-8")


def test_a_version_that_is_replaced_is_told_of_but_one_that_was_void_already_is_not(
    installation: Installation, folder: Path
) -> None:
    workspace, give = installation.workspace, (folder, installation.actor)
    number = str(installation.enquire(KARI).number)

    def issued() -> Outcome:
        [outcome] = issue_many(workspace, [number], *give, stop=Event(), done=lambda: None)
        return outcome

    first, second = issued(), issued()
    assert told([first], Language.NB) == []
    assert str(second.replaces) == f"{number}.1"
    for language in Language:
        [line] = told([second], language)
        assert f"{number}.2" in line
        assert f"{number}.1" in line
    [row] = json.loads(issue_answer([second], Language.NB, stopped=False).as_json())["data"]
    assert row["replaces"] == f"{number}.1"
    void_agreement_in_force(workspace, parse_case_number(number), "feil", installation.actor)
    assert told([issued()], Language.NB) == []


def test_only_a_fault_of_ours_is_logged_for_the_others_are_told(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    errors = {"told": ConfigurationError("form_signers", form="x", count=2), "ours": ValueError("secret")}

    def failing(document: AgreementDocument) -> None:
        raise errors[document.number]

    monkeypatch.setattr("onboarding.press.press", failing)
    documents = [(name, replace(sample(), number=name)) for name in errors]
    found = dict(press_all(iter(documents), workers=0))
    assert {name: error.code for name, error in found.items() if isinstance(error, AvtaleError)} == {
        "told": "form_signers",
        "ours": "internal",
    }
    assert [record.__dict__["error"] for record in caplog.records] == ["ValueError"]
