"""The covering letter of an agreement to be signed, and its reminders."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from agreements.agreement import SigningRoute
from agreements.catalogue import load_catalogue
from agreements.language import Language
from agreements.parties import Signer
from agreements.values import format_date
from renderers.agreement_view import DIGIPOST_NAME
from renderers.letters.heading import Correspondence, inline, write
from renderers.templates import Words, words


class ReminderNumber(StrEnum):
    """Which reminder it is."""

    FIRST = "first"
    SECOND = "second"
    LAST = "last"


@dataclass(frozen=True, kw_only=True)
class SigningTask:
    """What is to be signed, by whom, how and until when."""

    agreement_number: str
    signers: tuple[Signer, ...]
    """In signing order: one, or two jointly."""
    route: SigningRoute
    deadline: date
    return_to: str
    """The address that takes the signed agreement, on the routes `own_tool` and `paper`."""
    has_open_fields: bool = False
    """Values are left for the organisation to fill in."""


@dataclass(frozen=True, kw_only=True)
class SigningLetter:
    """The request to sign. `kind`: the catalogue's `agreement.kind` (new, change, termination)."""

    about: Correspondence
    task: SigningTask
    kind: str
    copy_attached: bool = False
    """The agreement goes along to be read, and is signed in the signing service (route `service` only)."""


@dataclass(frozen=True, kw_only=True)
class ReminderLetter:
    """The agreement was sent on a day and has not come back."""

    about: Correspondence
    task: SigningTask
    sent_on: date
    number: ReminderNumber


def render_signing(letter: SigningLetter, language: Language) -> tuple[str, str]:
    """Subject and body of the request to sign."""
    return write(
        "letter-signing.txt",
        letter.about,
        language,
        subject="letters.signing.subject",
        kind=letter.kind,
        copy_attached=letter.copy_attached,
        digipost=DIGIPOST_NAME,
        **task_view(letter.task, language),
    )


def render_signing_file(letter: SigningLetter, language: Language) -> bytes:
    """The same letter as a text file (`folgebrev.txt`) for whoever sends it by hand, the subject first; UTF-8."""
    subject, body = render_signing(letter, language)
    return f"{words(language)('letters.signing.subject_label')}: {subject}\n\n{body}".encode()


def render_reminder(letter: ReminderLetter, language: Language) -> tuple[str, str]:
    """Subject and body of a reminder."""
    return write(
        "letter-reminder.txt",
        letter.about,
        language,
        subject=f"letters.reminder.subject.{letter.number.value}",
        number=letter.number.value,
        sent=format_date(letter.sent_on, language),
        **task_view(letter.task, language),
    )


def task_view(task: SigningTask, language: Language) -> dict[str, object]:
    """What the templates ask about the signing: agreement, deadline, signers, route, steps."""
    catalogue, say = load_catalogue(), words(language)
    signers = [
        f"{inline(signer.name)}, {_lower(catalogue.value_label('signer.role', signer.basis.value, language))}"
        for signer in task.signers
    ]
    return {
        "agreement": task.agreement_number,
        "deadline": format_date(task.deadline, language),
        "signers": signers,
        "route": task.route.value,
        "steps": list(_steps(task, say)),
    }


def _steps(task: SigningTask, say: Words) -> Iterator[str]:
    """What to do, one sentence or two for each step."""
    who = [inline(signer.name) for signer in task.signers]
    both = {"signer": who[0], "second": who[-1], "address": inline(task.return_to)}
    for step in _STEPS[task.route]:
        if (step != "fill" or task.has_open_fields) and (step not in _FOR_TWO or len(who) > 1):
            key = f"{step}_{'two' if len(who) > 1 else 'one'}" if step == "invited" else step
            yield say(f"letters.signing.steps.{task.route.value}.{key}", **both)


_STEPS = {
    SigningRoute.SERVICE: ("invited", "log_in", "sign", "done"),
    SigningRoute.OWN_TOOL: ("open", "fill", "sign", "second", "send"),
    SigningRoute.PAPER: ("print", "fill", "sign", "scan"),
}
_FOR_TWO = frozenset({"second"})


def _lower(label: str) -> str:
    return label[:1].lower() + label[1:]
