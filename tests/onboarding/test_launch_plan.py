"""Step 3: who decides, what is written, and that set-up begins by itself when nothing is missing any more."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from agreements.case import AgreementState, LaunchPlan, Step
from agreements.errors import GateError, UsageError
from agreements.language import Language
from agreements.national_id import is_national_id
from agreements.plan import PlanDecision, Schedule
from agreements.turn import Party
from agreements.values import Fault
from onboarding.plan_file import read_schedule, write_schedule
from onboarding.sandbox import Sandbox
from onboarding.steps.enquiry import hold_case
from onboarding.steps.plan import decide_plan, parse_decision, read_plan, write_plan
from onboarding.store.tables import plans
from renderers.calendar import render_calendar
from tests.onboarding.installation import Installation, Template, opened_copy
from tests.renderers.records import EMPTY_PLAN, FULL_PLAN

NATIONAL_ID = next(digits for n in range(10**5) if is_national_id(digits := f"158290{n:05}"))
NAMES = {Party.VENDOR: "Åse Tjønneland", Party.DIGIPOST: "Dag Postmann", Party.CUSTOMER: "Kari Nordmann"}
DIRECT = {"plan": LaunchPlan.DIRECT, "names": NAMES, "starts_on": None, "recruitment": (), "note": ""}
FILE = """
milestones:
  - {title: Oppsettet er klart i testmiljøet, owner: vendor, due: 2027-01-08}
  - {title: Informasjon til alle ansatte, owner: customer}
pilot: {recipients: Personalavdelingen, size: 40, starts_on: 2027-01-15}
ramp: [{starts_on: 2027-02-01, monthly_letters: 500}]
communication: |
  Alle får brev.
  Spørsmål går til servicetorget.
