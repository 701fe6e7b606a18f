"""The folder of trusted lists (`trust.lists`): how a list gets into it, and how it is read from there.

Each list lies there as it came, `NO.xml`, with `NO.json` beside it: what it says, as values. The values are bound to
the list's SHA-256, to our rules and to this installation's secret (HMAC). Where that does not fit (another program
wrote them, another version, another list) they are not believed: the list is read and its signature verified once
more, in the sandbox. See ADR 0032.
"""

import hashlib
import hmac
import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from agreements.canonical import canonical_json
from agreements.errors import ConfigurationError
from onboarding.files import make_folder, open_file, write_durably
from onboarding.keys import read_marking_key
from onboarding.settings import Settings
from signatures.listed import ListKind, TrustedList

RULES: Final = 1
"""Raised whenever `signatures.lists` reads something else out of the same list."""
MAX_BYTES: Final = 16 * 2**20  # as `signatures.lists.MAX_LIST_BYTES`
MAX_COMPACT_BYTES: Final = 4 * 2**20  # ours; a large country's has 200 kB
LOTL: Final = "EU"
SIGNERS: Final = "signers"
"""The folder in it for the certificates that may sign the list of the lists, beside those that came with pyHanko."""
_PURPOSE: Final = b"avtalemottak trusted list\0"
_CERTIFICATES: Final = frozenset({".pem", ".crt", ".cer", ".der"})

Reader = Callable[[Path], TrustedList]
"""Reads and verifies one list in the sandbox. Raises ConfigurationError."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """A list that was checked, and where it came from."""

    path: Path
    data: bytes
    list: TrustedList


def read_anew(path: Path) -> TrustedList:
    """Verify and read one list in a sandbox of its own. Raises ConfigurationError: `list_…`."""
    from onboarding.sandbox import Sandbox

    with Sandbox(preload=("signatures.lists",)) as sandbox, open_file(path) as stream:
        result = sandbox.run("signatures.lists:read_in_sandbox", files={"list": stream.fileno()})
    value = result.value if result.ok and isinstance(result.value, dict) else {"fault": "unreadable"}
    if "list" in value:
        return TrustedList.model_validate(value["list"])
    codes = {"signature": "list_signature", "too-large": "list_too_large"}
    raise ConfigurationError(codes.get(str(value["fault"]), "list_not_a_list"), path=str(path))


# --- reading what is there --------------------------------------------------------------------------------------------


def load_lists(settings: Settings, read: Reader = read_anew) -> tuple[TrustedList, ...]:
    """The countries' lists that were accepted, by territory; none without a folder.

    Takes a millisecond where the values beside a list can be believed. Raises ConfigurationError for a list that is
    not what was accepted any more.
    """
    folder = settings.trust.lists
    if folder is None:
        return ()
    found = (path for path in sorted(folder.glob("[A-Z][A-Z].xml")) if path.stem != LOTL)
    return tuple(_load(settings, path, read) for path in found)


def load_every_list(settings: Settings, read: Reader = read_anew) -> tuple[TrustedList, ...]:
    """The list of the lists, if there is one, and the countries'. Raises as `load_lists`."""
    lotl = None if settings.trust.lists is None else _lotl(settings, read)
    return (*((lotl,) if lotl is not None else ()), *load_lists(settings, read))


def _load(settings: Settings, path: Path, read: Reader) -> TrustedList:
    data = _read(path, MAX_BYTES)
    kept = _kept(settings, path, hashlib.sha256(data).hexdigest())
    if kept is not None:
        return kept
    logger.warning("trusted list read anew", extra={"territory": path.stem})
    made = read(path)
    _require_signer(settings, made, path, _lotl(settings, read) if made.kind is ListKind.NATIONAL else None)
    if made.territory != path.stem or made.sha256 != hashlib.sha256(data).hexdigest():
        raise ConfigurationError("list_not_a_list", path=str(path))
    _write_compact(settings, path, made)
    return made


def _lotl(settings: Settings, read: Reader) -> TrustedList | None:
    assert settings.trust.lists is not None
    path = settings.trust.lists / f"{LOTL}.xml"
    return _load(settings, path, read) if path.exists() else None


def _kept(settings: Settings, path: Path, sha256: str) -> TrustedList | None:
    """The values beside a list, if we wrote them of these very bytes."""
    try:
        stored = json.loads(_read(path.with_suffix(".json"), MAX_COMPACT_BYTES))
        value, mac = stored["list"], str(stored["mac"])
        if stored["rules"] != RULES or not hmac.compare_digest(mac, _mac(settings, value)):
            return None
        kept = TrustedList.model_validate(value)
    except (ConfigurationError, ValidationError, ValueError, KeyError, TypeError):
        return None
    return kept if kept.sha256 == sha256 else None


