"""`avtale case …`: step 1 and the life of a case."""

from datetime import datetime
from pathlib import Path
from typing import Any

import click

from agreements.case import Case, Closing, Step
from agreements.errors import UsageError
from agreements.parties import SigningBasis
from agreements.turn import Party
from onboarding.answers import Answer, table
from onboarding.call import Call
from onboarding.command import TextGroup, argument, command, option

_CASE = argument("case_number", metavar="CASE")
_COLUMNS = ("case", "customer", "step", "agreement", "waiting_for", "updated")
PAGE = 500
"""Cases at a time where nobody says how many: more than a person reads; ours."""

group = TextGroup(
    "case",
    {
        "new": "onboarding.commands.case:new",
        "list": "onboarding.commands.case:list_",
        "show": "onboarding.commands.case:show",
        "timeline": "onboarding.commands.case:timeline",
        "note": "onboarding.commands.case:note",
        "set": "onboarding.commands.case:set_",
        "signer": "onboarding.commands.case:signer",
        "confirm": "onboarding.commands.case:confirm",
        "ask-digipost": "onboarding.commands.case:ask",
        "hold": "onboarding.commands.case:hold",
        "resume": "onboarding.commands.case:resume",
        "cancel": "onboarding.commands.case:cancel",
        "close": "onboarding.commands.case:close",
        "terminate": "onboarding.commands.case:terminate",
        "change": "onboarding.commands.case:change",
        "export": "onboarding.commands.case:export",
    },
    name="case",
)


def pairs(assignments: tuple[str, ...]) -> dict[str, str]:
    """`field=value` pairs. Raises UsageError for one without an equals sign, or a field given twice."""
    typed: dict[str, str] = {}
    for assignment in assignments:
        field, equals, value = assignment.partition("=")
        if not equals or field.strip() in typed:
            raise UsageError("assignment_form", assignment=field.strip())
        typed[field.strip()] = value
    return typed


@command(
    "case.new",
    option("--org-number", required=True),
    option("--name", required=True),
    option("--vendor", required=True),
    option("--set", "assignments", multiple=True, metavar="FIELD=VALUE"),
)
def new(call: Call, org_number: str, name: str, vendor: str, assignments: tuple[str, ...]) -> Answer:
    """Make a case."""
    from onboarding.steps.enquiry import Enquiry, create_case, parse_typed
    from onboarding.views import case_data

    typed = parse_typed(pairs(assignments), allow_synthetic=call.settings.allow_synthetic)
    enquiry = Enquiry(
        vendor_id=vendor, org_number=org_number, customer_name=name, values=typed.values, signing=typed.signing
    )
    case = create_case(call.workspace, enquiry, call.actor)
    return Answer(data=case_data(case), lines=[str(case.number)])


@command(
    "case.list",
    option("--step", type=click.Choice([step.value for step in Step])),
    option("--waiting-for", type=click.Choice([party.value for party in Party])),
    option("--vendor", default=None),
    option("--overdue", is_flag=True),
    option("--after", metavar="CASE"),
    option("--limit", type=click.IntRange(min=0), default=PAGE, show_default=True),
)
def list_(call: Call, vendor: str | None, overdue: bool, limit: int, **wanted: str | None) -> Answer:
    """List cases."""
    from agreements.casenumber import parse_case_number
    from onboarding.case_list import case_page, overdue_answer
    from onboarding.store.overview import CaseFilter

    if overdue:
        if any(wanted.values()):
            raise UsageError("overdue_alone")
        return overdue_answer(call.workspace, call.lang, vendor_id=vendor, limit=limit)
    step, party, after = wanted["step"], wanted["waiting_for"], wanted["after"]
    found = CaseFilter(step=Step(step) if step else None, waiting_for=Party(party) if party else None, vendor_id=vendor)
    behind = parse_case_number(after) if after else None
    return case_page(call.workspace, found, call.lang, after=behind, limit=limit)


@command("case.show", _CASE)
def show(call: Call, case_number: str) -> Answer:
    """Show a case with its values, signers, versions and returns."""
    from onboarding.case_view import case_details

    return case_details(call.workspace, case_number, call.lang)


@command("case.timeline", _CASE)
def timeline(call: Call, case_number: str) -> Answer:
    """Show what has happened to a case."""
    from onboarding.case_view import case_timeline

    return case_timeline(call.workspace, case_number, call.lang)


@command("case.note", _CASE, argument("note"))
def note(call: Call, case_number: str, note: str) -> Answer:
    """Write a note into the record."""
    from agreements.casenumber import parse_case_number
    from onboarding.steps.enquiry import add_note

    return _changed(call, add_note(call.workspace, parse_case_number(case_number), note, call.actor))


@command("case.set", _CASE, argument("assignments", nargs=-1, required=True, metavar="FIELD=VALUE…"))
def set_(call: Call, case_number: str, assignments: tuple[str, ...]) -> Answer:
    """Set values before issue."""
    from agreements.casenumber import parse_case_number
    from onboarding.steps.enquiry import set_values

    return _changed(call, set_values(call.workspace, parse_case_number(case_number), pairs(assignments), call.actor))


