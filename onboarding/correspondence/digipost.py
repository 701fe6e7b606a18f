"""Letters to Digipost that a person sends: the weekly digest of unanswered forwards, the request to verify a set-up.

Digipost is never reminded of agreements one by one, and never by a program alone: both letters are held in the outbox
until somebody releases them (`avtale outbox release`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

from agreements.calendar import add_working_days, norwegian_day
from agreements.case import AgreementState, Case
from agreements.language import Language
from agreements.parties import Customer
from agreements.quiet_hours import next_allowed
from agreements.verification import Method
from onboarding.correspondence.thread import list_thread
from onboarding.correspondence.writing import Written, about, make_message
from onboarding.purposes import Purpose
from onboarding.redirection import subject_prefix
from onboarding.rendering import private_fonts
from onboarding.settings import VendorSettings
from onboarding.store.meta import list_meta, put_meta
from onboarding.store.overview import list_agreement_states
from onboarding.workspace import Workspace
from outbox.compose import Attachment
from outbox.holds import PERSON_SENDS, Hold
from outbox.messages import Connection, NewMessage, enqueue, list_messages, withdraw
from outbox.recipients import Resolved, resolve_recipient
from outbox.states import LEFT, State

_LANGUAGE: Final = Language.NB
"""Digipost's sales desk reads Norwegian, whatever language the agreements are in."""
_WEEK: Final = "digest:"
"""In `meta`: the last week in which a vendor's unanswered forwards were looked for."""
NEWER_DIGEST: Final = "newer_digest"
"""Why a digest was withdrawn: a week later nobody had released it."""
_HOLDS: Final = (Hold(kind=PERSON_SENDS),)


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """A forward without an answer."""

    case: Case
    forwarded_at: datetime


def write_digests(workspace: Workspace) -> None:
    """Once a week, on its first working morning: each vendor's unanswered forwards as one held letter.

    The letter of a week before that nobody released is withdrawn. May be repeated: a week is looked at once.
    """
    now = workspace.clock()
    if next_allowed(now, workspace.settings.reminders.quiet_hours, working_days=True) != now:
        return
    for vendor in workspace.settings.vendors:
        _write_digest(workspace, vendor, now)


def find_unanswered(connection: Connection, vendor: VendorSettings, *, days: int, today: date) -> Iterator[Waiting]:
    """A vendor's forwards that left at least `days` working days ago and have no answer, oldest case first."""
    for case in list_agreement_states(connection, AgreementState.FORWARDED):
        if case.vendor_id != vendor.id:
            continue
        left = _forwarded_at(connection, case)
        if left is not None and add_working_days(norwegian_day(left), days) <= today:
            yield Waiting(case=case, forwarded_at=left)


def write_verification_request(
    workspace: Workspace, case: Case, asked: "VerificationAsked", *, summary: bytes
) -> NewMessage:
    """The request to verify a case's configuration, held until a person sends it; its bytes are stored.

    `summary`: the configuration summary as PDF, which goes along. Raises ConfigurationError if the recipient is not
    allowed, ValueError for a hash that is none.
    """
    private_fonts()
    from renderers.letters import VerificationRequest, render_verification_request

    resolved = digipost_address(workspace)
    letter = VerificationRequest(
        about=about(workspace, case, resolved, _LANGUAGE),
        agreement_number=None if case.in_force is None else str(case.in_force),
        sender_id=asked.sender_id,
        methods=asked.methods,
        labels=asked.labels,
        agreed=asked.agreed,
        configuration_sha256=asked.configuration_sha256,
    )
    subject, body = render_verification_request(letter, _LANGUAGE)
    name = f"Konfigurasjonsoversikt-{case.number}.pdf"
    written = Written(
        purpose=Purpose.VERIFICATION_REQUEST,
        key=f"{Purpose.VERIFICATION_REQUEST}:{case.number}:{asked.configuration_id}",
        vendor=workspace.vendor(case.vendor_id),
        case=case.number,
        agreement=case.in_force,
        resolved=resolved,
        subject=subject,
        body=body,
        attachments=(Attachment(name=name, media_type="application/pdf", data=summary),),
        holds=_HOLDS,
    )
    return make_message(workspace, written, now=workspace.clock())


