"""Logs: one line for each event on stderr: time, level, a constant sentence, then the event's fields as `name=value`.

Fields are ids, codes and counts. Names, addresses, subjects and document bytes are never logged: libraries that would
quote what they read are kept silent here.
"""

import logging
import sys
from datetime import UTC, datetime

_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}
_TALKATIVE = (
    *("pyhanko", "pyhanko_certvalidator", "weasyprint", "fontTools", "pypdf", "pikepdf", "aiosmtpd", "mail.log"),
    *("watchdog", "imapclient", "msal", "google", "requests", "urllib3"),
)
"""Libraries whose log lines may quote documents or mail."""


class EventFormatter(logging.Formatter):
    """`2026-11-23T08:57:20Z WARNING outbox.sending: message not sent message_row=3 reason=busy`."""

    def format(self, record: logging.LogRecord) -> str:
        """One line; no traceback, whose frames may quote data."""
        moment = datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        fields = (f"{name}={value}" for name, value in record.__dict__.items() if name not in _STANDARD)
        return " ".join((moment, record.levelname, f"{record.name}:", record.getMessage(), *fields))


def set_up_logs(level: int) -> None:
    """Send events of this level and above to stderr. May be called again to change the level."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(EventFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in _TALKATIVE:
        # Not by their level: `renderers` listens to its library and refuses what it complains about.
        logging.getLogger(name).addHandler(logging.NullHandler())
        logging.getLogger(name).propagate = False
