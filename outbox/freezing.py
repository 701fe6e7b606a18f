"""From a letter to the message that is queued: its bytes made and stored once, never made again."""

from dataclasses import replace
from typing import TYPE_CHECKING

from agreements.mail import OWN_HEADER, mark_of
from agreements.ports import Blobs
from outbox.compose import Letter, compose
from outbox.messages import NewMessage

if TYPE_CHECKING:  # cryptography is loaded where something is encrypted
    from cryptography.x509 import Certificate


def freeze(
    letter: Letter, blobs: Blobs, *, purpose: str, key: str, encrypt_to: "Certificate | None" = None
) -> NewMessage:
    """Store the letter's bytes, with our own mark in them; returns the row to enqueue, which the caller completes with
    what it is about.

    `key`: one per intent, as `NewMessage.idempotency_key`. `encrypt_to`: as `encrypt.read_certificate` gives it; then
    nothing but what is encrypted is stored. Raises UsageError for what can't stand in a message, and what storing
    raises.
    """
    headers = ((OWN_HEADER, mark_of(letter.message_id)), *letter.headers)
    data = compose(replace(letter, headers=headers))
    if encrypt_to is not None:
        from outbox.encrypt import encrypt

        data = encrypt(data, encrypt_to)
    return NewMessage(
        purpose=purpose,
        idempotency_key=key,
        message_id=letter.message_id,
        sender=letter.sender,
        recipient=letter.recipient,
        sha256=blobs.put(data),
        size=len(data),
    )
