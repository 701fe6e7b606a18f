"""`avtale agreement issue` for several cases: a result for each, in the order they were given, whatever comes between.

Resumable by construction: an agreement is issued by one commit, so killing this at any moment loses nothing and issues
nothing twice; the cases still waiting are those that the same command finds. Its file is written after the commit: a
list of the cases under way lies in the folder meanwhile, by which the next run there writes what a killed one did not.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from threading import Event

from agreements.agreement import Agreement
from agreements.canonical import JsonValue
from agreements.casenumber import AgreementNumber
from agreements.errors import AvtaleError, NotFoundError, UsageError
from agreements.language import Language
from agreements.parties import Actor
from agreements.texts import text
from onboarding.answers import Answer, answer_of_many, error_entries, error_lines
from onboarding.files import OddFileError, open_file, write_file
from onboarding.press import usable_workers
from onboarding.steps.agreement import Issue, IssueResult, issue_agreements, save_issue, unsaved_issue
from onboarding.workspace import Workspace

UNDER_WAY = ".under-utstedelse"
"""The list's file name; hidden, for nobody is meant to send it on."""


class Result(StrEnum):
    """What became of a case."""

    ISSUED = "issued"
    FAILED = "failed"
    WAITING = "waiting"
    """It was stopped before this one's turn."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One case's result. An issued agreement whose file could not be written has both a path and an error."""

    number: str
    result: Result
    agreement: Agreement | None = None
    path: Path | None = None
    handout: Path | None = None
    """The covering letter, or the folder for the signing service, beside the PDF."""
    unreachable: tuple[str, ...] = ()
    """Names of those who sign whom the signing service has no way to tell."""
    replaces: AgreementNumber | None = None
    """The version that this one took the place of."""
    error: AvtaleError | None = None


def issue_many(
    workspace: Workspace,
    numbers: Sequence[str],
    folder: Path,
    actor: Actor,
    *,
    stop: Event,
    done: Callable[[], object],
) -> tuple[Outcome, ...]:
    """Issue every case's agreement and write its file into `folder`, which must exist.

    Begins with what an earlier run in this folder issued and did not come to write. `done` is called after each; once
    `stop` is set, what is under way is finished with the one in hand.
    """
    found = _save_unsaved(workspace, folder)
    numbers = tuple(dict.fromkeys((*found, *numbers)))
    waiting = tuple(number for number in numbers if number not in found)
    with _listed(waiting, folder):
        found |= _issue_each(workspace, waiting, folder, actor, stop=stop, done=done)
    _list_unsaved(found, folder)
    return tuple(found.get(number, Outcome(number=number, result=Result.WAITING)) for number in numbers)


def _issue_each(
    workspace: Workspace,
    numbers: tuple[str, ...],
    folder: Path,
    actor: Actor,
    *,
    stop: Event,
    done: Callable[[], object],
) -> dict[str, Outcome]:
    found: dict[str, Outcome] = {}
    workers = 0 if len(numbers) == 1 else min(usable_workers(), len(numbers))
    with closing(issue_agreements(workspace, numbers, actor, workers=workers)) as results:
        for result in results:
            found[result.number] = _saved(result, folder)
            done()
            if stop.is_set():
                break
    return found


@contextmanager
def _listed(numbers: tuple[str, ...], folder: Path) -> Iterator[None]:
    """The cases stand in the folder's list until their files are written; a killed run leaves it."""
    _write_list(numbers, folder)
    yield
    (folder / UNDER_WAY).unlink(missing_ok=True)


def _list_unsaved(found: Mapping[str, Outcome], folder: Path) -> None:
    """What was issued and could not be written stays in the list, if there is room for that: the next run writes it."""
    numbers = [outcome.number for outcome in found.values() if outcome.agreement is not None and outcome.error]
    if numbers:
        with suppress(AvtaleError):
            _write_list(numbers, folder)


def _write_list(numbers: Sequence[str], folder: Path) -> None:
    """One case a line. Raises as `write_file`."""
    write_file(folder / UNDER_WAY, "".join(f"{number}\n" for number in numbers).encode())


def _save_unsaved(workspace: Workspace, folder: Path) -> dict[str, Outcome]:
    """Write what an earlier run issued and was killed before it could write."""
    try:
        with open_file(folder / UNDER_WAY) as stream:
            numbers = stream.read().decode(errors="replace").split()
    except (FileNotFoundError, OddFileError):
        return {}
    outcomes = (_save_if_unsaved(workspace, number, folder) for number in numbers)
    return {outcome.number: outcome for outcome in outcomes if outcome is not None}


