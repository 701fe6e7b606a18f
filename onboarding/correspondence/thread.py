"""What has been written to an organisation about one version of its agreement."""

from agreements.casenumber import AgreementNumber
from onboarding.purposes import Purpose
from outbox.messages import Connection, Message, list_messages


def list_thread(connection: Connection, version: AgreementNumber) -> tuple[Message, ...]:
    """Every message about a version, the forward to Digipost among them, in the order they were enqueued."""
    every = list_messages(connection, case_number=str(version.case))
    return tuple(message for message in every if message.agreement == str(version))


def find_request(connection: Connection, version: AgreementNumber) -> Message | None:
    """The request to sign a version; None if it was never asked for here."""
    thread = list_thread(connection, version)
    return next((message for message in thread if message.purpose == Purpose.SIGNING), None)