rollback: {name: Driftsvakten, phone: "90000000"}
"""


@pytest.fixture(scope="module")
def forwarded(template: Template, sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Template:
    """A folder whose first agreement is with Digipost, to copy."""
    with opened_copy(template, tmp_path_factory.mktemp("plan") / "avtale", sandbox=sandbox) as installation:
        installation.receive(template.honest)
        return replace(template, folder=installation.folder)


@pytest.fixture
def office(forwarded: Template, sandbox: Sandbox, tmp_path: Path) -> Iterator[Installation]:
    with opened_copy(forwarded, tmp_path / "avtale", sandbox=sandbox) as installation:
        yield installation


@pytest.fixture
def before(template: Template, sandbox: Sandbox, tmp_path: Path) -> Iterator[Installation]:
    """As `office`, but the signed agreement has not come yet."""
    with opened_copy(template, tmp_path / "avtale", sandbox=sandbox) as installation:
        yield installation


def number_of(office: Installation) -> str:
    return str(office.template.by_one.agreement.number.case)


def decision(office: Installation, **changes: Any) -> PlanDecision:
    typed: dict[str, Any] = {**DIRECT, "on": office.clock().date(), **changes}
    return parse_decision(typed.pop("plan"), typed.pop("names"), **typed)


def decide(office: Installation, schedule: Schedule | None = None, **changes: Any) -> Step:
    case = decide_plan(office.workspace, number_of(office), decision(office, **changes), schedule, office.actor)
    return case.step


def lacking(office: Installation, **changes: Any) -> dict[str, str]:
    rows = count(office)
    with pytest.raises(UsageError, match="values_refused") as refused:
        decide(office, **changes)
    assert count(office) == rows
    found = refused.value.params["faults"]
    assert isinstance(found, tuple)
    return {fault.field_id: fault.code for fault in found if isinstance(fault, Fault)}


def count(office: Installation) -> int:
    with office.workspace.store.read() as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(plans)).scalar_one())


def entries_of(made: bytes) -> list[Any]:
    calendar: Any = Calendar.from_ical(made)
    return list(calendar.events)


def written(folder: Path, content: str) -> Path:
    path = folder / "plan.yaml"
    path.write_text(content, encoding="utf-8")
    return path


def test_a_plan_decided_after_the_forward_begins_set_up(office: Installation) -> None:
    issue = office.template.by_one
    assert office.case(issue).step is Step.AGREEMENT
    assert decide(office) is Step.SETUP
    assert office.kinds(issue)[-2:] == ["plan.decided", "setup.begun"]
    assert office.case(issue).agreement_state is AgreementState.FORWARDED


def test_a_forward_after_the_decision_begins_set_up(before: Installation) -> None:
    issue = before.template.by_one
    assert decide(before) is Step.AGREEMENT
    before.receive(before.template.honest)
    assert before.case(issue).step is Step.SETUP
    assert before.kinds(issue).count("setup.begun") == 1


def test_a_case_on_hold_begins_set_up_when_it_is_taken_up_again(before: Installation) -> None:
    issue, actor = before.template.by_one, before.actor
    number = issue.agreement.number.case
    decide(before)
    before.receive(before.template.honest)
    other = before.case(issue)
    assert other.step is Step.SETUP
    hold_case(before.workspace, number, held=True, reason="-", actor=actor)
    with pytest.raises(GateError, match="plan_refused") as refused:
        decide(before)
    assert refused.value.unmet == ("case_held",)
    hold_case(before.workspace, number, held=False, reason="-", actor=actor)
    assert before.kinds(issue).count("setup.begun") == 1


def test_what_was_forwarded_on_hold_begins_set_up_afterwards(before: Installation) -> None:
    issue = before.template.by_one
    number = issue.agreement.number.case
    decide(before)
    before.receive(before.template.honest)
    with before.workspace.store.begin() as connection:  # as a forward that left while the case was on hold leaves it
        connection.execute(
            sa.text("UPDATE cases SET step = 'agreement', held = 1 WHERE case_number = :n"), {"n": str(number)}
        )
    assert hold_case(before.workspace, number, held=False, reason="-", actor=before.actor).step is Step.SETUP


def test_a_decision_needs_everybody_and_an_answer_about_recruitment(office: Installation) -> None:
    nobody = dict.fromkeys(Party, "")
    assert lacking(office, names=nobody, recruitment=None) == {
        "plan.vendor": "missing",
        "plan.digipost": "missing",
        "plan.customer": "missing",
        "plan.recruitment": "missing",
    }
    assert lacking(office, plan=LaunchPlan.PLANNED) == {"plan.start": "missing"}
    assert lacking(office, starts_on=date(2027, 1, 4)) == {"plan.start": "direct_has_no_start"}
    assert lacking(office, plan=LaunchPlan.PLANNED, starts_on=date(2127, 1, 4)) == {"plan.start": "day_too_far_ahead"}
    assert lacking(office, on=date(2127, 1, 4)) == {"plan.decided_on": "decided_in_future"}
    assert office.case(office.template.by_one).plan is LaunchPlan.OPEN


@pytest.mark.parametrize(
    ("typed", "field_id", "code"),
    [
        ({"names": {**NAMES, Party.VENDOR: "Å" * 201}}, "plan.vendor", "too_long"),
        ({"note": f"Ring {NATIONAL_ID}"}, "plan.note", "national_id"),
        ({"recruitment": ("brev", "a\u202eb")}, "plan.recruitment", "invisible_character"),
    ],
)
def test_what_can_not_be_printed_or_must_not_be_kept_is_refused(
    office: Installation, typed: dict[str, Any], field_id: str, code: str
) -> None:
    assert lacking(office, **typed) == {field_id: code}


def test_the_record_names_nobody(office: Installation) -> None:
    decide(office, note="Avtalt med Kari Nordmann")
    with office.workspace.store.read() as connection:
        told = " ".join(connection.execute(sa.text("SELECT data FROM events")).scalars())
    assert not [name for name in NAMES.values() if name in told]


def test_a_new_decision_without_a_file_keeps_what_was_planned(office: Installation, tmp_path: Path) -> None:
    schedule = read_schedule(written(tmp_path, FILE))
    planned = {"plan": LaunchPlan.PLANNED, "starts_on": date(2027, 1, 4)}
    decide(office, schedule, **planned)
    decide(office, starts_on=date(2027, 1, 11), plan=LaunchPlan.PLANNED)
    plan = read_plan(office.workspace, number_of(office))
    assert plan.schedule == schedule
    assert plan.decision.starts_on == date(2027, 1, 11)
    decide(office)
    assert read_plan(office.workspace, number_of(office)).schedule == Schedule()
    assert count(office) == 3
    with pytest.raises(UsageError, match="plan_direct_has_file"):
        decide(office, schedule)


def test_what_is_written_can_be_changed_and_given_back(office: Installation, tmp_path: Path) -> None:
    schedule = read_schedule(written(tmp_path, FILE))
    decide(office, schedule, plan=LaunchPlan.PLANNED, starts_on=date(2027, 1, 4))
    pdf, ics, yaml = write_plan(read_plan(office.workspace, number_of(office)), tmp_path / "ut", Language.NB)
    assert pdf.read_bytes().startswith(b"%PDF-")
    assert read_schedule(yaml) == schedule
    days = {str(entry["summary"]): entry["dtstart"].dt for entry in entries_of(ics.read_bytes())}
    assert sorted(days.values())[:3] == [date(2027, 1, 4), date(2027, 1, 8), date(2027, 1, 15)]
    assert all("Informasjon" not in title for title in days)  # it has no day


def faults_of(folder: Path, content: str) -> list[tuple[int, str, str]]:
    with pytest.raises(UsageError, match="plan_file_refused") as refused:
        read_schedule(written(folder, content))
    found: Any = refused.value.params["faults"]
    return [(fault.line, fault.key, fault.code) for fault in found]


def test_every_fault_of_a_file_is_told_with_its_line(tmp_path: Path) -> None:
    content = """milestones:
  - {title: Test, owner: vendor, duee: 2027-01-08}
  - {owner: banken}
