"""What the outbox's tests share, with the child process that gets killed: a store, originals, a clock, a letter."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

import sqlalchemy as sa

from agreements.errors import IntegrityError, NotFoundError, TemporaryError
from outbox.compose import Attachment, Letter, compose, message_id_for
from outbox.holds import Hold
from outbox.messages import Begin, Connection, Message, NewMessage, find
from outbox.outcome import Outcome, Result
from outbox.states import State

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SENDER = "avtaler@example.org"
RECIPIENT = "digipost@localhost"
PDF = b"%PDF-1.7\r\n\n.\n.leading dot\r\x00\xff" + bytes(range(256)) * 40


def sqlite_engine(path: Path | str) -> sa.Engine:
    return prepared(sa.create_engine(f"sqlite:///{path}", connect_args={"timeout": 30}))


def prepared(engine: sa.Engine) -> sa.Engine:
    """An engine of SQLite whose transactions begin as the program's do."""

    @sa.event.listens_for(engine, "connect")
    def _prepare(connection: object, record: object) -> None:
        connection.isolation_level = None  # type: ignore[attr-defined]
        connection.execute("PRAGMA journal_mode=WAL")  # type: ignore[attr-defined]

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def beginning(engine: sa.Engine) -> Begin:
    @contextmanager
    def begin() -> Iterator[Connection]:
        with engine.begin() as connection:
            yield connection

    return begin


@dataclass
class FolderBlobs:
    """Originals in a folder, checked when read, as the port promises."""

    root: Path

    def put(self, data: bytes) -> str:
        digest = hashlib.sha256(data).hexdigest()
        (self.root / digest).write_bytes(data)
        return digest

    def put_stream(self, stream: BinaryIO) -> tuple[str, int]:
        data = stream.read()
        return self.put(data), len(data)

    def read(self, sha256: str) -> bytes:
        path = self.root / sha256
        if not path.exists():
            raise NotFoundError("blob_not_found")
        data = path.read_bytes()
        if hashlib.sha256(data).hexdigest() != sha256:
            raise IntegrityError("blob_damaged")
        return data


@dataclass
class Hands:
    """A clock that stands until it is moved."""

    now: datetime = NOON
    each_call: timedelta = field(default_factory=timedelta)

    def __call__(self) -> datetime:
        self.now += self.each_call
        return self.now


def letter(key: str = "forward:DA-2026-000042-J.1", *, body: str = "Hei\n.\nvedlagt\n", pdf: bytes = PDF) -> Letter:
    return Letter(
        sender=SENDER,
        sender_name="Fjordsystem AS – Ærlig Ås",
        recipient=RECIPIENT,
        reply_to="sak@example.org",
        subject="Signert avtale om bruk av Digipost – Blåbær AS [DA-2026-000042-J.1]",
        body=body,
        attachments=(Attachment(name="Avtale-DA-2026-000042-J.1.pdf", media_type="application/pdf", data=pdf),),
        headers=(("X-Agreement-ID", "DA-2026-000042-J.1"),),
        date=NOON,
        message_id=message_id_for(key, sender=SENDER, now=NOON),
    )


def new_message(key: str = "forward:DA-2026-000042-J.1", *, data: bytes = b"", hold: str | None = None) -> NewMessage:
    return NewMessage(
        purpose="forward",
        case_number="DA-2026-000042-J",
        agreement="DA-2026-000042-J.1",
        idempotency_key=key,
        message_id=message_id_for(key, sender=SENDER, now=NOON),
        sender=SENDER,
        recipient=RECIPIENT,
        sha256=hashlib.sha256(data).hexdigest(),
        size=len(data),
        holds=() if hold is None else (Hold(kind=hold),),
    )


def frozen(blobs: FolderBlobs, key: str = "forward:DA-2026-000042-J.1") -> tuple[NewMessage, bytes]:
    """A message to enqueue whose bytes are stored."""
    data = compose(letter(key))
    blobs.put(data)
    return new_message(key, data=data), data


@dataclass
class Case:
    """Stands for the roof: notes what it was told, and fails as often as it is asked to."""

    failures: int = 0
    told: list[tuple[int, State, Result]] = field(default_factory=list)
    calls: int = 0

    def __call__(self, conn: Connection, message: Message, outcome: Outcome) -> None:
        self.calls += 1
        assert find(conn, message.id) == message
        if self.calls <= self.failures:
            raise TemporaryError("case_changed")
        self.told.append((message.id, message.state, outcome.result))
