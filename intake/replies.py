"""Whether a program may answer a mail now: loops of two programs that answer each other have filled mailboxes
(facts/mail-and-folders.md §5).
"""

from datetime import datetime, timedelta
from typing import Final

from intake.unpacking import BarToReply, MailReading

REPLY_PAUSE: Final = timedelta(days=1)
"""One automatic answer per sender and day, whatever the sender writes."""


def bar_to_answer(mail: MailReading, *, last_answer: datetime | None, now: datetime) -> BarToReply | None:
    """Why the mail may not be answered by a program, or None.

    `last_answer`: when the sender (`reply_key`) last got an automatic answer, None if never.
    """
    if mail.bar_to_reply is not None:
        return mail.bar_to_reply
    if last_answer is not None and now - last_answer < REPLY_PAUSE:
        return BarToReply.ANSWERED
    return None


def reply_key(sender: str) -> str:
    """The sender for counting answers: letter case and what stands behind a plus make no other person."""
    name, _at, domain = sender.casefold().rpartition("@")
    return f"{name.partition('+')[0]}@{domain}"
