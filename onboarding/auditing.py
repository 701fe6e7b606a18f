"""The record's proof: signed checkpoints, and `audit verify` that finds what was done to it.

A checkpoint is made on each day on which something has happened: as a row, as a file among the program's data, and,
where `alarms.to` is set, in a mail that leaves the machine. Whoever holds one can tell later whether the record before
it was changed, or its end cut off. Residual risk: whoever has the machine has the key, too, and can write everything
anew that no mail or forward with somebody else tells of (docs/security.md).
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from agreements.calendar import norwegian_day
from agreements.canonical import JsonValue
from agreements.errors import IntegrityError
from agreements.texts import text
from agreements.times import format_utc
from onboarding.correspondence.addressing import resolve_address
from onboarding.files import open_file, write_durably
from onboarding.outgoing import freeze_letter
from onboarding.purposes import Purpose
from onboarding.redirection import subject_prefix
from onboarding.signed_documents import public_key, sign_document, verify_document
from onboarding.store.checkpoints import Checkpoint, insert_checkpoint, last_checkpoint, list_checkpoints
from onboarding.store.events import (
    GENESIS,
    find_hash,
    find_unrecorded,
    hash_of,
    head_hash,
    last_seq,
    recorded_digests,
    verify_chain,
)
from onboarding.store.words import find_altered, missing_words
from onboarding.views import local_time
from onboarding.workspace import Workspace
from outbox.compose import Letter, message_id_for
from outbox.messages import Connection, NewMessage, enqueue

SCHEMA: Final = "avtale/checkpoint/v1"
FOLDER: Final = "checkpoints"
_MAX_BYTES: Final = 64 * 1024


@dataclass(frozen=True, kw_only=True)
class Verified:
    """A record that holds."""

    events: int
    head: str
    checkpoints: int


def make_checkpoint(workspace: Workspace) -> Checkpoint | None:
    """The day's checkpoint, if it is not made and something has happened since the last one. May be repeated.

    Raises ConfigurationError (the key), TemporaryError("disk_full").
    """
    now = workspace.clock()
    with workspace.store.read() as connection:
        last, seq, head = last_checkpoint(connection), last_seq(connection), head_hash(connection)
    _write_missing(workspace, last)
    if seq == 0 or (last is not None and (last.seq == seq or norwegian_day(last.made_at) == norwegian_day(now))):
        return None
    document: dict[str, JsonValue] = {
        "schema": SCHEMA,
        "environment": workspace.settings.environment,
        "seq": seq,
        "hash": head,
        "made_at": format_utc(now),
    }
    made = Checkpoint(seq=seq, hash=head, made_at=now, document=sign_document(workspace, document))
    message = None if workspace.settings.alarms.to is None else _mail(workspace, made)
    with workspace.store.begin() as connection:
        insert_checkpoint(connection, made)
        if message is not None:
            enqueue(connection, message, now=now)
    _write_missing(workspace, made)
    return made


def verify_record(workspace: Workspace, *, heads: tuple[str, ...] = ()) -> Verified:
    """Check all of the record. `heads`: hashes that somebody kept elsewhere, from mails or earlier answers.

    Raises IntegrityError naming the first bad entry: `audit_broken` (altered, missing, out of its chain), `audit_cut`
    (the end is gone), `audit_words` (what somebody wrote is not what was recorded), `audit_checkpoint` (one that this
    installation did not sign), `audit_unrecorded` (a launch or an attestation without its event), `audit_head`.
    """
    key = public_key(workspace)
    with workspace.store.read() as connection:
        bad = verify_chain(connection)
        if bad is not None:
            raise IntegrityError("audit_broken", seq=bad)
        kept = list_checkpoints(connection)
        for seq, kept_hash, document in (*_rows(kept), *_files(workspace)):
            said = _said(document, key, seq)
            if (said.get("seq"), said.get("hash")) != (seq, kept_hash):
                raise IntegrityError("audit_checkpoint", seq=seq)
            _require_same(connection, seq, kept_hash)
        if find_altered(connection) is not None or missing_words(connection, recorded_digests(connection)):
            raise IntegrityError("audit_words")
        unrecorded = find_unrecorded(connection)
        if unrecorded is not None:
            raise IntegrityError("audit_unrecorded", case=unrecorded)
        for head in heads:
            if head != GENESIS and not _is_known(connection, head):
                raise IntegrityError("audit_head", head=head)
        return Verified(events=last_seq(connection), head=head_hash(connection), checkpoints=len(kept))


def _require_same(connection: Connection, seq: int, kept: str) -> None:
    found = hash_of(connection, seq)
    if found is None:
        raise IntegrityError("audit_cut", seq=last_seq(connection) + 1)
    if found != kept:
        raise IntegrityError("audit_broken", seq=seq)


def _is_known(connection: Connection, head: str) -> bool:
    return find_hash(connection, head) is not None


def _rows(kept: tuple[Checkpoint, ...]) -> Iterator[tuple[int, str, str]]:
    for checkpoint in kept:
        yield checkpoint.seq, checkpoint.hash, checkpoint.document


def _files(workspace: Workspace) -> Iterator[tuple[int, str, str]]:
    """What lies beside the database: it tells of rows that are gone from it."""
    for path in sorted((workspace.settings.data_dir / FOLDER).glob("*.json")):
        with open_file(path) as stream:
            document = stream.read(_MAX_BYTES).decode("utf-8", "replace")
        try:
            read = json.loads(document)
            yield int(read["seq"]), str(read["hash"]), document
        except (ValueError, KeyError, TypeError) as error:
            raise IntegrityError("audit_checkpoint", seq=path.stem) from error


def _said(document: str, key: Ed25519PublicKey, seq: int) -> dict[str, JsonValue]:
    try:
        return verify_document(document, key)
    except IntegrityError as error:
        raise IntegrityError("audit_checkpoint", seq=seq) from error


def _write_missing(workspace: Workspace, checkpoint: Checkpoint | None) -> None:
    if checkpoint is None:
        return
    path = checkpoint_path(workspace, checkpoint.seq)
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_durably(path, checkpoint.document.encode())


def checkpoint_path(workspace: Workspace, seq: int) -> Path:
    """Where a checkpoint lies beside the database."""
    return workspace.settings.data_dir / FOLDER / f"{seq:012}.json"


def _mail(workspace: Workspace, made: Checkpoint) -> NewMessage:
    """The day's head leaves the machine: whoever keeps the mail can tell what was done to the record before it."""
    settings, key = workspace.settings, f"{Purpose.CHECKPOINT}:{made.seq}"
    resolved = resolve_address(settings, settings.alarms.to or "")
    prefix = subject_prefix(settings, resolved, settings.language)
    params = {"seq": made.seq, "head": made.hash, "now": local_time(made.made_at)}
    subject = text("mail.checkpoint.subject", settings.language, **params)
    letter = Letter(
        sender=settings.smtp.from_,
        recipient=resolved.recipient,
        subject=f"{prefix} {subject}" if prefix else subject,
        body=text("mail.checkpoint.body", settings.language, **params),
        date=made.made_at,
        message_id=message_id_for(key, sender=settings.smtp.from_, now=made.made_at),
    )
    return freeze_letter(workspace, letter, purpose=Purpose.CHECKPOINT, key=key)
