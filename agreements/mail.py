"""What the programs that send and that read our mail must agree on."""

import hashlib
from typing import Final

AGREEMENT_HEADER: Final = "X-Agreement-ID"
"""The header field that names the agreement a mail of ours carries."""
OWN_HEADER: Final = "X-Avtalemottak-ID"
"""The header field of every mail of ours; its value is `mark_of` its Message-ID. A copy that comes back is known by it,
also where a relay has put a Message-ID of its own in place of ours."""


def mark_of(message_id: str) -> str:
    """What names a mail beside its Message-ID (with its angle brackets): in our own header, and as envelope id.

    32 hexadecimal digits: an ENVID is xtext of at most 100 characters (RFC 3461 4.4). Derived, so that one tells the
    other.
    """
    return hashlib.sha256(message_id.encode()).hexdigest()[:32]
