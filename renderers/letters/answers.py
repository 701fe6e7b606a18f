"""What the organisation hears about its return: received, turned down, or approved with the next step."""

from dataclasses import dataclass
from datetime import date, datetime

from agreements.agreement import SigningRoute
from agreements.calendar import norwegian_time
from agreements.case import LaunchPlan
from agreements.configuration import Deviation
from agreements.findings import Finding
from agreements.language import Language
from agreements.summary import CustomerTask
from agreements.values import format_date, format_time
from renderers.letters.deviations import deviation_lines
from renderers.letters.heading import Correspondence, inline, quoted, write
from renderers.letters.reasons import reasons_of
from renderers.letters.signing import SigningTask, task_view
from renderers.summary.tasks import task_sentence
from renderers.templates import words

_TERMINATION = "termination"


@dataclass(frozen=True, kw_only=True)
class ReceiptLetter:
    """A document has come in. It says nothing of what the check will find."""

    about: Correspondence
    received_at: datetime
    """With time zone; told by Norwegian clocks."""
    sha256: str
    """Of what was received, as the sender's evidence."""
    needs_person: bool = False
    """The check is done and a person must look: the answer takes longer."""
    again: bool = False
    """The same document came before, and was checked then."""
    approved_before: bool = False
    """The agreement was approved before this came: no answer follows."""


@dataclass(frozen=True, kw_only=True)
class RejectionLetter:
    """A return was turned down."""

    about: Correspondence
    received_on: date
    findings: tuple[Finding, ...]
    comment: str = ""
    """What the person who turned it down adds for the organisation, in their own words."""
    task: SigningTask | None = None
    """What to sign instead; None while no version is in force: then they wait for a new one."""


@dataclass(frozen=True, kw_only=True)
class NextStepLetter:
    """The agreement is approved and forwarded. `kind`: the catalogue's `agreement.kind`."""

    about: Correspondence
    agreement_number: str
    approved_on: date
    kind: str
    plan: LaunchPlan
    tasks: tuple[CustomerTask, ...] = ()
    """What the organisation does itself, from the configuration summary."""
    deviations: tuple[Deviation, ...] = ()
    """What is set up otherwise than it was signed."""


@dataclass(frozen=True, kw_only=True)
class SetupReminderLetter:
    """The organisation alone has something left to do in the set-up."""

    about: Correspondence
    tasks: tuple[CustomerTask, ...]


def render_setup_reminder(letter: SetupReminderLetter, language: Language) -> tuple[str, str]:
    """Subject and body: what is left."""
    return write(
        "letter-setup-reminder.txt",
        letter.about,
        language,
        subject="letters.setup_reminder.subject",
        tasks=[task_sentence(task, language, inline) for task in letter.tasks],
    )


def render_receipt(letter: ReceiptLetter, language: Language) -> tuple[str, str]:
    """Subject and body: we have it, and what happens now."""
    local = norwegian_time(letter.received_at)
    return write(
        "letter-receipt.txt",
        letter.about,
        language,
        subject="letters.receipt.subject",
        date=format_date(local.date(), language),
        time=format_time(local, language),
        sha256=letter.sha256,
        person=letter.needs_person,
        again=letter.again,
        approved_before=letter.approved_before,
    )


def render_rejection(letter: RejectionLetter, language: Language) -> tuple[str, str]:
    """Subject and body: what is wrong, each with what to do, and how to sign anew."""
    on_paper = letter.task is not None and letter.task.route is SigningRoute.PAPER
    return write(
        "letter-rejection.txt",
        letter.about,
        language,
        subject="letters.rejection.subject",
        date=format_date(letter.received_on, language),
        reasons=reasons_of(letter.findings, language, on_paper=on_paper),
        comment=quoted(letter.comment),
        task=letter.task,
        **({} if letter.task is None else task_view(letter.task, language)),
    )


def render_next_step(letter: NextStepLetter, language: Language) -> tuple[str, str]:
    """Subject and body: approved, what comes next, and what the organisation does itself."""
    return write(
        "letter-next-step.txt",
        letter.about,
        language,
        subject="letters.next_step.subject",
        agreement=letter.agreement_number,
        date=format_date(letter.approved_on, language),
        kind=letter.kind,
        steps=_steps(letter, language),
        tasks=_tasks(letter, language),
        deviations=deviation_lines(letter.deviations, language),
    )


def _steps(letter: NextStepLetter, language: Language) -> list[str]:
    if letter.kind == _TERMINATION:
        return []
    keys = (f"plan.{letter.plan.value}", f"setup.{letter.kind}", f"verify.{letter.kind}", "launch")
    return [words(language)(f"letters.next_step.{key}") for key in keys]


def _tasks(letter: NextStepLetter, language: Language) -> list[str]:
    """The summary's own sentences; nothing is set up when the use comes to an end."""
    if letter.kind == _TERMINATION:
        return []
    return [task_sentence(task, language, inline) for task in letter.tasks]
