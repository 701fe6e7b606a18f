"""The names of the events, in one place: `noun.verb`, as they stand in the record for ever."""

from enum import StrEnum


class EventKind(StrEnum):
    """What can happen to a case, a return or a message. Texts for people: `events.<kind>`."""

    CASE_CREATED = "case.created"
    CASE_VALUES_SET = "case.values_set"
    CASE_SIGNER_DECLARED = "case.signer_declared"
    CASE_NOTE = "case.note"
    CASE_HELD = "case.held"
    CASE_RESUMED = "case.resumed"
    CASE_CANCELLED = "case.cancelled"
    AGREEMENT_ISSUED = "agreement.issued"
    AGREEMENT_SENT = "agreement.sent"
    AGREEMENT_VOIDED = "agreement.voided"
    AGREEMENT_APPROVED = "agreement.approved"
    AGREEMENT_FORWARDED = "agreement.forwarded"
    RETURN_RETRIED = "return.retried"
    RETURN_JUDGED = "return.judged"
    REVIEW_APPROVAL = "review.approval"
    REVIEW_REJECTED = "review.rejected"
    LETTER_QUEUED = "letter.queued"
    MESSAGE_RETRY = "message.retry"
    MESSAGE_BLOCKED = "message.blocked"
    MESSAGE_UNKNOWN = "message.unknown"
    MESSAGE_RELEASED = "message.released"
    MESSAGE_REQUEUED = "message.requeued"
    MESSAGE_SETTLED = "message.settled"
    MESSAGE_DELIVERED = "message.delivered"
    MESSAGE_FAILED_LATER = "message.failed_later"
    TEMPLATE_IMPORTED = "template.imported"
