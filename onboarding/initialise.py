"""`avtale init`: a folder in which everything is in place for a first case.

All or nothing: what could not be finished is taken away again, and nothing that was there before is touched. The
configuration that is written is `config.example.yaml` with the caller as its user.
"""

import json
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Final

from agreements.characters import find_unfit
from agreements.errors import ConfigurationError
from agreements.marking import KEY_BYTES
from onboarding.files import make_folder
from onboarding.settings import Settings, load_settings

CONFIG_NAME: Final = "config.yaml"
EXAMPLE_NAME: Final = "eksempel-kunder.csv"
FIRST_SENDING: Final = timedelta(days=60)
"""How long after `init` the example customers want to start."""
_FOLDERS: Final = (
    "data",
    "data/keys",
    "inn",
    "trust",
    "trust/anchors",
    "trust/tsa",
    "trust/lists",
    "trust/profiles",
    "terms",
)


@dataclass(frozen=True, kw_only=True)
class InitResult:
    """What was made. Paths are absolute."""

    folder: Path
    config: Path
    example: Path | None
    """A file for `avtale import`, with three customers that do not exist; None where a configuration was there."""
    user_id: str
    """The first user of the configuration, as `--by` takes it; the caller in a new one."""


def initialise(folder: Path, *, os_user: str, user_name: str, now: datetime) -> InitResult:
    """Make configuration, keys, folders and database in `folder`, which need not exist.

    Where a configuration was put first (for `environment: test|production`), only what it lacks is made, and an older
    database is brought up to this version.
    `os_user` is who may act as the configuration's user; `user_name` the person's name, the OS user's where it is none.
    Raises ConfigurationError: `init_exists` (nothing is left to make), `init_lost_database`, `init_failed`, or the
    settings' and the store's.
    """
    folder = folder.absolute()
    if (folder / CONFIG_NAME).is_file():
        return _complete(folder)
    _refuse_existing(folder)
    with _taken_away_on_error(folder):
        settings = _make(folder, render_configuration(os_user=os_user, user_name=user_name), now)
        _make_database(settings)
    return InitResult(
        folder=folder,
        config=folder / CONFIG_NAME,
        example=folder / EXAMPLE_NAME,
        user_id=settings.users[0].id,
    )


def _complete(folder: Path) -> InitResult:
    """Make what a configuration lacks.

    A database that vanished from beside its originals is not made anew in silence.
    """
    from onboarding.store import is_current

    settings = load_settings(folder / CONFIG_NAME)
    lacking, folders = _lacking_keys(settings), _lacking_folders(settings, folder)
    if not lacking and not folders and is_current(settings.database):
        raise ConfigurationError("init_exists", path=str(folder / CONFIG_NAME))
    database = settings.database_file
    originals = settings.data_dir / "originals"
    if database is not None and not database.exists() and originals.is_dir():
        raise ConfigurationError("init_lost_database", path=str(database), originals=str(originals))
    try:
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        for place in folders:
            make_folder(place)
        for path, content in lacking.items():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _write(path, content)
    except OSError as error:
        raise ConfigurationError("init_failed", path=str(folder), reason=error.strerror or "") from error
    _make_database(settings)
    return InitResult(folder=folder, config=folder / CONFIG_NAME, example=None, user_id=settings.users[0].id)


def _lacking_keys(settings: Settings) -> dict[Path, bytes]:
    made = {settings.keys.qr: secrets.token_bytes(KEY_BYTES), settings.keys.checkpoint: _new_checkpoint_key()}
    return {path: content for path, content in made.items() if not path.exists()}


def _lacking_folders(settings: Settings, folder: Path) -> tuple[Path, ...]:
    """Watched folders and those of trust that are named inside `folder`. One elsewhere is a disk that is not mounted,
    as far as we know.
    """
    watched = [place.path for vendor in settings.vendors for place in vendor.folders]
    trusted = [path for path in (settings.trust.anchors, settings.trust.timestamp_anchors) if path and not path.suffix]
    return tuple(
        path
        for path in (*watched, *trusted)
        if not os.path.lexists(path) and path.resolve().is_relative_to(folder.resolve())
    )


def render_configuration(*, os_user: str, user_name: str) -> str:
    """The starting configuration's text, with the caller as its user."""
    name = user_name if user_name.strip() and find_unfit(user_name) is None else os_user
    return _starter("config.yaml").substitute(
        user_id=_user_id(os_user), user_name=_quoted(name), os_user=_quoted(os_user)
    )


def _refuse_existing(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise ConfigurationError("init_exists", path=str(folder))
    for name in _top_names():
        if os.path.lexists(folder / name):
            raise ConfigurationError("init_exists", path=str(folder / name))


def _top_names() -> tuple[str, ...]:
    return (CONFIG_NAME, EXAMPLE_NAME, *(name for name in _FOLDERS if "/" not in name))


@contextmanager
def _taken_away_on_error(folder: Path) -> Iterator[None]:
    """Only names that were free before are removed."""
    was_there = folder.exists()
    try:
        yield
    except BaseException as error:
        if folder.is_dir():
            for name in _top_names():
                path = folder / name
                shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        if not was_there and folder.is_dir():
            folder.rmdir()
        if isinstance(error, OSError):
            raise ConfigurationError("init_failed", path=str(folder), reason=error.strerror or "") from error
        raise


def _make(folder: Path, configuration: str, now: datetime) -> Settings:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in _FOLDERS:
        (folder / name).mkdir(mode=0o700)
    _write(folder / "data/keys/qr", secrets.token_bytes(KEY_BYTES))
    _write(folder / "data/keys/checkpoint.pem", _new_checkpoint_key())
    _write(folder / "terms/LES-MEG.md", _starter("terms.md").template.encode())
    _write(folder / "trust/anchors/LES-MEG.md", _starter("anchors.md").template.encode())
    for name in example_profiles():
        _write(folder / "trust/profiles" / name, _starter(f"profiles/{name}").template.encode())
    first_sending = (now + FIRST_SENDING).date().isoformat()
    example = _starter(EXAMPLE_NAME).substitute(first_send_date=first_sending)
    _write(folder / EXAMPLE_NAME, example.replace("\n", "\r\n").encode("utf-8-sig"))  # as spreadsheets expect it
    _write(folder / CONFIG_NAME, configuration.encode())
    return load_settings(folder / CONFIG_NAME)


def _make_database(settings: Settings) -> None:
    from onboarding.store import create_store

    create_store(settings.database, environment=settings.environment).close()


def _new_checkpoint_key() -> bytes:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    # Not encrypted: the program signs without a person there; the file's mode protects it.
    return Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _write(path: Path, content: bytes) -> None:
    """Write a new file that only its owner may read."""
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)


def _starter(name: str) -> Template:
    return Template(files("onboarding").joinpath("starter", name).read_text(encoding="utf-8"))


def example_profiles() -> tuple[str, ...]:
    """The file names of the seal profiles that come along, all unconfirmed."""
    return tuple(sorted(one.name for one in files("onboarding").joinpath("starter", "profiles").iterdir()))


def _user_id(os_user: str) -> str:
    plain = re.sub(r"[^a-z0-9_-]+", "-", os_user.lower()).strip("-_")[:40]
    return plain or "user"


def _quoted(text: str) -> str:
    """JSON's text is YAML's double-quoted text."""
    return json.dumps(text, ensure_ascii=False)
