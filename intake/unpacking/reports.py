"""What a mail system says about a mail of ours: delivery status notifications (RFC 3464)."""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Final

from agreements.mail import AGREEMENT_HEADER, OWN_HEADER
from intake.unpacking.headers import find_addresses, find_message_ids, read_headers
from intake.unpacking.limits import MAX_ADDRESS, MAX_DIAGNOSTIC, MAX_HEADER_BLOCK_BYTES, MAX_MESSAGE_ID, MAX_RECIPIENTS
from intake.unpacking.mime import MESSAGE_TYPES, Entity
from intake.unpacking.values import DeliveryReport, RecipientReport
from intake.unpacking.words import decode_raw, decode_text, one_line

STATUS_TYPES: Final = ("message/delivery-status", "message/global-delivery-status")
RETURNED_TYPES: Final = (*MESSAGE_TYPES, "text/rfc822-headers", "message/global-headers")
_GROUP_END: Final = re.compile(rb"\r?\n[ \t]*\r?\n")
_FIELD: Final = re.compile(rb"^([A-Za-z-]{1,60})[ \t]*:([^\n]*(?:\n[ \t]+[^\s][^\n]*)*)", re.MULTILINE)
_STATUS: Final = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
_ACTIONS: Final = frozenset({"failed", "delayed", "delivered", "relayed", "expanded"})


def is_delivery_report(entity: Entity) -> bool:
    """True for a mail that is built as a delivery status notification."""
    return entity.media_type == "multipart/report" and entity.parameter("report-type").lower() == "delivery-status"


def read_report(parts: Iterable[Entity]) -> DeliveryReport:
    """The report from the parts of a multipart/report; empty fields where it says nothing."""
    envelope_id, message_id, mark, agreement = "", "", "", ""
    recipients: list[RecipientReport] = []
    for part in parts:
        if part.media_type in STATUS_TYPES:
            groups = list(_groups(part.content()))
            envelope_id = envelope_id or one_line(groups[0].get("original-envelope-id", ""))[:MAX_MESSAGE_ID]
            recipients += (_recipient(group) for group in groups[1:])
        elif part.media_type in RETURNED_TYPES:
            headers = read_headers(part.content())
            message_id = message_id or next(iter(find_message_ids(headers.first("message-id"))), "")
            mark = mark or decode_text(headers.first(OWN_HEADER.lower()))[:MAX_MESSAGE_ID]
            agreement = agreement or decode_text(headers.first(AGREEMENT_HEADER.lower()))[:MAX_MESSAGE_ID]
    return DeliveryReport(
        envelope_id=envelope_id,
        message_id=message_id,
        mark=mark,
        agreement=agreement,
        recipients=tuple(recipients[:MAX_RECIPIENTS]),
    )


def _groups(data: bytes) -> Iterator[Mapping[str, str]]:
    """The fields about the message, then those of each recipient, by lower-case name (RFC 3464 2.1)."""
    groups = _GROUP_END.split(data[:MAX_HEADER_BLOCK_BYTES].strip(), maxsplit=MAX_RECIPIENTS + 1)
    for group in groups[: MAX_RECIPIENTS + 1]:
        fields = ((match[1].decode().lower(), decode_raw(match[2])) for match in islice(_FIELD.finditer(group), 50))
        yield dict(reversed(list(fields)))


def _recipient(group: Mapping[str, str]) -> RecipientReport:
    action = group.get("action", "").strip().lower().partition(" ")[0]
    status = _STATUS.search(group.get("status", ""))
    return RecipientReport(
        final_recipient=_address(group.get("final-recipient", "")),
        original_recipient=_address(group.get("original-recipient", "")),
        action=action if action in _ACTIONS else "",
        status=status[0] if status else "",
        diagnostic=one_line(group.get("diagnostic-code", ""))[:MAX_DIAGNOSTIC],
    )


def _address(field: str) -> str:
    """`rfc822; kari@example.org` (RFC 3464 2.3.2): the address after its type."""
    value = field.partition(";")[2] or field
    return next(iter(find_addresses(value.encode("utf-8", "replace"))), "")[:MAX_ADDRESS]
