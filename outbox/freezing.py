"""From a letter to the message that is queued: its bytes made and stored once, never made again."""

from dataclasses import replace

from agreements.mail import OWN_HEADER, mark_of
from agreements.ports import Blobs
from outbox.compose import Letter, compose
from outbox.messages import NewMessage


def freeze(letter: Letter, blobs: Blobs, *, purpose: str, key: str) -> NewMessage:
    """Store the letter's bytes, with our own mark in them; returns the row to enqueue, which the caller completes with
    what it is about.

    `key`: one per intent, as `NewMessage.idempotency_key`. Raises UsageError for what can't stand in a message, and
    what storing raises.
    """
    headers = ((OWN_HEADER, mark_of(letter.message_id)), *letter.headers)
    data = compose(replace(letter, headers=headers))
    return NewMessage(
        purpose=purpose,
        idempotency_key=key,
        message_id=letter.message_id,
        sender=letter.sender,
        recipient=letter.recipient,
        sha256=blobs.put(data),
        size=len(data),
    )
