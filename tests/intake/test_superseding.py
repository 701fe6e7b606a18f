"""A later, fuller version of what came before is recognised; another document of the same name is not."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime

from intake.receipts import Receipt, ReceiptState, SourceOutcome
from intake.sources.folder import is_same_file
from intake.superseding import find_superseded
from tests.intake.deliveries import PDF, a_delivery

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def a_receipt(data: bytes, *, inode: int, receipt_id: int = 1, outcome: SourceOutcome | None = None) -> Receipt:
    return Receipt(
        id=receipt_id,
        source="fjord/inn",
        source_key=f"avtale.pdf/{inode}/{len(data)}/1",
        slot="avtale.pdf",
        vendor_id="fjord",
        display_name="avtale.pdf",
        sha256=hashlib.sha256(data).hexdigest(),
        size=len(data),
        state=ReceiptState.STORED,
        reason=None,
        supersedes=None,
        seen_at=NOW,
        stored_at=NOW,
        decided_at=None,
        finished_at=None,
        source_outcome=outcome,
    )


def superseded(data: bytes, *earlier: Receipt, inode: int = 7) -> int | None:
    delivery = a_delivery(f"avtale.pdf/{inode}/{len(data)}/2", size=len(data))
    return find_superseded(delivery, earlier, read_bytes=lambda: data, is_same_file=is_same_file)


def test_bytes_that_go_on_where_the_earlier_ones_ended_replace_them() -> None:
    first_half = a_receipt(PDF[:100], inode=1, outcome=SourceOutcome.MOVED)
    assert superseded(PDF, first_half) == 1


def test_an_empty_file_is_replaced_by_whatever_comes_in_its_place() -> None:
    assert superseded(PDF, a_receipt(b"", inode=1, outcome=SourceOutcome.MOVED)) == 1


def test_a_file_rewritten_where_it_lay_replaces_what_it_was() -> None:
    assert superseded(b"rewritten", a_receipt(PDF, inode=7, outcome=SourceOutcome.CHANGED)) == 1
    assert superseded(b"rewritten", a_receipt(PDF, inode=7)) == 1


def test_another_document_of_the_same_name_replaces_nothing() -> None:
    assert superseded(b"another", a_receipt(PDF, inode=1, outcome=SourceOutcome.MOVED)) is None
    assert superseded(b"another", a_receipt(PDF, inode=7, outcome=SourceOutcome.MOVED)) is None


def test_the_same_bytes_again_replace_nothing() -> None:
    assert superseded(PDF, a_receipt(PDF, inode=1, outcome=SourceOutcome.MOVED)) is None


def test_the_newest_is_named() -> None:
    halves = [a_receipt(PDF[:size], inode=1, receipt_id=size, outcome=SourceOutcome.MOVED) for size in (200, 100)]
    assert superseded(PDF, *halves) == 200
    assert superseded(PDF, replace(halves[0], sha256="00" * 32), halves[1]) == 100


def test_bytes_are_not_read_when_nothing_came_before() -> None:
    delivery = a_delivery()
    assert find_superseded(delivery, (), read_bytes=lambda: 1 / 0, is_same_file=is_same_file) is None  # type: ignore[arg-type,return-value]
