"""The clear signal (klarsignal): a signed file that tells the vendor's system that an organisation may send.

Made in the transaction of the launch, or of what ends it, and written out after it: `<data_dir>/klarsignal/<case>/
klarsignal.json`. A crash in between leaves a row that says so, and `avtale run` writes the file. The file holds no
personal data. Signed with Ed25519 (RFC 8032) over the canonical JSON of everything but the signature.
"""

import base64
import hashlib
import json
from datetime import date, datetime
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from agreements.canonical import JsonValue, canonical_json
from agreements.case import Case
from agreements.casenumber import CaseNumber
from agreements.errors import IntegrityError
from agreements.times import format_utc
from onboarding.files import write_file
from onboarding.keys import read_checkpoint_key
from onboarding.store.signals import insert_signal, mark_written, signals_to_write
from onboarding.workspace import Workspace
from outbox.messages import Connection

SCHEMA: Final = "avtale/klarsignal/v1"
FOLDER: Final = "klarsignal"
FILE: Final = "klarsignal.json"
PUBLIC_KEY: Final = "klarsignal-key.pem"
READY: Final = "ready"
WITHDRAWN: Final = "withdrawn"


def signal_path(workspace: Workspace, number: CaseNumber) -> Path:
    """Where a case's signal lies."""
    return workspace.settings.data_dir / FOLDER / str(number) / FILE


def enqueue_signal(
    workspace: Workspace,
    connection: Connection,
    case: Case,
    *,
    status: str,
    sender_id: int | None,
    now: datetime,
    last_day: date | None = None,
) -> None:
    """Make and sign a case's signal in the caller's transaction. Raises ConfigurationError for an unfit key.

    `last_day`: of one that is withdrawn, the last day on which anything may be sent.
    """
    document: dict[str, JsonValue] = {
        "schema": SCHEMA,
        "status": status,
        "case": str(case.number),
        "agreement": None if case.in_force is None else str(case.in_force),
        "vendor": case.vendor_id,
        "org_number": case.org_number.digits,
        "sender_id": sender_id,
        "configuration_sha256": case.launched_sha256,
        "last_day": None if last_day is None else last_day.isoformat(),
        "environment": workspace.settings.environment,
        "made_at": format_utc(now),
    }
    insert_signal(connection, case.number, sign_document(workspace, document), now=now)


def sign_document(workspace: Workspace, document: dict[str, JsonValue]) -> str:
    """A document with its signature, as JSON for a file. Raises ConfigurationError for an unfit key."""
    key = read_checkpoint_key(workspace.settings.keys.checkpoint)
    value = key.sign(canonical_json(document).encode())
    signature: JsonValue = {
        "algorithm": "Ed25519",
        "key_sha256": _key_id(key.public_key()),
        "value": base64.b64encode(value).decode(),
    }
    return json.dumps({**document, "signature": signature}, ensure_ascii=False, indent=2) + "\n"


def verify_document(document: str, key: Ed25519PublicKey) -> dict[str, JsonValue]:
    """What a signed document says. Raises IntegrityError("signed_document_broken") unless this key signed it."""
    try:
        read = json.loads(document)
        signature = read.pop("signature")
        key.verify(base64.b64decode(signature["value"], validate=True), canonical_json(read).encode())
    except (ValueError, KeyError, TypeError, AttributeError, InvalidSignature) as error:
        raise IntegrityError("signed_document_broken") from error
    assert isinstance(read, dict)
    return read


def write_signals(workspace: Workspace) -> tuple[Path, ...]:
    """Write every signal that does not lie on disk yet, and the key they are checked with. May be repeated.

    Raises ConfigurationError("cannot_write") or TemporaryError("disk_full"); what was not written stays due.
    """
    with workspace.store.read() as connection:
        waiting = signals_to_write(connection)
    if not waiting:
        return ()
    _write_public_key(workspace)
    paths: list[Path] = []
    for signal in waiting:
        path = signal_path(workspace, signal.case)
        write_file(path, signal.document.encode())
        with workspace.store.begin() as connection:
            mark_written(connection, signal)
        paths.append(path)
    return tuple(paths)


def _write_public_key(workspace: Workspace) -> None:
    key = read_checkpoint_key(workspace.settings.keys.checkpoint).public_key()
    pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    write_file(workspace.settings.data_dir / FOLDER / PUBLIC_KEY, pem)


def _key_id(key: Ed25519PublicKey) -> str:
    return hashlib.sha256(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()
