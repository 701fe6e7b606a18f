"""From a letter to the message that is queued: its bytes made and stored once, never made again."""

from agreements.ports import Blobs
from outbox.compose import Letter, compose
from outbox.messages import NewMessage


def freeze(letter: Letter, blobs: Blobs, *, purpose: str, key: str) -> NewMessage:
    """Store the letter's bytes; returns the row to enqueue, which the caller completes with what it is about.

    `key`: one per intent, as `NewMessage.idempotency_key`. Raises UsageError for what can't stand in a message, and
    what storing raises.
    """
    data = compose(letter)
    return NewMessage(
        purpose=purpose,
        idempotency_key=key,
        message_id=letter.message_id,
        sender=letter.sender,
        recipient=letter.recipient,
        sha256=blobs.put(data),
        size=len(data),
    )
