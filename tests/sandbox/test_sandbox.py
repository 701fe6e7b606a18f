"""Received bytes are opened in a child that can harm nobody but itself."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agreements.canonical import JsonValue
from agreements.errors import ConfigurationError
from onboarding.sandbox import Limit, Limits, Sandbox, SandboxResult

HONEST = SandboxResult(value={"sizes": {}, "arguments": None})
Run = Callable[..., SandboxResult]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    limits = Limits(
        memory_bytes=2**28, cpu_seconds=60, wall_seconds=120.0
    )  # far off, so that a busy machine breaks none
    with Sandbox(limits, preload=("tests.sandbox.jobs",)) as opened:
        yield opened


@pytest.fixture
def run(sandbox: Sandbox) -> Iterator[Run]:
    """Runs a job; afterwards an honest one must still get its answer from the very same zygote."""
    zygote = sandbox._all[0].started() and sandbox._all[0]._process

    def run_job(name: str, arguments: JsonValue = None, limits: Limits | None = None) -> SandboxResult:
        return sandbox.run(f"tests.sandbox.jobs:{name}", files={}, arguments=arguments, limits=limits)

    yield run_job
    assert run_job("count") == HONEST
    assert sandbox._all[0]._process is zygote


def test_a_job_is_given_bytes_and_arguments_and_gives_json(sandbox: Sandbox, tmp_path: Path) -> None:
    returned, issued = tmp_path / "a.pdf", tmp_path / "b.pdf"
    returned.write_bytes(b"%PDF-" * 1000)
    issued.write_bytes(b"")
    with returned.open("rb") as file:
        file.seek(17)
        files: dict[str, int | Path] = {"returned": file.fileno(), "issued": issued}
        result = sandbox.run("tests.sandbox.jobs:count", files=files, arguments={"æ": [1, None, "ø\n"]})
        assert file.tell() == 17
    assert result.ok
    assert result.value == {"sizes": {"returned": 5000, "issued": 0}, "arguments": {"æ": [1, None, "ø\n"]}}


def test_large_arguments_and_answers_pass(run: Run) -> None:
    assert len(str(run("echo", "å" * 500_000).value)) == 500_000


@pytest.mark.parametrize(
    ("name", "limit"),
    [
        ("eat_memory", Limit.MEMORY),
        ("eat_memory_in_small_bites", Limit.MEMORY),
        ("talk", Limit.OUTPUT),
        ("leave", Limit.CRASH),
        ("exit_by_exception", Limit.CRASH),
        ("crash", Limit.CRASH),
    ],
)
def test_a_child_that_breaks_a_limit_is_an_outcome(run: Run, name: str, limit: Limit) -> None:
    assert run(name) == SandboxResult(limit=limit)


def test_a_child_that_never_ends_is_killed_at_the_cpu_time(run: Run) -> None:
    assert run("loop", limits=Limits(cpu_seconds=1, wall_seconds=120.0)) == SandboxResult(limit=Limit.CPU)


def test_a_child_that_waits_is_killed_at_the_wall_time(run: Run) -> None:
    start = time.monotonic()
    assert run("sleep", limits=Limits(wall_seconds=0.2)) == SandboxResult(limit=Limit.WALL)
    assert time.monotonic() - start < 60


def test_an_exception_is_told_by_type_and_place_and_never_by_its_message(run: Run) -> None:
    result = run("fail")
    assert result.error == "LookupError"
    assert str(result.where).startswith("jobs.py:")
    assert "Kari" not in repr(result)


@pytest.mark.parametrize(
    ("name", "error"), [("recurse", "RecursionError"), ("no_json", "TypeError"), ("not_a_number", "ValueError")]
)
def test_an_answer_that_is_none_is_an_error(run: Run, name: str, error: str) -> None:
    assert run(name).error == error


def test_an_unknown_function_is_an_error(run: Run) -> None:
    assert run("missing").error == "AttributeError"


def test_text_that_is_no_text_is_made_harmless(run: Run) -> None:
    assert run("lone_surrogate").value == "a?b"


def test_deep_nesting_comes_through_or_is_an_outcome(run: Run) -> None:
    result = run("nest")
    assert result.ok or result.limit is Limit.CRASH or result.error == "RecursionError"


def test_no_network_not_even_loopback(run: Run, sandbox: Sandbox) -> None:
    assert sandbox.network_isolated
    with socket.create_server(("127.0.0.1", 0)) as server:
        result = run("connect", server.getsockname()[1])
    assert result.error in {"PermissionError", "OSError"}


@pytest.mark.parametrize(
    "name", ["append_file", "truncate_file", "delete_file", "rename_file", "make_folder", "open_wide", "write_file"]
)
def test_no_file_is_changed(run: Run, tmp_path: Path, name: str) -> None:
    path = tmp_path / "precious"
    path.write_bytes(b"precious")
    path.chmod(0o600)
    assert run(name, str(path)).error == "PermissionError"
    assert [(entry.name, entry.read_bytes(), entry.stat().st_mode & 0o777) for entry in tmp_path.iterdir()] == [
        ("precious", b"precious", 0o600)
    ]


def test_no_file_is_made(run: Run, tmp_path: Path) -> None:
    assert run("write_file", str(tmp_path / "new")).error == "PermissionError"
    assert list(tmp_path.iterdir()) == []


def test_what_is_too_large_for_the_answer_goes_to_the_file_that_was_handed_in(sandbox: Sandbox, tmp_path: Path) -> None:
    with (tmp_path / "output").open("w+b") as output:
        limits = Limits(file_bytes=3_000_005)
        job = "tests.sandbox.jobs:write_output"
        result = sandbox.run(job, files={}, arguments=3_000_000, limits=limits, output=output.fileno())
        assert result == SandboxResult(value="written")
    assert (tmp_path / "output").read_bytes() == b"first" + b"x" * 3_000_000


def test_the_file_that_was_handed_in_ends_at_its_limit(sandbox: Sandbox, tmp_path: Path) -> None:
    with (tmp_path / "output").open("w+b") as output:
        job, limits = "tests.sandbox.jobs:write_output", Limits(file_bytes=1000)
        result = sandbox.run(job, files={}, arguments=1000, limits=limits, output=output.fileno())
        assert result == SandboxResult(limit=Limit.OUTPUT)
    assert (tmp_path / "output").stat().st_size == 1000


def test_no_other_file_is_made_by_a_job_that_may_write_one(sandbox: Sandbox, tmp_path: Path) -> None:
    with (tmp_path / "output").open("w+b") as output:
        job, limits = "tests.sandbox.jobs:write_output_and_another", Limits(file_bytes=1000)
        arguments = str(tmp_path / "new")
        result = sandbox.run(job, files={}, arguments=arguments, limits=limits, output=output.fileno())
    assert result.error == "PermissionError"
    assert [path.name for path in tmp_path.iterdir()] == ["output"]


@pytest.mark.parametrize("name", ["fork_bomb", "run_program", "become_program", "kill_parent"])
def test_no_other_process_is_started_or_hurt(run: Run, sandbox: Sandbox, name: str) -> None:
    assert sandbox.filtered
    assert run(name).error == "PermissionError"


def test_no_thread_is_started(run: Run) -> None:
    assert run("start_thread").error == "RuntimeError"


def test_an_event_loop_runs_for_it_is_how_signatures_are_validated(run: Run) -> None:
    assert run("run_event_loop").value == "ran"


def test_descriptors_are_few(run: Run) -> None:
    assert run("open_many").error == "OSError"


def test_a_child_never_sees_what_another_left(run: Run) -> None:
    assert run("leave_a_mark", 1).value == [1]
    assert run("leave_a_mark", 2).value == [2]


def test_secrets_of_the_environment_stay_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AVTALE_SMTP_PASSWORD", "hemmelig")
    with Sandbox() as sandbox:
        environment = sandbox.run("tests.sandbox.jobs:read_environment", files={}).value
    assert isinstance(environment, dict)
    assert set(environment) <= {"LANG", "LC_ALL", "LC_CTYPE"}


def test_a_killed_zygote_is_replaced(sandbox: Sandbox) -> None:
    process = sandbox._all[0].started() and sandbox._all[0]._process
    assert process
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert sandbox.run("tests.sandbox.jobs:count", files={}) == HONEST
    assert sandbox._all[0]._process is not process


def test_a_zygote_killed_under_a_job_is_replaced_and_the_job_tried_again(sandbox: Sandbox) -> None:
    results: list[SandboxResult] = []
    limits = Limits(wall_seconds=1.0)
    job = threading.Thread(
        target=lambda: results.append(sandbox.run("tests.sandbox.jobs:sleep", files={}, limits=limits))
    )
    process = sandbox._all[0].started() and sandbox._all[0]._process
    assert process
    job.start()
    child = _wait_for_child(process.pid)
    os.kill(process.pid, signal.SIGKILL)
    job.join(timeout=60)
    assert results == [SandboxResult(limit=Limit.WALL)]
    assert sandbox.run("tests.sandbox.jobs:count", files={}) == HONEST
    _wait_until(lambda: not _runs(child))


def test_a_module_that_can_not_be_imported_is_told_at_the_start() -> None:
    with Sandbox(preload=("no_such_module",)) as sandbox, pytest.raises(ConfigurationError) as refused:
        sandbox.run("tests.sandbox.jobs:count", files={})
    assert refused.value.params == {"fault": "ModuleNotFoundError"}


def test_a_path_that_is_not_there_is_the_callers_error_and_the_next_job_runs(sandbox: Sandbox, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        sandbox.run("tests.sandbox.jobs:count", files={"a": tmp_path / "missing"})
    assert sandbox.run("tests.sandbox.jobs:count", files={}) == HONEST


def test_workers_run_at_the_same_time_and_each_gets_its_own_answer() -> None:
    with Sandbox(preload=("tests.sandbox.jobs",), workers=3) as sandbox:
        answers: dict[int, JsonValue] = {}

        def work(number: int) -> None:
            answers[number] = sandbox.run("tests.sandbox.jobs:echo", files={}, arguments=number).value

        threads = [threading.Thread(target=work, args=(number,)) for number in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert answers == {number: number for number in range(12)}


def test_the_zygote_has_one_thread_with_the_real_work_imported() -> None:
    with Sandbox(preload=("signatures.judge", "intake.reading.pages")) as sandbox:
        sandbox._all[0].started()
        process = sandbox._all[0]._process
        assert process is not None
        assert len(list(Path(f"/proc/{process.pid}/task").iterdir())) == 1


PROGRAM = """
import sys
from onboarding.sandbox import Limits, Sandbox
sandbox = Sandbox(Limits(wall_seconds=600), preload=("tests.sandbox.jobs",))
sandbox._all[0].started()
print(sandbox._all[0]._process.pid, flush=True)
sandbox.run("tests.sandbox.jobs:talk_and_sleep", files={})
"""


def test_when_the_program_is_killed_nothing_of_the_sandbox_is_left() -> None:
    with subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        zygote = int(program.stdout.readline())
        child = _wait_for_child(zygote)
        program.kill()
    _wait_until(lambda: not _runs(zygote) and not _runs(child))


def _wait_for_child(parent: int) -> int:
    children = Path(f"/proc/{parent}/task/{parent}/children")
    _wait_until(lambda: bool(children.read_text().split()))
    return int(children.read_text().split()[0])


def _runs(pid: int) -> bool:
    """False for one that has ended, also while nobody has taken leave of it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def _wait_until(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.01)
