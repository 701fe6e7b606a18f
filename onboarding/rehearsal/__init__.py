"""Judging a document of our own, some times, before anything received is touched.

What the libraries make when they are first used (tables of algorithms, compiled expressions, fonts) every child of the
sandbox would make again, for each is forked afresh for one document: half of its time. Importing this module uses them
all, on a small agreement that comes with the program and is signed by keys that no longer exist. Nothing received has
any part in it, and no child leaves anything for the next.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from agreements.canonical import JsonValue
from agreements.signature_report import RevocationPolicy
from agreements.times import format_utc
from onboarding.inspection import DOCUMENT, ISSUED, Inspection, inspect
from signatures.trust import Trust

_FOLDER: Final = Path(__file__).parent
_SIGNED: Final = datetime(2026, 11, 1, 12, tzinfo=UTC)
"""What tools/make_rehearsal.py signed it at."""
_END: Final = b"%%EOF\n"
_TIMES: Final = 3
"""CPython (3.11 on) fits code to what it is called with only after some calls; more than three gain next to nothing."""


def rehearse() -> Inspection:
    """Inspect the agreement as if it came back an hour after it was signed."""
    signed = (_FOLDER / "signed.pdf").read_bytes()
    return _inspect(signed, signed[: signed.index(_END) + len(_END)])


def rehearse_rewritten() -> Inspection:
    """The same, as if a signing service had written it anew: its pages are compared."""
    signed = (_FOLDER / "signed.pdf").read_bytes()
    return _inspect(signed, signed[: signed.index(_END)] + 2 * _END)


def _inspect(signed: bytes, issued: bytes) -> Inspection:
    trust = Trust.from_der(
        [(_FOLDER / "anchor.der").read_bytes()], revocation=RevocationPolicy.REQUIRE, accept_demo=True
    )
    arguments: JsonValue = {"trust": trust.to_json(), "at": format_utc(_SIGNED + timedelta(hours=1))}
    return Inspection.model_validate(inspect({DOCUMENT: signed, ISSUED: issued}, arguments))


for _ in range(_TIMES):
    rehearse()
    rehearse_rewritten()
