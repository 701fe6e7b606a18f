"""What the tests of this room drop and say again and again."""

from datetime import UTC, datetime
from pathlib import Path

from intake.receipts import Delivery, Receipt, ReceiptState
from intake.sources.folder import Entry, FolderScan, FolderSource

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
QUIET = 2.0
PDF = b"%PDF-1.7\n" + b"1 0 obj << >> endobj\n" * 40 + b"startxref\n9\n%%EOF\n"
SHA = "ab" * 32


def a_delivery(
    key: str = "avtale.pdf/1/2/3",
    *,
    sha256: str | None = SHA,
    source: str = "fjord/inn",
    size: int = 2,
    supersedes: int | None = None,
) -> Delivery:
    return Delivery(
        source=source,
        source_key=key,
        slot=key.split("/", maxsplit=1)[0],
        vendor_id="fjord",
        display_name="avtale.pdf",
        size=size,
        sha256=sha256,
        supersedes=supersedes,
    )


def a_receipt(entry: Entry, receipt_id: int = 17) -> Receipt:
    """A stored and decided receipt of an entry, as the ledger would hold it."""
    return Receipt(
        id=receipt_id,
        source=entry.source,
        source_key=entry.key,
        slot=entry.slot,
        vendor_id=entry.vendor_id,
        display_name=entry.display_name,
        sha256=SHA,
        size=entry.state.size,
        state=ReceiptState.RECEIVED,
        reason=None,
        supersedes=None,
        seen_at=NOW,
        stored_at=NOW,
        decided_at=NOW,
        finished_at=None,
        source_outcome=None,
    )


def drop(folder: Path, name: str = "avtale.pdf", data: bytes = PDF) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def scan_quiet(source: FolderSource, start: float = 0.0) -> FolderScan:
    """Two looks, as far apart as the quiet time: whatever does not change in between is ready."""
    source.scan(start)
    return source.scan(start + QUIET)