pilot: {recipients: alle, size: 0}
"""
    assert faults_of(tmp_path, content) == [
        (2, "milestones[0].duee", "plan_unknown_key_near"),
        (3, "milestones[1].title", "plan_missing"),
        (3, "milestones[1].owner", "setting_not_a_choice"),
        (4, "pilot.size", "setting_too_small"),
    ]
    texts = f"""pilot: {{recipients: "{"x" * 201}"}}
rollback:
  name: "{NATIONAL_ID}"
"""
    assert faults_of(tmp_path, texts) == [
        (1, "pilot.recipients", "plan_text_length"),
        (3, "rollback.name", "plan_national_id"),
    ]
    assert [code for *_, code in faults_of(tmp_path, "milestones: [")]
    assert [code for *_, code in faults_of(tmp_path, "- bare\n- liste\n")]
    with pytest.raises(UsageError, match="plan_file_size"):
        read_schedule(written(tmp_path, "#" * (2**16 + 1)))


def test_a_calendar_is_the_same_every_time_and_has_what_is_left_to_do() -> None:
    made = render_calendar(FULL_PLAN, Language.NN)
    assert made == render_calendar(FULL_PLAN, Language.NN)
    entries = entries_of(made)
    assert len({str(entry["uid"]) for entry in entries}) == len(entries)
    left = [one for one in FULL_PLAN.schedule.milestones if one.due and not one.done_on]
    done = [one for one in FULL_PLAN.schedule.milestones if one.done_on]
    told = " ".join(str(entry["summary"]) for entry in entries)
    assert left
    assert done
    assert all(one.title in told for one in left)
    assert not [one for one in done if one.title in told]
    assert max(len(line) for line in made.splitlines()) <= 75  # octets (RFC 5545 3.1)
    assert not entries_of(render_calendar(EMPTY_PLAN, Language.NB))


@given(st.text(max_size=40), st.text(max_size=40))
def test_no_text_breaks_a_calendar(title: str, name: str) -> None:
    milestone = FULL_PLAN.schedule.milestones[1].model_copy(update={"title": title})
    customer = replace(FULL_PLAN.customer, name=name)
    schedule = Schedule(milestones=(milestone,))
    made = render_calendar(replace(EMPTY_PLAN, customer=customer, schedule=schedule), Language.NB)
    (entry,) = entries_of(made)
    assert entry["dtstart"].dt == milestone.due


def test_a_schedule_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    assert read_schedule(written(tmp_path, write_schedule(FULL_PLAN.schedule))) == FULL_PLAN.schedule
