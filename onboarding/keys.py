"""The installation's own secret for the marks on each page (`keys.qr`): read here, handed on, never logged or stored.

It is made once, by `avtale init`. With another key, the codes on everything issued before can't be read any more.
"""

from pathlib import Path

from agreements.errors import ConfigurationError
from agreements.marking import KEY_BYTES

_MAX_BYTES = 4096  # a file larger than this is another file by mistake


def read_marking_key(path: Path) -> bytes:
    """The key for QR and control codes.

    Raises ConfigurationError: `doctor_key_unreadable`, or `doctor_key_bad` for a file too short or too long to be one.
    """
    try:
        with path.open("rb") as stream:
            key = stream.read(_MAX_BYTES + 1)
    except OSError as error:
        raise ConfigurationError("doctor_key_unreadable", path=str(path), reason=error.strerror or "") from error
    if not KEY_BYTES <= len(key) <= _MAX_BYTES:
        raise ConfigurationError("doctor_key_bad", path=str(path))
    return key
