"""Digipost hears of it when the configuration in force stops, or begins again, to be as the signed agreement says.

Before an agreement is approved nobody at Digipost has seen it: then the summary that goes with it says so. Afterwards
they have one that is no longer true. The letter waits for a person, as every letter to Digipost beside the agreement.
"""

from datetime import datetime
from typing import Final

from agreements.case import APPROVED_STATES, Case
from agreements.configuration import Deviation
from agreements.language import Language
from agreements.summary import ConfigurationSummary
from onboarding.correspondence.digipost import digipost_address
from onboarding.correspondence.writing import Written, about, make_message
from onboarding.purposes import Purpose
from onboarding.rendering import private_fonts
from onboarding.workspace import Workspace
from outbox.compose import Attachment
from outbox.holds import PERSON_SENDS, Hold
from outbox.messages import Connection, NewMessage, enqueue, list_messages, withdraw
from outbox.states import State

_LANGUAGE: Final = Language.NB
"""Digipost's sales desk reads Norwegian, whatever language the agreements are in."""
NEWER_DEVIATIONS: Final = "newer_deviations"
"""Why a letter was withdrawn: nobody had released it before something else was set."""


def write_deviation_letter(
    workspace: Workspace, case: Case, before: tuple[Deviation, ...], now: ConfigurationSummary
) -> NewMessage | None:
    """The letter, with the summary as it is `now`; its bytes are stored. None if Digipost need not hear of it.

    Raises ConfigurationError if the recipient is not allowed, or the summary can't be made.
    """
    if case.agreement_state not in APPROVED_STATES or _told(before) == _told(now.deviations):
        return None
    private_fonts()
    from renderers.letters import DeviationLetter, render_deviation
    from renderers.summary import SummaryFormat, render_summary

    resolved = digipost_address(workspace)
    letter = DeviationLetter(
        about=about(workspace, case, resolved, _LANGUAGE),
        agreement_number=str(case.in_force),
        deviations=now.deviations,
    )
    subject, body = render_deviation(letter, _LANGUAGE)
    pdf = render_summary(now, _LANGUAGE, SummaryFormat.PDF)
    written = Written(
        purpose=Purpose.DEVIATION,
        key=f"{Purpose.DEVIATION}:{case.in_force}:{case.revision + 1}",  # the revision that this setting makes
        vendor=workspace.vendor(case.vendor_id),
        case=case.number,
        agreement=case.in_force,
        resolved=resolved,
        subject=subject,
        body=body,
        attachments=(
            Attachment(name=f"Konfigurasjonsoversikt-{case.number}.pdf", media_type="application/pdf", data=pdf),
        ),
        holds=(Hold(kind=PERSON_SENDS),),
    )
    return make_message(workspace, written, now=workspace.clock())


def enqueue_deviation_letter(connection: Connection, message: NewMessage, *, now: datetime) -> int | None:
    """Into the outbox, held; one about the same case that nobody has released is withdrawn: this one says it all."""
    for waiting in list_messages(connection, State.HELD, case_number=message.case_number):
        if waiting.purpose == Purpose.DEVIATION:
            withdraw(connection, waiting.id, reason=NEWER_DEVIATIONS, now=now)
    return enqueue(connection, message, now=now)


def _told(deviations: tuple[Deviation, ...]) -> list[tuple[str, object]]:
    return [(one.field_id, one.setting.value) for one in deviations]
