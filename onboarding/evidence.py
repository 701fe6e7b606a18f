"""Step 8 of the pipeline: what comes in about mail that went out, in the transaction that decides the mail it came in.

    our own copy came back      an unknown one was sent
    somebody answered it        an unknown one was sent
    a mail system reported      delivered, or failed after all

Only what a mailbox received counts: a file that somebody drops in a folder proves nothing about mail.
"""

import hashlib
from email import message_from_bytes, policy

from agreements.errors import IntegrityError, NotFoundError
from intake.receipts import Receipt
from intake.unpacking import DeliveryReport, MailKind, MailReading
from onboarding.aftermath import record_moved
from onboarding.workspace import Workspace
from outbox.evidence import Evidence, record_copy_lost, record_copy_seen, record_report
from outbox.messages import Connection, Message, find_by_envelope_id, find_by_message_id, settle
from outbox.reports import Matched, MatchedBy, RecipientStatus, StatusNotification, find_reported, tells_trouble
from outbox.states import State


def record_evidence(workspace: Workspace, connection: Connection, receipt: Receipt, mail: MailReading) -> None:
    """Write down what a mail that a mailbox received says of mail of ours, with what follows. May be repeated."""
    if receipt.parent is not None or receipt.source not in {mailbox.id for mailbox in workspace.settings.mailboxes}:
        return
    now = workspace.clock()
    copied = find_copied(connection, mail)
    if copied is not None:
        moved = record_copy_seen(connection, copied.id, now=now)
        _follow_up(workspace, connection, copied, moved)
    for answered in find_answered(connection, mail):
        moved = settle(connection, answered.id, sent=True, now=now, evidence=Evidence.ANSWER)
        _follow_up(workspace, connection, answered, moved)
    matched = find_bounced(connection, mail)
    if matched is None:
        return
    if matched.copy_lost:
        known = matched.by is not MatchedBy.AGREEMENT
        moved = record_copy_lost(connection, matched.message.id, known=known, now=now)
        _follow_up(workspace, connection, matched.message, moved)
    if matched.report is not None:
        moved = record_report(connection, matched.message.id, matched.report, now=now)
        _follow_up(workspace, connection, matched.message, moved)


def find_copied(connection: Connection, mail: MailReading) -> Message | None:
    """The message that a mail with a header of ours is a copy of, also where a relay gave it another Message-ID.

    Altered or not: whoever has its mark has had the mail, so it left, and nothing else is concluded from a copy.
    """
    if not mail.mark and not mail.agreement:
        return None
    by_id = find_by_message_id(connection, mail.message_id) if mail.message_id else None
    return by_id or (find_by_envelope_id(connection, mail.mark) if mail.mark else None)


def find_answered(connection: Connection, mail: MailReading) -> tuple[Message, ...]:
    """The messages of unknown outcome that a mail answers: whoever writes their Message-ID has had them.

    Read from In-Reply-To alone, for a thread may name what never arrived; a mail system's mail is no answer.
    """
    if mail.kind in (MailKind.BOUNCE, MailKind.OWN_COPY):
        return ()
    found = (find_by_message_id(connection, each) for each in mail.in_reply_to)
    return tuple(message for message in found if message is not None and message.state is State.UNKNOWN)


def sent_documents(workspace: Workspace, message: Message) -> frozenset[str]:
    """The hashes of what a message carries; none where its bytes are damaged or gone."""
    try:
        mail = message_from_bytes(workspace.blobs.read(message.sha256), policy=policy.default)
    except (IntegrityError, NotFoundError):
        return frozenset()
    contents = (part.get_payload(decode=True) for part in mail.iter_attachments())
    return frozenset(hashlib.sha256(data).hexdigest() for data in contents if isinstance(data, bytes))


def find_bounced(connection: Connection, mail: MailReading) -> Matched | None:
    """The message that a mail system's report is about, or None."""
    return None if mail.report is None else find_reported(connection, _notification(mail.report))


def find_told_of(connection: Connection, mail: MailReading) -> Message | None:
    """The message that a mail is a copy of, or that a mail system writes about, or None."""
    matched = find_bounced(connection, mail)
    if matched is not None:
        return matched.message
    copied = find_copied(connection, mail)
    if copied is not None or mail.kind is not MailKind.BOUNCE:
        return copied
    answered = (find_by_message_id(connection, each) for each in (*mail.in_reply_to, *mail.references))
    return next((message for message in answered if message is not None), None)


def must_be_read(connection: Connection, mail: MailReading) -> bool:
    """Whether a mail system's mail is for a person: it may tell of trouble, and nobody knows with what.

    A report says so in fields; what a mail system writes as plain text can't be understood.
    """
    if mail.report is None:
        return True
    return find_bounced(connection, mail) is None and tells_trouble(_notification(mail.report))


def _notification(report: DeliveryReport) -> StatusNotification:
    recipients = tuple(
        RecipientStatus(
            original=one.original_recipient,
            final=one.final_recipient,
            action=one.action,
            status=one.status,
            diagnostic=one.diagnostic,
        )
        for one in report.recipients
    )
    return StatusNotification(
        envelope_id=report.envelope_id,
        message_id=report.message_id,
        mark=report.mark,
        agreement=report.agreement,
        recipients=recipients,
    )


def _follow_up(workspace: Workspace, connection: Connection, before: Message, after: Message | None) -> None:
    if after is not None:
        record_moved(connection, after, before=before.state, actor=workspace.system, now=workspace.clock())
