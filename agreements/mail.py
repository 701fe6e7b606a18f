"""What the programs that send and that read our mail must agree on."""

from typing import Final

AGREEMENT_HEADER: Final = "X-Agreement-ID"
"""The header field that names the agreement a mail of ours carries; a copy that comes back is known by it."""
