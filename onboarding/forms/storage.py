"""Where imported forms lie: `templates/<name>/<0001 …>/` under the data folder, one folder for each import.

Each holds the PDF as it was given (`original.pdf`), its pages alone (`base.pdf`), the map as it was given (`map.yaml`)
and the record (`form.json`): who, when, the hash of each, and every place resolved. A folder appears whole or not at
all, and is never changed: a new import under the same name is a new version, and the latest one is in force.
"""

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from agreements.errors import ConfigurationError, IntegrityError, TemporaryError
from onboarding.files import make_folder, write_file
from renderers.forms.model import Form, FormLayout

ORIGINAL, BASE, MAP, PROOF, RECORD = "original.pdf", "base.pdf", "map.yaml", "proof.pdf", "form.json"
_VERSION: Final = re.compile(r"[0-9]{4}")
_UNFINISHED: Final = ".new-"


class FormRecord(BaseModel):
    """One imported version of a form."""

    model_config = ConfigDict(frozen=True)

    name: str
    version: int
    """From 1."""
    imported_at: datetime
    imported_by: str
    os_user: str
    hashes: Mapping[str, str]
    """SHA-256 of each file beside this one, by its name."""
    fonts_missing: tuple[str, ...]
    links: int
    layout: FormLayout


@contextmanager
def unfinished_folder(data_dir: Path) -> Iterator[Path]:
    """A folder to put a new version together in; it is gone afterwards, unless it was published."""
    root = _root(data_dir)
    make_folder(root)
    folder = Path(mkdtemp(prefix=_UNFINISHED, dir=root))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def publish(folder: Path, data_dir: Path, record: FormRecord) -> Path:
    """Write the record beside the files in an unfinished folder, and put it in its place, durably.

    Raises TemporaryError `form_import_busy` if somebody else imported the same version meanwhile.
    """
    write_file(folder / RECORD, record.model_dump_json(indent=1).encode())
    for path in (*folder.iterdir(), folder):
        _sync(path)
    target = _folder(data_dir, record.name, record.version)
    make_folder(target.parent)
    try:
        folder.rename(target)
    except OSError as error:
        if target.exists():
            raise TemporaryError("form_import_busy", form=record.name) from error
        raise ConfigurationError("cannot_write", path=str(target), reason=error.strerror or "") from error
    for path in (target.parent, target.parent.parent):
        _sync(path)
    return target


def list_forms(data_dir: Path) -> tuple[FormRecord, ...]:
    """The version in force of every imported form, by name. Raises IntegrityError `form_corrupt`."""
    root = _root(data_dir)
    folders = sorted(root.iterdir()) if root.is_dir() else []
    found = (find_record(data_dir, folder.name) for folder in folders if not folder.name.startswith("."))
    return tuple(record for record in found if record is not None)


def find_record(data_dir: Path, name: str) -> FormRecord | None:
    """The version in force under a name; None if there is none. Raises IntegrityError `form_corrupt`."""
    folder = _root(data_dir) / name
    versions = (
        sorted(path.name for path in folder.iterdir() if _VERSION.fullmatch(path.name)) if folder.is_dir() else []
    )
    if not versions:
        return None
    path = folder / versions[-1] / RECORD
    try:
        return FormRecord.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise IntegrityError("form_corrupt", path=str(path)) from error


def read_form(data_dir: Path, name: str) -> Form:
    """The form in force, ready to be filled; its pages are held to their hash.

    Raises ConfigurationError `form_not_found`, IntegrityError `form_corrupt`.
    """
    record = find_record(data_dir, name)
    if record is None:
        raise ConfigurationError("form_not_found", form=name)
    path = _folder(data_dir, name, record.version) / BASE
    try:
        base = path.read_bytes()
    except OSError as error:
        raise IntegrityError("form_corrupt", path=str(path)) from error
    if record.hashes.get(BASE) != sha256(base).hexdigest():
        raise IntegrityError("form_corrupt", path=str(path))
    return Form(name=name, base=base, layout=record.layout)


def version_folder(data_dir: Path, record: FormRecord) -> Path:
    """Where the version's files lie."""
    return _folder(data_dir, record.name, record.version)


def proof_file(data_dir: Path, record: FormRecord) -> Path:
    """Where the version's proof lies."""
    return _folder(data_dir, record.name, record.version) / PROOF


def _root(data_dir: Path) -> Path:
    return data_dir / "templates"


def _folder(data_dir: Path, name: str, version: int) -> Path:
    return _root(data_dir) / name / f"{version:04d}"


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
