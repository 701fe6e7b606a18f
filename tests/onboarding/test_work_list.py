"""The work list of step 4: what is open, who ticked what off, and that the clock follows it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from agreements.calendar import norwegian_time
from agreements.case import LaunchPlan, Step
from agreements.errors import UsageError
from agreements.language import Language
from agreements.turn import Duty, Party
from onboarding.configuration_view import summary_answer
from onboarding.configuring import set_configuration
from onboarding.correspondence.setup_reminders import remind_of_setup
from onboarding.purposes import Purpose
from onboarding.sandbox import Sandbox
from onboarding.steps.enquiry import read_case
from onboarding.steps.plan import decide_plan, parse_decision
from tests.onboarding.installation import Installation, Template, opened_copy, parsed
from tests.onboarding.test_config_files import make, pem
from tests.onboarding.test_launch_plan import DIRECT

CHOICE: dict[str, Any] = DIRECT
TASKS = {"task.log_in", "task.check_account", "task.give_sender_id", "task.grant_rights"}


@pytest.fixture(scope="module")
def set_up(template: Template, sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Template:
    """A folder whose first case is in set-up, to copy."""
    with opened_copy(template, tmp_path_factory.mktemp("work") / "avtale", sandbox=sandbox) as installation:
        installation.receive(template.honest)
        decision = parse_decision(on=installation.clock().date(), **CHOICE)
        decide_plan(installation.workspace, number_of(installation), decision, None, installation.actor)
        return replace(template, folder=installation.folder)


@pytest.fixture
def office(set_up: Template, sandbox: Sandbox, tmp_path: Path) -> Iterator[Installation]:
    with opened_copy(set_up, tmp_path / "avtale", sandbox=sandbox) as installation:
        yield installation


def number_of(office: Installation) -> str:
    return str(office.template.by_one.agreement.number.case)


def shown(office: Installation) -> dict[str, Any]:
    data = summary_answer(office.workspace, number_of(office), Language.NB).data
    assert isinstance(data, dict)
    return dict(data)


def open_items(office: Installation) -> set[str]:
    return {item["item"] for item in shown(office)["work"] if item["done"] is None}


def say(office: Installation, **typed: str) -> None:
    values = {name.replace("__", "."): value for name, value in typed.items()}
    set_configuration(office.workspace, number_of(office), values, reason="avtalt", actor=office.actor)


def everything_but(office: Installation, *left: str) -> dict[str, str]:
    """What finishes the list, less some of it."""
    (office.folder / "sertifikat.pem").write_bytes(pem(make()))
    values = {
        "setup.certificate": str(office.folder / "sertifikat.pem"),
        "setup.certificate_kind": "buypass",
        "setup.sender_id": "7654321",
    }
    values |= {name: "done" for name in open_items(office) if name.startswith("task.")}
    return {name.replace(".", "__"): value for name, value in values.items() if name not in left}


def test_it_holds_every_partys_part_with_the_day_it_is_due(office: Installation) -> None:
    work, case = shown(office), read_case(office.workspace, number_of(office))
    assert case.step is Step.SETUP
    assert {item["owner"] for item in work["work"]} == {"vendor", "digipost", "customer"}
    assert open_items(office) >= TASKS | {"setup.sender_id", "setup.certificate"}
    due = {item["due"] for item in work["work"] if item["owner"] != "customer"}
    assert len(due) == 1
    assert None not in due
    assert (work["clock"]["used"], work["clock"]["pace"], work["clock"]["deadline"]) == (0, "on_time", 2)


def test_what_is_done_is_told_with_by_whom_and_with_which_value(office: Installation) -> None:
    say(office, setup__sender_id="7654321", task__log_in="done")
    done = {item["item"]: item for item in shown(office)["work"] if item["done"] is not None}
    assert done["setup.sender_id"]["value"] == 7654321
    assert done["task.log_in"]["done"]["by"] == office.actor.user
    assert "task.give_sender_id" in done  # whoever has been given the number has it
    say(office, task__log_in="")
    assert "task.log_in" in open_items(office)
    told = "\n".join(summary_answer(office.workspace, number_of(office), Language.NN).lines)
    assert "Arbeidsliste" in told


@pytest.mark.parametrize(
    "typed", [{"task__ukjent": "done"}, {"task__log_in": "kanskje"}, {"task__log_in": ""}, {"task__ehf_": "done"}]
)
def test_what_is_no_task_or_no_tick_is_refused(office: Installation, typed: dict[str, str]) -> None:
    before = office.kinds()
    with pytest.raises(UsageError, match="values_refused"):
        say(office, **typed)
    assert office.kinds() == before


def test_the_clock_stands_still_while_the_customer_alone_has_something_open(office: Installation) -> None:
    say(office, **everything_but(office, "task.log_in"))
    case = read_case(office.workspace, number_of(office))
    assert case.turn is not None
    assert (case.turn.duty, case.turn.party) == (Duty.SET_UP, Party.CUSTOMER)
    office.clock.ahead += timedelta(days=14)
    assert shown(office)["clock"]["pace"] == "paused"
    assert shown(office)["clock"]["used"] == 0
    say(office, task__log_in="done")
    case = read_case(office.workspace, number_of(office))
    assert case.turn is not None
    assert case.turn.duty is Duty.VERIFY
    assert open_items(office) == set()


def test_the_organisation_is_reminded_of_what_is_left_until_it_is_done(office: Installation) -> None:
    def letters() -> list[str]:
        mine = [one for one in office.messages() if one.purpose == Purpose.SETUP_REMINDER]
        return [str(parsed(office.workspace.blobs.read(one.sha256)).get_content()) for one in mine]

    def look() -> bool:
        return remind_of_setup(office.workspace, read_case(office.workspace, number_of(office)))

    assert not look()  # the vendor has the ball
    say(office, **everything_but(office, "task.log_in"))
    assert not look()  # it has only just got it
    for _ in range(40):
        office.clock.ahead += timedelta(hours=12)
        office.clock.ahead += timedelta(hours=(10 - norwegian_time(office.clock()).hour) % 24)
        look()
        assert not look()
    assert len(letters()) == 3  # `reminders.at_most`
    assert "logger inn på digipost.no" in letters()[0]
    assert "returadressen" not in letters()[0]
    say(office, task__log_in="done")
    office.clock.ahead += timedelta(days=30)
    assert not look()


def test_a_new_plan_moves_the_start_of_the_clock(office: Installation) -> None:
    start = (office.clock() + timedelta(days=30)).date()
    later = {**CHOICE, "plan": LaunchPlan.PLANNED, "starts_on": start}
    decision = parse_decision(on=office.clock().date(), **later)
    decide_plan(office.workspace, number_of(office), decision, None, office.actor)
    clock = shown(office)["clock"]
    assert (clock["starts_on"], clock["used"]) == (start.isoformat(), 0)
    decide_plan(
        office.workspace,
        number_of(office),
        parse_decision(on=office.clock().date(), **CHOICE),
        None,
        office.actor,
    )
    assert shown(office)["clock"]["starts_on"] <= office.clock().date().isoformat()
