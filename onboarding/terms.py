"""The operator's own terms (`terms:`): PDF files that the agreement lists with name, date and hash, and carries.

We never invent Digipost's terms.
"""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from agreements.agreement import TermsFile
from agreements.errors import ConfigurationError
from onboarding.files import OddFileError, open_file
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

    Raises ConfigurationError: `terms_unreadable`, `terms_not_pdf`, `terms_encrypted`, or `terms_too_large` where no
    agreement that carries them could be signed in a service.
    """
    content = tuple(_read(configured.file) for configured in settings.terms)
    if (size := sum(map(len, content))) >= MAX_ISSUED_BYTES:
        raise ConfigurationError("terms_too_large", size=size, limit=MAX_ISSUED_BYTES)
    for configured, data in zip(settings.terms, content, strict=True):
        _require_readable(data, configured.file)
    files = tuple(
        TermsFile(name=configured.name, date=configured.date.isoformat(), sha256=sha256(data).hexdigest())
        for configured, data in zip(settings.terms, content, strict=True)
    )
    return Terms(files=files, content=content)


def _read(path: Path) -> bytes:
    """The file, or as much of it as shows that it is too large."""
    try:
        with open_file(path) as stream:
            data = stream.read(MAX_ISSUED_BYTES)
    except (OddFileError, OSError) as error:
        raise ConfigurationError("terms_unreadable", path=str(path)) from error
    if not data.startswith(_PDF):
        raise ConfigurationError("terms_not_pdf", path=str(path))
    return data


def _require_readable(data: bytes, path: Path) -> None:
    """Nobody can agree to terms that can't be opened: damaged ones, or ones that ask for a password."""
    from intake.reading.pages import EncryptedPdfError, PagesFault, UnreadablePdfError, read_pages

    try:
        read_pages(data)
    except UnreadablePdfError as error:
        if error.fault is PagesFault.BROKEN:
            raise ConfigurationError("terms_not_pdf", path=str(path)) from error
    except EncryptedPdfError as error:
        raise ConfigurationError("terms_encrypted", path=str(path)) from error
