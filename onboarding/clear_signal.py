"""The clear signal (klarsignal): a signed file that tells the vendor's system that an organisation may send.

Made in the transaction of the launch, or of what ends it, and written out after it: `<data_dir>/klarsignal/<case>/
klarsignal.json`. A crash in between leaves a row that says so, and `avtale run` writes the file. The file holds no
personal data.
"""

from datetime import date, datetime
from pathlib import Path
from typing import Final

from agreements.canonical import JsonValue
from agreements.case import Case
from agreements.casenumber import CaseNumber
from agreements.errors import IntegrityError
from agreements.times import format_utc
from onboarding.files import write_file
from onboarding.signed_documents import public_key, sign_document, verify_document, write_public_key
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


def write_signals(workspace: Workspace) -> tuple[Path, ...]:
    """Write every signal that does not lie on disk yet, and the key they are checked with. May be repeated.

    Raises ConfigurationError("cannot_write") or TemporaryError("disk_full"); what was not written stays due. Raises
    IntegrityError, when all others are written, for one that this installation did not sign: it is never written.
    """
    with workspace.store.read() as connection:
        waiting = signals_to_write(connection)
    if not waiting:
        return ()
    write_public_key(workspace, workspace.settings.data_dir / FOLDER / PUBLIC_KEY)
    paths: list[Path] = []
    key, foreign = public_key(workspace), None
    for signal in waiting:
        try:
            verify_document(signal.document, key)
        except IntegrityError as error:
            foreign = error
            continue
        path = signal_path(workspace, signal.case)
        write_file(path, signal.document.encode())
        with workspace.store.begin() as connection:
            mark_written(connection, signal)
        paths.append(path)
    if foreign is not None:
        raise foreign
    return tuple(paths)
