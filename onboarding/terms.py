"""The operator's own terms (`terms:`): PDF files that the agreement lists with name, date and hash, and carries.

We never invent Digipost's terms. What somebody agrees to does nothing by itself, and looks the same to everybody: each
file is held to the rules of a form (`renderers.forms.inspection`), in a sandbox of its own, for it came from outside.
That takes a third of a second for all of them, and only where there are any.
"""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryFile
from typing import Final

from agreements.agreement import TermsFile
from agreements.canonical import JsonValue
from agreements.errors import ConfigurationError
from onboarding.files import OddFileError, open_file
from onboarding.sandbox import Limit, Sandbox, SandboxResult
from onboarding.settings import Settings

MAX_ISSUED_BYTES: Final = 10_485_760  # 10 MiB: what signing services take (facts/product.md 4.3, Posten signering)
_PDF: Final = b"%PDF-"
_TERMS: Final = "terms"


@dataclass(frozen=True, kw_only=True)
class Terms:
    """The terms as they were when they were read: hash and bytes are of the same reading."""

    files: tuple[TermsFile, ...] = ()
    content: tuple[bytes, ...] = ()
    """In the order of `files`."""


def read_terms(settings: Settings) -> Terms:
    """The configured terms files.

    Raises ConfigurationError: `terms_unreadable`, `terms_not_pdf`, `terms_encrypted`, `terms_refused` with everything
    that a file may not hold, `terms_over_limit`, or `terms_too_large` where no agreement that carries them could be
    signed in a service.
    """
    content = tuple(_read(configured.file) for configured in settings.terms)
    if (size := sum(map(len, content))) >= MAX_ISSUED_BYTES:
        raise ConfigurationError("terms_too_large", size=size, limit=MAX_ISSUED_BYTES)
    _require_fit([configured.file for configured in settings.terms], content)
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


def look(files: Mapping[str, bytes], arguments: JsonValue) -> JsonValue:
    """Runs in the child: that the file can be opened and read, and what is wrong with it."""
    from intake.reading.pages import EncryptedPdfError, PagesFault, UnreadablePdfError, read_pages
    from renderers.forms.examining import examine_terms

    try:
        read_pages(files[_TERMS])
    except UnreadablePdfError as error:
        if error.fault is PagesFault.BROKEN:
            return "terms_not_pdf"
    except EncryptedPdfError:
        return "terms_encrypted"
    return [[fault.code.replace("form_", "terms_", 1), dict(fault.params)] for fault in examine_terms(files[_TERMS])]


def _require_fit(paths: Sequence[Path], content: Sequence[bytes]) -> None:
    """Nobody can agree to terms that can't be opened, or that show one thing today and another tomorrow."""
    if not paths:
        return
    with Sandbox(preload=(__name__,)) as sandbox, ExitStack() as stack:
        for path, data in zip(paths, content, strict=True):
            file = stack.enter_context(TemporaryFile())  # the very bytes that are attached; the path's may change
            file.write(data)
            file.flush()
            _require(path, sandbox.run(f"{__name__}:look", files={_TERMS: file.fileno()}))


def _require(path: Path, result: SandboxResult) -> None:
    if result.limit not in {None, Limit.CRASH}:
        raise ConfigurationError("terms_over_limit", path=str(path))
    if not result.ok or isinstance(result.value, str):
        raise ConfigurationError(str(result.value or "terms_not_pdf"), path=str(path))
    assert isinstance(result.value, list)
    faults = tuple(_fault(entry) for entry in result.value)
    if faults:
        raise ConfigurationError("terms_refused", path=str(path), count=len(faults), faults=faults)


def _fault(entry: JsonValue) -> ConfigurationError:
    assert isinstance(entry, list)
    code, params = entry
    assert isinstance(params, dict)
    return ConfigurationError(str(code), **params)
