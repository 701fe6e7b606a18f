"""Two processes at once: nothing is lost, and nothing happens twice."""

import json
import subprocess
import sys
import threading

import pytest

from agreements.duties import hand_over
from agreements.errors import TemporaryError
from onboarding.store import Store, engines
from onboarding.store.cases import find_case, list_cases, move_case
from onboarding.store.events import list_events, verify_chain
from tests.store.examples import add_case, happened, moved

CLAIMS = """
import sys
from onboarding.store import open_store
from tests.store.examples import add_case
store = open_store(sys.argv[1], environment="test")
sys.stdin.readline()
for org in range(int(sys.argv[2]), int(sys.argv[2]) + 10):
    with store.begin() as connection:
        print(add_case(connection, org=org).number)
"""
MOVES = """
import json, sys
from agreements.casenumber import parse_case_number
from agreements.errors import TemporaryError
from onboarding.store import open_store
from onboarding.store.cases import find_case, move_case
from tests.store.examples import happened, moved
store = open_store(sys.argv[1], environment="test")
number = parse_case_number(sys.argv[2])
with store.read() as connection:
    case = find_case(connection, number)
print("read", flush=True)
sys.stdin.readline()
try:
    with store.begin() as connection:
        move_case(connection, moved(case, held=True), event=happened("case.held"))
    print(json.dumps("won"))
except TemporaryError as error:
    print(json.dumps(error.code))
"""


def _start(program: str, *arguments: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_two_processes_that_claim_serials_never_get_the_same(store: Store, store_url: str) -> None:
    with _start(CLAIMS, store_url, "0") as one, _start(CLAIMS, store_url, "10") as other:
        outputs = [process.communicate("go\n", timeout=30)[0].split() for process in (one, other)]
    claimed = [number for output in outputs for number in output]
    assert len(set(claimed)) == 20
    with store.read() as connection:
        assert sorted(claimed) == [str(case.number) for case in list_cases(connection)]
        assert [event.seq for event in list_events(connection)] == list(range(1, 21))
        assert verify_chain(connection) is None


def test_of_two_processes_that_move_the_same_case_one_loses(store: Store, store_url: str) -> None:
    with store.begin() as connection:
        case = add_case(connection)
    with _start(MOVES, store_url, str(case.number)) as one, _start(MOVES, store_url, str(case.number)) as other:
        for process in (one, other):
            assert process.stdout is not None
            assert process.stdout.readline() == "read\n"  # both hold revision 1 before either writes
        outcomes = [json.loads(process.communicate("go\n", timeout=30)[0]) for process in (one, other)]
    assert sorted(outcomes) == ["case_changed", "won"]
    with store.read() as connection:
        assert find_case(connection, case.number) == hand_over(moved(case, held=True, revision=2))
        assert [event.kind for event in list_events(connection)] == ["case.created", "case.held"]


def test_many_threads_append_to_one_unbroken_record(store: Store) -> None:
    def work(org: int) -> None:
        with store.begin() as connection:
            case = add_case(connection, org=org)
        with store.begin() as connection:
            move_case(connection, moved(case, held=True), event=happened("case.held"))

    threads = [threading.Thread(target=work, args=(org,)) for org in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.read() as connection:
        assert len(list_events(connection)) == 16
        assert verify_chain(connection) is None


def test_a_database_held_by_another_writer_is_a_temporary_fault(
    store: Store, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "BUSY_SECONDS", 1)
    from onboarding.store import open_store

    impatient = open_store(store_url, environment="test")
    with store.begin() as connection:
        add_case(connection)
        with pytest.raises(TemporaryError) as busy, impatient.begin() as second:
            add_case(second)
    assert busy.value.code == "database_busy"
    impatient.close()
