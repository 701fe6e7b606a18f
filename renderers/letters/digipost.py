"""Letters to Digipost beside the forward: the request to verify a set-up, and the notice that an organisation stops."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from agreements.language import Language
from agreements.values import format_date
from agreements.verification import Method, attestation_code
from renderers.letters.heading import Correspondence, quoted, write
from renderers.templates import words


@dataclass(frozen=True, kw_only=True)
class VerificationRequest:
    """Step 5: Digipost is asked to verify exactly this configuration and to answer with its code."""

    about: Correspondence
    agreement_number: str | None
    sender_id: int | None
    methods: tuple[Method, ...]
    agreed: bool
    """Digipost has agreed on the methods already; otherwise they are proposed."""
    configuration_sha256: str
    labels: Mapping[Method, str] = field(default_factory=dict)
    """The installation's own words for a method; empty or none: ours."""


@dataclass(frozen=True, kw_only=True)
class TerminationNotice:
    """An organisation stops sending through the vendor's system: the right to send on its behalf is to be withdrawn."""

    about: Correspondence
    agreement_number: str | None
    """The agreement that says so, if there is one."""
    sender_id: int | None
    last_day: date
    """The last day on which mail may be sent."""


@dataclass(frozen=True, kw_only=True)
class QuestionLetter:
    """A question about a case, or the wish that Digipost takes part (step 1)."""

    about: Correspondence
    agreement_number: str | None
    question: str
    """In a person's own words, of several lines; empty to ask Digipost to take part."""


def render_question(letter: QuestionLetter, language: Language) -> tuple[str, str]:
    """Subject and body; each line of the question is quoted, so that it can't pass for words of ours."""
    return write(
        "letter-question.txt",
        letter.about,
        language,
        subject="letters.question.subject",
        agreement=letter.agreement_number,
        lines=quoted(letter.question),
    )


def render_verification_request(letter: VerificationRequest, language: Language) -> tuple[str, str]:
    """Subject and body, with the line that the answer must carry. Raises ValueError for a hash that is none."""
    say = words(language)
    return write(
        "letter-verification.txt",
        letter.about,
        language,
        subject="letters.verification.subject",
        agreement=letter.agreement_number,
        sender_id=letter.sender_id,
        methods=[letter.labels.get(method) or say(f"verification.methods.{method.value}") for method in letter.methods],
        agreed=letter.agreed,
        code=attestation_code(letter.about.case_number, letter.configuration_sha256),
        sha256=letter.configuration_sha256,
    )


def render_termination_notice(letter: TerminationNotice, language: Language) -> tuple[str, str]:
    """Subject and body."""
    return write(
        "letter-termination.txt",
        letter.about,
        language,
        subject="letters.termination.subject",
        agreement=letter.agreement_number,
        sender_id=letter.sender_id,
        date=format_date(letter.last_day, language),
    )
