"""The roof's part in small: what a mailbox hands out becomes receipts, and decided receipts are finished."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from agreements.findings import INT_NO_CASE
from agreements.ports import Blobs
from intake.ledger import (
    close_withdrawn,
    known_keys,
    list_receipts,
    mark_decided,
    mark_finished,
    mark_judged,
    metadata,
    receipts_to_finish,
    receipts_to_judge,
    record_receipt,
)
from intake.receipts import Outcome, Receipt, ReceiptState
from intake.sources.mailbox import (
    Finished,
    MailboxSource,
    MailboxState,
    MailboxUnavailable,
    MailScan,
    Problem,
    Refused,
    Taken,
)

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SOURCE = "avtaler"


def mail(number: int, *, body: bytes = b"Vedlagt.") -> bytes:
    """A mail like no other, as it goes over the wire."""
    head = b"From: kari@example.org\r\nMessage-ID: <%d@example.org>\r\nSubject: Avtale %d\r\n\r\n"
    return head % (number, number) + body + b"\r\n"


@dataclass
class Rounds:
    """One mailbox's rounds against a ledger."""

    source: MailboxSource
    blobs: Blobs
    engine: sa.Engine
    verdict: ReceiptState = ReceiptState.RECEIVED
    finished: list[Finished] = field(default_factory=list)

    def receive(self, *, limit: int = 200) -> MailScan:
        """Scan, take, commit. Raises MailboxUnavailable."""
        with self.engine.connect() as connection:
            known = known_keys(connection, self.source.source_id)
        scan = self.source.scan(known=known, limit=limit)
        if scan.state is MailboxState.UNAVAILABLE:
            raise MailboxUnavailable(scan.problem or Problem.PROTOCOL, source=self.source.source_id)
        for entry in scan.ready:
            taken = self.source.take(entry, self.blobs)
            if taken is not None:
                self._record(taken)
        with self.engine.begin() as connection:
            close_withdrawn(connection, self.source.source_id, scan.present_keys, now=NOW)
        return scan

    def _record(self, taken: Taken | Refused) -> None:
        with self.engine.begin() as connection:
            if isinstance(taken, Taken):
                record_receipt(connection, taken.delivery(), now=NOW)
                return
            receipt = record_receipt(connection, taken.entry.delivery(), now=NOW, reason=taken.finding)
            if not taken.try_again:
                outcome = Outcome(state=ReceiptState.QUARANTINED, reason=taken.finding)
                mark_decided(connection, receipt.id, outcome, now=NOW)

    def judge(self) -> bool:
        """Give what is stored the one verdict; whether there was anything."""
        reason = None if self.verdict is ReceiptState.RECEIVED else INT_NO_CASE()
        with self.engine.begin() as connection:
            due = receipts_to_judge(connection)
            for receipt in due:
                assert receipt.sha256 is not None
                mark_judged(connection, receipt.sha256, Outcome(state=self.verdict, reason=reason), now=NOW)
        return due != ()

    def finish(self) -> tuple[Finished, ...]:
        """Move what is decided."""
        with self.engine.connect() as connection:
            due = receipts_to_finish(connection, self.source.source_id)
        done = self.source.finish(due)
        with self.engine.begin() as connection:
            for finished in done:
                mark_finished(connection, finished.receipt_id, finished.outcome, now=NOW)
        self.finished += done
        return done

    def work(self) -> bool:
        """One whole round, as `watch` calls it."""
        more = self.receive().more
        self.judge()
        self.finish()
        return more

    @property
    def receipts(self) -> tuple[Receipt, ...]:
        with self.engine.connect() as connection:
            return list_receipts(connection)

    @property
    def contents(self) -> list[bytes]:
        """What is stored, per receipt, in order."""
        return [self.blobs.read(receipt.sha256) for receipt in self.receipts if receipt.sha256 is not None]


@contextmanager
def rounds(source: MailboxSource, blobs: Blobs, folder: Path) -> Iterator[Rounds]:
    """Rounds on an empty ledger."""
    engine = sa.create_engine(sa.URL.create("sqlite", database=str(folder / "ledger.sqlite")))
    metadata.create_all(engine)
    try:
        yield Rounds(source, blobs, engine)
    finally:
        source.abandon()
        engine.dispose()