def _save_if_unsaved(workspace: Workspace, number: str, folder: Path) -> Outcome | None:
    try:
        issue = unsaved_issue(workspace, number, folder)
    except (UsageError, NotFoundError):  # another installation's list: nothing of ours to finish
        return None
    except AvtaleError as error:
        return Outcome(number=number, result=Result.FAILED, error=error)
    return None if issue is None else _saved(IssueResult(number=number, issue=issue), folder)


def save_one(issue: Issue, folder: Path) -> Outcome:
    """Write one issued agreement's file. Raises as `save_issue`."""
    agreement, path = issue.agreement, save_issue(issue, folder)
    return Outcome(
        number=str(agreement.number.case),
        result=Result.ISSUED,
        agreement=agreement,
        path=path,
        handout=path.with_name(issue.handout.name),
        unreachable=issue.handout.unreachable,
        replaces=issue.replaces,
    )


def issue_answer(outcomes: Sequence[Outcome], language: Language, *, stopped: bool) -> Answer:
    """The outcomes for programs and for people; the exit code is the worst of them."""
    errors = [outcome.error for outcome in outcomes if outcome.error is not None]
    lines = [line for outcome in outcomes for line in _lines(outcome)]
    return answer_of_many([_row(outcome, language) for outcome in outcomes], lines, errors, language, stopped=stopped)


def told(outcomes: Sequence[Outcome], language: Language) -> list[str]:
    """What stood in the way, case by case, what is valid no more, whom nobody can tell to sign, and how many wait."""
    lines: list[str] = []
    for outcome in outcomes:
        if outcome.error is not None:
            first, *rest = error_lines(outcome.error, language)
            lines += [f"{outcome.number}: {first}", *rest]
        lines += told_replaced(outcome, language)
        for name in outcome.unreachable:
            lines.append(text("talk.signer_unreachable", language, case=outcome.number, signer=name))
    if waiting := sum(outcome.result is Result.WAITING for outcome in outcomes):
        lines.append(text("talk.issue_stopped", language, issued=len(outcomes) - waiting, waiting=waiting))
    return lines


def told_replaced(outcome: Outcome, language: Language) -> list[str]:
    """That a version is valid no more, if this one took its place, for a person."""
    if outcome.agreement is None or outcome.replaces is None:
        return []
    new, old = str(outcome.agreement.number), str(outcome.replaces)
    return [text("talk.agreement_replaced", language, case=outcome.number, agreement=new, replaced=old)]


def _saved(result: IssueResult, folder: Path) -> Outcome:
    if result.issue is None:
        return Outcome(number=result.number, result=Result.FAILED, error=result.error)
    try:
        return replace(save_one(result.issue, folder), number=result.number)
    except AvtaleError as error:
        issue = result.issue
        return Outcome(
            number=result.number,
            result=Result.ISSUED,
            agreement=issue.agreement,
            replaces=issue.replaces,
            error=error,
        )


def _lines(outcome: Outcome) -> list[str]:
    """The agreement and its file, then what lies beside it for those who sign."""
    if outcome.agreement is None:
        return []
    number = str(outcome.agreement.number)
    if outcome.path is None or outcome.handout is None:
        return [number]
    return [f"{number}  {outcome.path}", f"{' ' * len(number)}  {outcome.handout}"]


def _row(outcome: Outcome, language: Language) -> dict[str, JsonValue]:
    row: dict[str, JsonValue] = {"case": outcome.number, "result": outcome.result.value}
    if (agreement := outcome.agreement) is not None:
        row |= {
            "agreement": str(agreement.number),
            "file": str(outcome.path) if outcome.path else None,
            "handout": str(outcome.handout) if outcome.handout else None,
            "sha256": agreement.sha256,
            "template_version": agreement.template_version,
            "language": agreement.language.value,
            "route": agreement.route.value,
            "open": list(agreement.open_fields),
            "unreachable": list(outcome.unreachable),
            "replaces": str(outcome.replaces) if outcome.replaces else None,
            "pages": agreement.pages,
        }
    entries = error_entries(outcome.error, language) if outcome.error else []
    return row | {"errors": [dict(entry) for entry in entries]}
