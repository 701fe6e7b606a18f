"""Signing routes: how the customer signs, and what it is handed for it (facts/domain.md §5).

A case follows its vendor's setting (`vendors[].signing`) unless its own `signing` says otherwise.
"""

from typing import Final

from agreements.agreement import SigningRoute
from agreements.values import ValueFault

SIGNING: Final = "signing"
"""The name by which a case's route is set (`case set CASE signing=paper`) and imported (a column of the file)."""


def parse_route(typed: str) -> SigningRoute | None:
    """The route a person typed; None for nothing: as the vendor says. Raises ValueFault."""
    code = typed.strip()
    if not code:
        return None
    try:
        return SigningRoute(code)
    except ValueError:
        raise ValueFault("not_in_list", allowed=", ".join(SigningRoute)) from None