def _mac(settings: Settings, value: object) -> str:
    key = hmac.digest(read_marking_key(settings.keys.qr), _PURPOSE, "sha256")
    return hmac.new(key, canonical_json({"rules": RULES, "list": value}).encode(), "sha256").hexdigest()


def _read(path: Path, limit: int) -> bytes:
    try:
        with open_file(path) as stream:
            data = stream.read(limit + 1)
    except OSError as error:
        raise ConfigurationError("list_unreadable", path=str(path), reason=error.strerror or "") from error
    if len(data) > limit:
        raise ConfigurationError("list_too_large", path=str(path))
    return data


# --- taking in new ones -----------------------------------------------------------------------------------------------


def update_lists(
    settings: Settings, paths: Sequence[Path], *, now: datetime, read: Reader = read_anew
) -> tuple[TrustedList, ...]:
    """Check every list, then store them all; where one is refused, none is stored.

    A list of the lists among them is checked first, and countries' lists by it. Raises ConfigurationError: `list_…`.
    """
    folder = settings.trust.lists
    if folder is None:
        raise ConfigurationError("list_no_folder")
    given = [Accepted(path=path, data=_read(path, MAX_BYTES), list=read(path)) for path in paths]
    given.sort(key=lambda one: one.list.kind is not ListKind.LOTL)
    lotl = next((one.list for one in given if one.list.kind is ListKind.LOTL), None) or _lotl(settings, read)
    for one in given:
        _require_acceptable(settings, one, lotl, now, read)
    make_folder(folder)
    for one in given:
        path = folder / f"{one.list.territory}.xml"
        write_durably(path, one.data)
        _write_compact(settings, path, one.list)
    return tuple(one.list for one in given)


def _require_acceptable(
    settings: Settings, one: Accepted, lotl: TrustedList | None, now: datetime, read: Reader
) -> None:
    found, path = one.list, one.path
    if found.sha256 != hashlib.sha256(one.data).hexdigest():  # it changed while we looked
        raise ConfigurationError("list_unreadable", path=str(path), reason="")
    if found.kind is ListKind.NATIONAL and (lotl is None or lotl.is_stale(now)):
        raise ConfigurationError("list_no_lotl", path=str(path))
    _require_signer(settings, found, path, lotl if found.kind is ListKind.NATIONAL else None)
    if not found.signer_from <= now <= found.signer_until:
        raise ConfigurationError("list_signer", path=str(path), territory=found.territory, signer=found.signer)
    if found.is_stale(now):
        date = found.next_update.date().isoformat()
        raise ConfigurationError("list_stale", path=str(path), territory=found.territory, date=date)
    _require_newer(settings, one, read)


def _require_newer(settings: Settings, one: Accepted, read: Reader) -> None:
    """Never an older issue than the one at hand, nor another one of its number."""
    assert settings.trust.lists is not None
    place = settings.trust.lists / f"{one.list.territory}.xml"
    if not place.exists():
        return
    stored = _load(settings, place, read)
    if one.list.sequence > stored.sequence or one.list.sha256 == stored.sha256:
        return
    raise ConfigurationError(
        "list_older",
        path=str(one.path),
        territory=one.list.territory,
        sequence=one.list.sequence,
        stored=stored.sequence,
    )


def _require_signer(settings: Settings, found: TrustedList, path: Path, lotl: TrustedList | None) -> None:
    """A country's list by a certificate that the list of the lists names for it, that one by a pinned certificate."""
    if found.kind is ListKind.LOTL:
        allowed = _pinned(settings) if found.territory == LOTL else frozenset()
    else:
        allowed = frozenset(lotl.pointers.get(found.territory, ()) if lotl is not None else ())
    if found.signer_sha256 not in allowed:
        raise ConfigurationError("list_signer", path=str(path), territory=found.territory, signer=found.signer)


def _pinned(settings: Settings) -> frozenset[str]:
    from agreements.signature_report import RevocationPolicy
    from signatures.lists import official_signers
    from signatures.trust import load_trust

    assert settings.trust.lists is not None
    folder = settings.trust.lists / SIGNERS
    if not folder.is_dir():
        return official_signers()
    own = load_trust([folder], revocation=RevocationPolicy.OFF, accept_demo=settings.environment == "demo").anchors
    return official_signers() | {hashlib.sha256(der).hexdigest() for der in own}


def _write_compact(settings: Settings, path: Path, found: TrustedList) -> None:
    value = found.model_dump(mode="json")
    stored = {"rules": RULES, "list": value, "mac": _mac(settings, value)}
    write_durably(path.with_suffix(".json"), canonical_json(stored).encode())