@dataclass(frozen=True, kw_only=True)
class VerificationAsked:
    """What Digipost is asked to verify (step 5)."""

    methods: tuple[Method, ...]
    agreed: bool
    """Digipost has agreed on the methods already."""
    configuration_sha256: str
    configuration_id: int
    """Its number in the store: there is one request for each."""
    sender_id: int | None = None
    labels: Mapping[Method, str] = field(default_factory=dict)
    """The installation's own words for methods, where it has any."""


# --- the digest -------------------------------------------------------------------------------------------------------


def _write_digest(workspace: Workspace, vendor: VendorSettings, now: datetime) -> None:
    today, days = norwegian_day(now), workspace.settings.deadlines.acknowledgement
    year, week, _ = today.isocalendar()
    this_week, mark = f"{year}-W{week:02}", _WEEK + vendor.id
    with workspace.store.read() as connection:
        if list_meta(connection, mark).get(mark) == this_week:
            return
        waiting = tuple(find_unanswered(connection, vendor, days=days, today=today))
    key = f"{Purpose.DIGIPOST_DIGEST}:{vendor.id}:{this_week}"
    message = _digest(workspace, vendor, waiting, key=key, week=week) if waiting else None
    with workspace.store.begin() as connection:
        if list_meta(connection, mark).get(mark) == this_week:
            return
        put_meta(connection, mark, this_week)
        _withdraw_earlier(connection, vendor, now)
        if message is not None:
            enqueue(connection, message, now=now)


def _digest(
    workspace: Workspace, vendor: VendorSettings, waiting: tuple[Waiting, ...], *, key: str, week: int
) -> NewMessage:
    private_fonts()
    from renderers.letters import DigestLetter, Unanswered, render_digest

    resolved = digipost_address(workspace)
    forwards = tuple(
        Unanswered(
            agreement_number=str(one.case.in_force),
            customer=Customer(org_number=one.case.org_number, name=one.case.customer_name),
            forwarded_on=norwegian_day(one.forwarded_at),
        )
        for one in waiting
    )
    prefix = subject_prefix(workspace.settings, resolved, _LANGUAGE)
    letter = DigestLetter(vendor=vendor.party(), forwards=forwards, week=week, subject_prefix=prefix)
    subject, body = render_digest(letter, _LANGUAGE)
    written = Written(
        purpose=Purpose.DIGIPOST_DIGEST,
        key=key,
        vendor=vendor,
        case=None,
        resolved=resolved,
        subject=subject,
        body=body,
        holds=_HOLDS,
    )
    return make_message(workspace, written, now=workspace.clock())


def _withdraw_earlier(connection: Connection, vendor: VendorSettings, now: datetime) -> None:
    of_vendor = f"{Purpose.DIGIPOST_DIGEST}:{vendor.id}:"
    for message in list_messages(connection, State.HELD):
        if message.idempotency_key.startswith(of_vendor):
            withdraw(connection, message.id, reason=NEWER_DIGEST, now=now)


def _forwarded_at(connection: Connection, case: Case) -> datetime | None:
    thread = () if case.in_force is None else list_thread(connection, case.in_force)
    left = (message.sent_at for message in thread if message.purpose == Purpose.FORWARD and message.state in LEFT)
    return next((at for at in left if at is not None), None)


def digipost_address(workspace: Workspace) -> Resolved:
    """Where letters to Digipost go. Raises ConfigurationError if that recipient is not allowed."""
    settings = workspace.settings
    return resolve_recipient(
        settings.forward.to, settings.forward.allow, settings.environment, settings.forward.test_to
    )
