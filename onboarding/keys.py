"""The installation's own secret for the marks on each page (`keys.qr`): read here, handed on, never logged or stored.

It is made once, by `avtale init`. With another key, the codes on everything issued before can't be read any more.
"""

from pathlib import Path
from typing import Final

from agreements.errors import ConfigurationError
from agreements.marking import KEY_BYTES
from onboarding.files import open_file

MAX_KEY_BYTES: Final = 4096
"""A key file larger than this is another file by mistake."""


def read_marking_key(path: Path) -> bytes:
    """The key for QR and control codes.

    Raises ConfigurationError: `doctor_key_unreadable`, or `doctor_key_bad` for a file too short or too long to be one.
    """
    try:
        with open_file(path) as stream:
            key = stream.read(MAX_KEY_BYTES + 1)
    except OSError as error:
        raise ConfigurationError("doctor_key_unreadable", path=str(path), reason=error.strerror or "") from error
    if not KEY_BYTES <= len(key) <= MAX_KEY_BYTES:
        raise ConfigurationError("doctor_key_bad", path=str(path))
    return key
