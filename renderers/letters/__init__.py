"""Letters: values in, subject and plain text out. Short, kind, and free of personal identity data.

No birth dates and no identity numbers stand in them, whatever the values hold. Every letter about one case has its
number in brackets in the subject, so that an answer finds its case. What people or documents wrote stands on one line,
so that it can't pass for words of ours. Sentences: `letters.*` and `forward.*` in `templates/words.*.yaml`; order:
`letter-*.txt`.
"""

from renderers.letters.answers import (
    NextStepLetter,
    ReceiptLetter,
    RejectionLetter,
    SetupReminderLetter,
    render_next_step,
    render_receipt,
    render_rejection,
    render_setup_reminder,
)
from renderers.letters.deviations import DeviationLetter, render_deviation
from renderers.letters.digest import DigestLetter, Unanswered, render_digest
from renderers.letters.digipost import (
    QuestionLetter,
    TerminationNotice,
    VerificationRequest,
    render_question,
    render_termination_notice,
    render_verification_request,
)
from renderers.letters.forward import ForwardLetter, finding_in_words, render_forward
from renderers.letters.heading import MAX_SUBJECT, Correspondence
from renderers.letters.overdue import OverdueLetter, render_overdue
from renderers.letters.signing import (
    ReminderLetter,
    ReminderNumber,
    SigningLetter,
    SigningTask,
    render_reminder,
    render_signing,
    render_signing_file,
)

__all__ = [
    "MAX_SUBJECT",
    "Correspondence",
    "DeviationLetter",
    "DigestLetter",
    "ForwardLetter",
    "NextStepLetter",
    "OverdueLetter",
    "QuestionLetter",
    "ReceiptLetter",
    "RejectionLetter",
    "ReminderLetter",
    "ReminderNumber",
    "SetupReminderLetter",
    "SigningLetter",
    "SigningTask",
    "TerminationNotice",
    "Unanswered",
    "VerificationRequest",
    "finding_in_words",
    "render_deviation",
    "render_digest",
    "render_forward",
    "render_next_step",
    "render_overdue",
    "render_question",
    "render_receipt",
    "render_rejection",
    "render_reminder",
    "render_setup_reminder",
    "render_signing",
    "render_signing_file",
    "render_termination_notice",
    "render_verification_request",
]
