"""`avtale case list`: a page of cases by number, or those that are overdue, each with what must be done by when."""

from typing import Final

from agreements.calendar import norwegian_day
from agreements.canonical import JsonValue
from agreements.case import Case
from agreements.casenumber import CaseNumber
from agreements.language import Language
from agreements.texts import text
from onboarding.answers import Answer, table
from onboarding.store.overview import CaseFilter, list_overdue, list_page
from onboarding.turns import Standing, deadlines_of, due_in_words, standing_data, standing_of
from onboarding.views import case_data
from onboarding.workspace import Workspace

COLUMNS: Final = ("case", "customer", "step", "agreement", "waiting_for", "duty", "due")


def case_page(
    workspace: Workspace, wanted: CaseFilter, language: Language, *, after: CaseNumber | None, limit: int
) -> Answer:
    """Cases by number, oldest first, at most `limit` (0: all); a line tells where to go on."""
    with workspace.store.read() as connection:
        found = list_page(connection, wanted, after=after, limit=limit + 1 if limit else None)
    shown = found[:limit] if limit else found
    lines = case_table(workspace, shown, language)
    if len(found) > len(shown):
        lines += ["", text("talk.more_cases", language, case=shown[-1].number)]
    return Answer(data=case_rows(workspace, shown), lines=lines)


def overdue_answer(workspace: Workspace, language: Language, *, vendor_id: str | None, limit: int) -> Answer:
    """The escalation list: cases whose turn has lasted longer than it may, the oldest first."""
    today = norwegian_day(workspace.clock())
    with workspace.store.read() as connection:
        deadlines = deadlines_of(workspace.settings)
        found = list_overdue(connection, deadlines, today, limit=limit or None, vendor_id=vendor_id)
    return Answer(data=case_rows(workspace, found), lines=case_table(workspace, found, language))


def case_rows(workspace: Workspace, cases: tuple[Case, ...]) -> list[JsonValue]:
    """Cases for programs, each with its turn."""
    return [{**case_data(standing.case), **standing_data(standing)} for standing in _standings(workspace, cases)]


def case_table(workspace: Workspace, cases: tuple[Case, ...], language: Language) -> list[str]:
    """Cases for people: who must do what, by when."""
    rows = [_row(standing, language) for standing in _standings(workspace, cases)]
    return table(COLUMNS, rows, language)


def _standings(workspace: Workspace, cases: tuple[Case, ...]) -> list[Standing]:
    now = workspace.clock()
    return [standing_of(case, workspace.settings, now) for case in cases]


def _row(standing: Standing, language: Language) -> list[str]:
    case, turn = standing.case, standing.case.turn
    return [
        str(case.number),
        case.customer_name,
        text(f"states.step.{case.step.value}", language),
        text(f"states.agreement.{case.agreement_state.value}", language),
        text(f"states.party.{turn.party.value}", language) if turn else "",
        text(f"states.duty.{turn.duty.value}", language) if turn else "",
        due_in_words(standing, language),
    ]
