"""A question to Digipost's desk about a case, which a person asks: "som deretter involverer Digipost ved behov" (seed,
step 1).
"""

from typing import Final

from agreements.case import Case
from agreements.language import Language
from onboarding.correspondence.digipost import digipost_address
from onboarding.correspondence.writing import Written, about, make_message
from onboarding.purposes import Purpose
from onboarding.rendering import private_fonts
from onboarding.workspace import Workspace
from outbox.messages import NewMessage

_LANGUAGE: Final = Language.NB
"""Digipost's sales desk reads Norwegian, whatever language the agreements are in."""


def write_question(workspace: Workspace, case: Case, question: str) -> NewMessage:
    """The letter, its bytes stored. `question`: in the person's own words; empty to ask Digipost to take part.

    Raises ConfigurationError if the recipient is not allowed.
    """
    private_fonts()
    from renderers.letters import QuestionLetter, render_question

    resolved = digipost_address(workspace)
    letter = QuestionLetter(
        about=about(workspace, case, resolved, _LANGUAGE),
        agreement_number=None if case.in_force is None else str(case.in_force),
        question=question,
    )
    subject, body = render_question(letter, _LANGUAGE)
    written = Written(
        purpose=Purpose.QUESTION,
        key=f"{Purpose.QUESTION}:{case.number}:{case.revision + 1}",  # the revision that asking makes
        vendor=workspace.vendor(case.vendor_id),
        case=case.number,
        agreement=case.in_force,
        resolved=resolved,
        subject=subject,
        body=body,
    )
    return make_message(workspace, written, now=workspace.clock())
