"""The request to Digipost to verify a set-up: one for each configuration that is to be verified, held for a person.

Asked for by the rows: a case in step 5 whose configuration has no request gets one, whatever was killed on the way.
What was asked about an earlier configuration and has not left is withdrawn.
"""

from datetime import datetime
from typing import Final

from agreements.case import Case, Step
from agreements.casenumber import CaseNumber
from agreements.language import Language
from onboarding.correspondence.digipost import VerificationAsked, write_verification_request
from onboarding.correspondence.letters import enqueue_letter
from onboarding.purposes import Purpose
from onboarding.rendering import private_fonts
from onboarding.setting_rules import SENDER_ID
from onboarding.steps.configuration import read_configuration, summary_of
from onboarding.store.cases import find_case
from onboarding.store.verification import StoredConfiguration, find_agreed_methods, find_configuration
from onboarding.workspace import Workspace
from outbox.messages import Connection, Message, list_messages, withdraw_all
from outbox.states import LEFT

NEWER_CONFIGURATION: Final = "newer_configuration"
"""Why a request was withdrawn. Text: `outbox_reasons.<code>`."""
_LANGUAGE: Final = Language.NB


def write_request(workspace: Workspace, number: CaseNumber) -> bool:
    """Write the request that a case in step 5 lacks; whether one was. May be repeated.

    Raises ConfigurationError if Digipost's address is not allowed.
    """
    with workspace.store.read() as connection:
        case = find_case(connection, number)
        if case is None or case.step is not Step.VERIFICATION or case.held:
            return False
        stored, agreed = find_configuration(connection, number), find_agreed_methods(connection, number)
        if stored is None or agreed is None or _requests(connection, number, stored):
            return False
    configuration = read_configuration(workspace, str(number))
    summary = summary_of(workspace, configuration)
    if summary.configuration_sha256 != stored.sha256:
        return False  # somebody is changing it at this moment
    private_fonts()
    from renderers.summary import SummaryFormat, render_summary

    sender_id = configuration.values.get(SENDER_ID)
    asked = VerificationAsked(
        methods=agreed.methods,
        agreed=True,
        configuration_sha256=stored.sha256,
        configuration_id=stored.id,
        sender_id=sender_id if isinstance(sender_id, int) else None,
        labels={m: workspace.settings.verification.label(m, _LANGUAGE) for m in agreed.methods},
    )
    pdf = render_summary(summary, _LANGUAGE, SummaryFormat.PDF)
    message, now = write_verification_request(workspace, case, asked, summary=pdf), workspace.clock()
    with workspace.store.begin() as connection:
        if find_configuration(connection, number) != stored or not _still(connection, case):
            return False
        withdraw_all(
            connection,
            case_number=str(number),
            purposes=(Purpose.VERIFICATION_REQUEST,),
            reason=NEWER_CONFIGURATION,
            now=now,
        )
        return enqueue_letter(connection, message, actor=workspace.system, now=now) is not None


def requested_at(connection: Connection, number: CaseNumber, stored: StoredConfiguration | None) -> datetime | None:
    """When the request for exactly this configuration left; None if it has not."""
    if stored is None:
        return None
    left = (one.sent_at for one in _requests(connection, number, stored) if one.state in LEFT)
    return min((at for at in left if at is not None), default=None)


def _requests(connection: Connection, number: CaseNumber, stored: StoredConfiguration) -> list[Message]:
    key = request_key(number, stored.id)
    return [one for one in list_messages(connection, case_number=str(number)) if one.idempotency_key == key]


def request_key(number: CaseNumber, configuration: int) -> str:
    """One request for each configuration of a case."""
    return f"{Purpose.VERIFICATION_REQUEST}:{number}:{configuration}"


def _still(connection: Connection, case: Case) -> bool:
    found = find_case(connection, case.number)
    return found is not None and found.step is Step.VERIFICATION
