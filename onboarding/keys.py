"""The installation's own secrets, read here, handed on, never logged or stored: the key for the marks on each page
(`keys.qr`), and the one that signs checkpoints of the record and clear signals (`keys.checkpoint`).

Each is made once, by `avtale init`. With another marking key, the codes on everything issued before can't be read any
more.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Final

from agreements.errors import ConfigurationError
from agreements.marking import KEY_BYTES
from onboarding.files import open_file

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

MAX_KEY_BYTES: Final = 4096
"""A key file larger than this is another file by mistake."""


def read_marking_key(path: Path) -> bytes:
    """The key for QR and control codes.

    Raises ConfigurationError: `doctor_key_unreadable`, or `doctor_key_bad` for a file too short or too long to be one.
    """
    key = _read(path)
    if not KEY_BYTES <= len(key) <= MAX_KEY_BYTES:
        raise ConfigurationError("doctor_key_bad", path=str(path))
    return key


def read_checkpoint_key(path: Path) -> "Ed25519PrivateKey":
    """The key that signs what must be proved later. Raises ConfigurationError as `read_marking_key`."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(_read(path), password=None)
    except (ValueError, TypeError) as error:
        raise ConfigurationError("doctor_key_bad", path=str(path)) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigurationError("doctor_key_bad", path=str(path))
    return key


def _read(path: Path) -> bytes:
    try:
        with open_file(path) as stream:
            return stream.read(MAX_KEY_BYTES + 1)
    except OSError as error:
        raise ConfigurationError("doctor_key_unreadable", path=str(path), reason=error.strerror or "") from error
