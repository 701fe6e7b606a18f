"""What a configuration is made of beside the signed agreement: values that were set later, and what has changed.

What the customer signed changes only by a new signed agreement. The vendor's and Digipost's values are set with a
reason; where one differs from the signed document that is a `Deviation`, and stands first wherever the configuration is
shown.
"""

from dataclasses import dataclass
from datetime import datetime

from agreements.canonical import JsonValue


@dataclass(frozen=True, kw_only=True)
class Setting:
    """A value that somebody set (`config set`). The last one of a field counts; the earlier ones are its history."""

    field_id: str
    value: JsonValue
    """None: what was set before is taken back."""
    by: str
    """The user's id."""
    at: datetime
    reason: str


@dataclass(frozen=True, kw_only=True)
class Deviation:
    """A value in force that the signed agreement does not have."""

    field_id: str
    signed: JsonValue
    setting: Setting


@dataclass(frozen=True, kw_only=True)
class Change:
    """One field that differs between two agreements; None where one of them has no value."""

    field_id: str
    before: JsonValue
    after: JsonValue


@dataclass(frozen=True, kw_only=True)
class Difference:
    """What an agreement changes in comparison with the one that was approved before it, for the same organisation."""

    agreement: str
    """The earlier one's number."""
    approved_at: datetime
    changes: tuple[Change, ...]
