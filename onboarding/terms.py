"""The operator's own terms (`terms:`): PDF files that the agreement lists with name, date and hash, and carries.

We never invent Digipost's terms.
"""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from agreements.agreement import TermsFile
from agreements.errors import ConfigurationError
from onboarding.settings import Settings

MAX_ISSUED_BYTES: Final = 10_485_760  # 10 MiB: what signing services take (facts/product.md 4.3, Posten signering)
_PDF: Final = b"%PDF-"


@dataclass(frozen=True, kw_only=True)
class Terms:
    """The terms as they were when they were read: hash and bytes are of the same reading."""

    files: tuple[TermsFile, ...] = ()
    content: tuple[bytes, ...] = ()
    """In the order of `files`."""


def read_terms(settings: Settings) -> Terms:
    """The configured terms files.

    Raises ConfigurationError: `terms_unreadable`, `terms_not_pdf`, or `terms_too_large` where no agreement that carries
    them could be signed in a service.
    """
    content = tuple(_read(configured.file) for configured in settings.terms)
    if (size := sum(map(len, content))) >= MAX_ISSUED_BYTES:
        raise ConfigurationError("terms_too_large", size=size, limit=MAX_ISSUED_BYTES)
    files = tuple(
        TermsFile(name=configured.name, date=configured.date.isoformat(), sha256=sha256(data).hexdigest())
        for configured, data in zip(settings.terms, content, strict=True)
    )
    return Terms(files=files, content=content)


def _read(path: Path) -> bytes:
    """The file, or as much of it as shows that it is too large."""
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_ISSUED_BYTES)
    except OSError as error:
        raise ConfigurationError("terms_unreadable", path=str(path)) from error
    if not data.startswith(_PDF):
        raise ConfigurationError("terms_not_pdf", path=str(path))
    return data
