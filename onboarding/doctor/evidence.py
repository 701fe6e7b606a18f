"""Checks of how it is known what left: the copy's mailbox, the folder of sent mail, and who reads what comes back."""

from collections.abc import Iterator
from datetime import datetime

from agreements.errors import ConfigurationError
from onboarding.doctor.outcome import Check, fault, fault_of, fine, warning
from onboarding.settings import Settings


def check_evidence(settings: Settings, _now: datetime) -> Iterator[Check]:
    """There is a place to look for what may have left, and bounces are read. Mailboxes have a check of their own."""
    sent = [mailbox for mailbox in settings.mailboxes if mailbox.sent_folder is not None]
    if settings.smtp.copy_to is not None:
        yield fine("evidence", "evidence_copy", address=settings.smtp.copy_to)
    elif not sent and settings.forward.when_unknown == "ask":
        yield fine("evidence", "evidence_none")
    elif not sent:
        yield warning("evidence", f"doctor_evidence_{settings.forward.when_unknown}_blind")
    if sent:
        yield from _sent_folders(settings)
    yield _reports(settings)


def _sent_folders(settings: Settings) -> Iterator[Check]:
    """Each is there, and can be looked into."""
    from intake.sources.mailbox import search_mail
    from onboarding.looking import sent_places

    try:
        places = sent_places(settings)
    except ConfigurationError as error:
        yield fault_of("evidence", error)
        return
    for place in places:
        problem = search_mail(place.account, [], moved=False).problem
        if problem is None:
            yield fine("evidence", "evidence_sent_folder", place=place.name)
        else:
            yield fault("evidence", "doctor_evidence_sent_folder", place=place.name, problem=problem.value)


def _reports(settings: Settings) -> Check:
    """Mail systems report to the sender's address."""
    address = settings.smtp.from_
    if settings.mailboxes_for(address):
        return fine("evidence", "evidence_reports", address=address)
    if settings.mailboxes:
        return warning("evidence", "doctor_evidence_reports_unread", address=address)
    return fine("evidence", "evidence_no_reports", address=address)
