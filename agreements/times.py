"""Times as they are stored and printed in JSON: ISO 8601, UTC, microseconds; one width, so text order is time order."""

from datetime import UTC, datetime


def format_utc(moment: datetime) -> str:
    """`2026-11-23T08:57:20.000000Z`. Raises ValueError for a time without zone."""
    if moment.tzinfo is None:
        raise ValueError("a time without zone")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse_utc(text: str) -> datetime:
    """The time that `format_utc` wrote, in UTC."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
