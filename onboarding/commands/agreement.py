"""`avtale agreement …`: step 2, the agreement is made."""

import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Event

import click

from agreements.errors import UsageError
from onboarding.answers import Answer
from onboarding.call import Call
from onboarding.command import TextGroup, argument, command, option, talk

_CASE = argument("case_number", metavar="CASE")
_CASES = argument("case_numbers", nargs=-1, metavar="CASE…")
_ALL = option("--all", "every", is_flag=True)
_OUT = option("--out", type=click.Path(path_type=Path, file_okay=False))

group = TextGroup(
    "agreement",
    {
        "issue": "onboarding.commands.agreement:issue",
        "send": "onboarding.commands.agreement:send",
        "preview": "onboarding.commands.agreement:preview",
        "void": "onboarding.commands.agreement:void",
    },
    name="agreement",
)


@command("agreement.issue", _CASES, _ALL, _OUT)
def issue(call: Call, case_numbers: tuple[str, ...], every: bool, out: Path | None) -> Answer:
    """Issue agreements; one that can't be issued does not stop the others."""
    from onboarding.files import make_folder
    from onboarding.issuing import issue_answer, issue_many, told, told_replaced
    from onboarding.out_folder import ISSUED, require_free_place
    from onboarding.steps.agreement import issuable_cases

    actor, folder = call.actor, out or call.settings.data_dir / ISSUED
    require_free_place(folder, call.settings)
    numbers = issuable_cases(call.workspace) if _wants_all(case_numbers, every) else _each_once(case_numbers)
    make_folder(folder)  # before anything is issued: a wrong `--out` costs no version
    with _stopped_by_the_keyboard() as stop, _progress(call, numbers) as done:
        outcomes = issue_many(call.workspace, numbers, folder, actor, stop=stop, done=done)
    if len(outcomes) == 1 and outcomes[0].error is not None:
        talk(call, *told_replaced(outcomes[0], call.lang))
        raise outcomes[0].error
    talk(call, *told(outcomes, call.lang))
    answer = issue_answer(outcomes, call.lang, stopped=stop.is_set())
    return answer if call.as_json else replace(answer, errors=())  # people were told case by case


def _wants_all(case_numbers: tuple[str, ...], every: bool) -> bool:
    if bool(case_numbers) == every:
        raise UsageError("cases_or_all")
    return every


def _each_once(case_numbers: tuple[str, ...]) -> tuple[str, ...]:
    """A case named twice is meant once: a second version would take the place of the first."""
    return tuple(dict.fromkeys(number.strip().upper() for number in case_numbers))


@contextmanager
def _stopped_by_the_keyboard() -> Iterator[Event]:
    """Set once Ctrl-C is pressed. Pressed again, it ends the program where it stands."""
    stop = Event()

    def on_interrupt(*_: object) -> None:
        stop.set()
        signal.signal(signal.SIGINT, before)

    before = signal.signal(signal.SIGINT, on_interrupt)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _progress(call: Call, numbers: Sequence[str]) -> Iterator[Callable[[], object]]:
    """A bar on a terminal, one step for each call; elsewhere nothing."""
    if call.as_json or not sys.stderr.isatty():
        yield lambda: None
        return
    with click.progressbar(length=len(numbers), file=sys.stderr, show_pos=True) as bar:
        yield lambda: bar.update(1)


@command("agreement.send", _CASES, _ALL, option("--dry-run", is_flag=True))
def send(call: Call, case_numbers: tuple[str, ...], every: bool, dry_run: bool) -> Answer:
    """Put requests to sign into the outbox; one that can't be sent does not stop the others."""
    from onboarding.correspondence.sending_answer import send_answer, send_many, told
    from onboarding.correspondence.signing import sendable_cases

    actor = None if dry_run else call.actor
    numbers = sendable_cases(call.workspace) if _wants_all(case_numbers, every) else _each_once(case_numbers)
    with _stopped_by_the_keyboard() as stop, _progress(call, numbers) as done:
        outcomes = send_many(call.workspace, numbers, actor, stop=stop, done=done)
    if len(outcomes) == 1 and outcomes[0].error is not None:
        raise outcomes[0].error
    talk(call, *told(outcomes, call.lang, now=call.workspace.clock()))
    answer = send_answer(outcomes, call.lang, stopped=stop.is_set())
    return answer if call.as_json else replace(answer, errors=())  # people were told case by case


@command("agreement.preview", _CASE, _OUT)
def preview(call: Call, case_number: str, out: Path | None) -> Answer:
    """Write the agreement as it would be issued."""
    from onboarding.files import write_file
    from onboarding.out_folder import require_free_place
    from onboarding.steps.agreement import preview_agreement

    path = (out or Path()) / f"forhandsvisning-{case_number.strip().upper()}.pdf"
    require_free_place(path, call.settings)
    pdf = preview_agreement(call.workspace, case_number)
    write_file(path, pdf)
    return Answer(data={"case": case_number, "file": str(path)}, lines=[str(path)])


@command("agreement.void", _CASE, option("--reason", required=True))
def void(call: Call, case_number: str, reason: str) -> Answer:
    """Make the version in force void."""
    from agreements.casenumber import parse_case_number
    from onboarding.steps.agreement import void_agreement_in_force

    voided = void_agreement_in_force(call.workspace, parse_case_number(case_number), reason, call.actor)
    return Answer(data={"agreement": str(voided), "state": "void"}, lines=[str(voided)])
