"""What each message is for, in one place: the codes of `messages.purpose`, as they stand in the outbox for ever."""

from enum import StrEnum
from typing import Final


class Purpose(StrEnum):
    """What a message is for. Words for people: `states.purpose.<purpose>`."""

    FORWARD = "forward"
    """An approved agreement, to Digipost."""
    SIGNING = "signing"
    """The request to sign, with the agreement."""
    REMINDER = "reminder"
    RECEIPT = "receipt"
    """An answer to whoever mailed a document: it has come."""
    REJECTION = "rejection"
    """A person turned a return down: why, and what to do."""
    NEXT_STEP = "next_step"
    """The agreement is with Digipost, and this is how it goes on."""
    SETUP_REMINDER = "setup_reminder"
    """The organisation alone has something left to do in the set-up."""
    VERIFICATION_REQUEST = "verification_request"
    TERMINATION = "termination"
    """To Digipost: an organisation stops, and the right to send on its behalf is to be withdrawn."""
    QUESTION = "question"
    """To Digipost: a person asks about a case, or asks Digipost to take part."""
    DEVIATION = "deviation"
    """To Digipost: the configuration in force is not, or again, as the signed agreement says."""
    DIGIPOST_DIGEST = "digipost_digest"
    """Once a week: the forwards that Digipost has not answered."""
    OVERDUE = "overdue"
    """To the vendor: its cases that are late."""
    ALARM = "alarm"
    CHECKPOINT = "checkpoint"
    """To whoever gets the alarms: the day's head of the record."""


ASKS_TO_SIGN: Final = (Purpose.SIGNING, Purpose.REMINDER)
"""Not wanted any more once the return has come."""
TO_ORGANISATIONS: Final = (*ASKS_TO_SIGN, Purpose.REJECTION, Purpose.NEXT_STEP, Purpose.SETUP_REMINDER)
"""What we begin: it keeps quiet hours. A receipt answers a mail of a moment ago, and goes at once."""