@command(
    "case.signer",
    _CASE,
    option("--name", required=True),
    option("--basis", required=True, type=click.Choice([basis.value for basis in SigningBasis])),
    option("--birth-date", type=click.DateTime(["%Y-%m-%d"])),
    option("--email", default=""),
    option("--phone", default=""),
    option("--file", type=click.Path(path_type=Path, dir_okay=False)),
)
def signer(call: Call, case_number: str, file: Path | None, birth_date: datetime | None, **typed: str) -> Answer:
    """Say who signs."""
    from agreements.casenumber import parse_case_number
    from onboarding.steps.enquiry import declare_signer, parse_signer

    declared = parse_signer(**typed, birth_date=None if birth_date is None else birth_date.date())
    return _changed(call, declare_signer(call.workspace, parse_case_number(case_number), declared, file, call.actor))


@command("case.confirm", _CASE, option("--name", default=None), option("--email", "contact_email", default=None))
def confirm(call: Call, case_number: str, name: str | None, contact_email: str | None) -> Answer:
    """Confirm an enquiry that came by mail."""
    from onboarding.confirming import confirm_case

    return _changed(call, confirm_case(call.workspace, case_number, name=name, email=contact_email, actor=call.actor))


@command("case.ask-digipost", _CASE, option("--question", default=""))
def ask(call: Call, case_number: str, question: str) -> Answer:
    """Ask Digipost about a case."""
    from onboarding.confirming import ask_digipost
    from onboarding.views import case_data

    case, message = ask_digipost(call.workspace, case_number, question=question, actor=call.actor)
    shown = _changed(call, case)
    return Answer(data={**case_data(case), "message": message}, lines=shown.lines)


@command("case.hold", _CASE, option("--reason", required=True))
def hold(call: Call, case_number: str, reason: str) -> Answer:
    """Put a case on hold."""
    return _hold(call, case_number, True, reason)


@command("case.resume", _CASE, option("--reason", required=True))
def resume(call: Call, case_number: str, reason: str) -> Answer:
    """Take a case up again."""
    return _hold(call, case_number, False, reason)


@command("case.cancel", _CASE, option("--reason", required=True))
def cancel(call: Call, case_number: str, reason: str) -> Answer:
    """End a case that is not launched."""
    return _end(call, case_number, Closing.CANCELLED, reason)


@command(
    "case.close",
    _CASE,
    option("--launched-outside", is_flag=True, required=True),
    option("--reason", required=True),
)
def close(call: Call, case_number: str, launched_outside: bool, reason: str) -> Answer:
    """Say that an organisation sends without the set-up having been verified here."""
    if not launched_outside:
        raise UsageError("close_how")
    return _end(call, case_number, Closing.LAUNCHED_OUTSIDE, reason)


@command(
    "case.terminate",
    _CASE,
    option("--reason", required=True),
    option("--last-day", metavar="DATE", type=click.DateTime(["%Y-%m-%d"])),
    option("--successor", metavar="CASE"),
)
def terminate(call: Call, case_number: str, reason: str, last_day: datetime | None, successor: str | None) -> Answer:
    """End what was launched: the clear signal is withdrawn, and Digipost is told."""
    day = None if last_day is None else last_day.date()
    return _end(call, case_number, Closing.TERMINATED, reason, last_day=day, successor=successor)


def _end(call: Call, case_number: str, closing: Closing, reason: str, **more: Any) -> Answer:
    from onboarding.ending import end_case
    from onboarding.ending_view import ended_answer

    return ended_answer(
        end_case(call.workspace, case_number, closing, reason=reason, actor=call.actor, **more), call.lang
    )


@command("case.change", _CASE, option("--reason", required=True))
def change(call: Call, case_number: str, reason: str) -> Answer:
    """Open the case by which what was launched is changed."""
    from onboarding.ending import open_change

    return _changed(call, open_change(call.workspace, case_number, reason=reason, actor=call.actor))


@command("case.export", _CASE, option("--out", type=click.Path(path_type=Path, file_okay=False), required=True))
def export(call: Call, case_number: str, out: Path) -> Answer:
    """Write everything there is of a case into a folder."""
    from onboarding.case_export import export_case
    from onboarding.out_folder import require_free_place

    require_free_place(out, call.settings)
    written = export_case(call.workspace, case_number, out, call.lang)
    paths = [str(path) for path in written]
    return Answer(data={"case": case_number, "files": list(paths)}, lines=paths)


def _hold(call: Call, case_number: str, held: bool, reason: str) -> Answer:
    from agreements.casenumber import parse_case_number
    from onboarding.steps.enquiry import hold_case

    return _changed(
        call, hold_case(call.workspace, parse_case_number(case_number), held=held, reason=reason, actor=call.actor)
    )


def _changed(call: Call, case: Case) -> Answer:
    from onboarding.views import case_data, case_row

    return Answer(data=case_data(case), lines=table(_COLUMNS, [case_row(case, call.lang)], call.lang))
