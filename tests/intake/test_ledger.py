"""One receipt per delivery, one verdict per content, and nothing without an end."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from agreements.casenumber import CaseNumber
from agreements.errors import NotFoundError, TemporaryError
from agreements.findings import INT_EMPTY, INT_NO_ACCESS, INT_NO_CASE, INT_NOT_REGULAR, INT_WITHDRAWN, Finding
from intake import ledger
from intake.ledger_rows import MAX_CLUES
from intake.matching import Clue, Evidence
from intake.receipts import DocumentState, Outcome, ReceiptState, SourceOutcome
from intake.sources.folder.entries import parse_key
from tests.intake.deliveries import NOW, SHA, a_delivery

LATER = NOW + timedelta(seconds=5)
RECEIVED = Outcome(state=ReceiptState.RECEIVED, case_number="DA-2026-000042-J", agreement="DA-2026-000042-J.1")
EMPTY = Outcome(state=ReceiptState.QUARANTINED, reason=INT_EMPTY())


def test_the_same_delivery_told_twice_gives_one_receipt(connection: sa.Connection) -> None:
    first = ledger.record_receipt(connection, a_delivery(), now=NOW)
    assert ledger.record_receipt(connection, a_delivery(), now=LATER) == first
    assert ledger.list_receipts(connection) == (first,)
    assert (first.state, first.seen_at, first.stored_at) == (ReceiptState.STORED, NOW, NOW)


def test_the_same_key_in_two_sources_gives_two_receipts(connection: sa.Connection) -> None:
    first = ledger.record_receipt(connection, a_delivery(), now=NOW)
    second = ledger.record_receipt(connection, a_delivery(source="fjord/annen"), now=NOW)
    assert first.id != second.id


def test_other_bytes_under_a_known_key_are_a_delivery_of_their_own(connection: sa.Connection) -> None:
    first = ledger.record_receipt(connection, a_delivery(), now=NOW)
    other = ledger.record_receipt(connection, a_delivery(sha256="cd" * 32), now=NOW)
    assert (other.id != first.id, other.state, other.sha256) == (True, ReceiptState.STORED, "cd" * 32)
    assert ledger.record_receipt(connection, a_delivery(sha256="cd" * 32), now=LATER) == other
    assert parse_key(other.source_key) == parse_key(first.source_key)


@pytest.mark.parametrize("reason", [INT_NOT_REGULAR(kind="hard_link"), INT_WITHDRAWN()])
def test_bytes_that_come_after_a_decision_without_them_are_judged(connection: sa.Connection, reason: Finding) -> None:
    unread = ledger.record_receipt(connection, a_delivery(sha256=None), now=NOW)
    ledger.mark_decided(connection, unread.id, Outcome(state=ReceiptState.QUARANTINED, reason=reason), now=NOW)
    come = ledger.record_receipt(connection, a_delivery(), now=LATER)
    assert come.id != unread.id
    assert ledger.receipts_to_judge(connection) == (come,)


def test_why_something_could_not_be_read_is_kept_until_it_can(connection: sa.Connection) -> None:
    reason = INT_NO_ACCESS(reason="EACCES")
    assert ledger.record_receipt(connection, a_delivery(sha256=None), now=NOW, reason=reason).reason == reason
    assert ledger.record_receipt(connection, a_delivery(), now=NOW).reason is None


def test_what_was_only_seen_becomes_stored_when_its_bytes_come(connection: sa.Connection) -> None:
    seen = ledger.record_receipt(connection, a_delivery(sha256=None), now=NOW)
    assert (seen.state, seen.sha256, seen.stored_at) == (ReceiptState.SEEN, None, None)
    assert ledger.record_receipt(connection, a_delivery(sha256=None), now=LATER) == seen
    stored = ledger.record_receipt(connection, a_delivery(), now=LATER)
    assert (stored.id, stored.state, stored.sha256) == (seen.id, ReceiptState.STORED, SHA)
    assert (stored.seen_at, stored.stored_at) == (NOW, LATER)


def test_the_same_bytes_arriving_twice_are_judged_once_and_both_receipts_get_the_verdict(
    connection: sa.Connection,
) -> None:
    first = ledger.record_receipt(connection, a_delivery("a/1/2/3"), now=NOW)
    ledger.record_receipt(connection, a_delivery("b/2/2/3"), now=NOW)
    assert ledger.receipts_to_judge(connection) == (first,)
    decided = ledger.mark_judged(connection, SHA, RECEIVED, now=LATER)
    assert [(receipt.slot, receipt.state, receipt.decided_at) for receipt in decided] == [
        ("a", ReceiptState.RECEIVED, LATER),
        ("b", ReceiptState.RECEIVED, LATER),
    ]
    assert ledger.receipts_to_judge(connection) == ()


def test_bytes_that_have_their_verdict_give_it_to_a_later_receipt(connection: sa.Connection) -> None:
    first = ledger.record_receipt(connection, a_delivery("a/1/2/3"), now=NOW)
    ledger.mark_judged(connection, SHA, EMPTY, now=NOW)
    again = ledger.record_receipt(connection, a_delivery("b/2/2/3"), now=LATER)
    assert (again.state, again.reason, again.decided_at) == (ReceiptState.QUARANTINED, INT_EMPTY(), LATER)
    document = ledger.find_document(connection, SHA)
    assert document is not None
    assert (document.state, document.outcome, document.first_receipt) == (DocumentState.JUDGED, EMPTY, first.id)


def test_a_second_verdict_on_the_same_bytes_is_refused(connection: sa.Connection) -> None:
    ledger.record_receipt(connection, a_delivery(), now=NOW)
    ledger.mark_judged(connection, SHA, RECEIVED, now=NOW)
    with pytest.raises(TemporaryError, match="document_already_judged"):
        ledger.mark_judged(connection, SHA, EMPTY, now=NOW)
    with pytest.raises(NotFoundError):
        ledger.mark_judged(connection, "cd" * 32, EMPTY, now=NOW)


def test_a_decision_may_be_told_twice_but_not_changed(connection: sa.Connection) -> None:
    seen = ledger.record_receipt(connection, a_delivery(sha256=None), now=NOW)
    outcome = Outcome(state=ReceiptState.QUARANTINED, reason=INT_NOT_REGULAR(kind="fifo"))
    decided = ledger.mark_decided(connection, seen.id, outcome, now=NOW)
    assert ledger.mark_decided(connection, seen.id, outcome, now=LATER) == decided
    assert decided.reason == INT_NOT_REGULAR(kind="fifo")
    with pytest.raises(TemporaryError, match="receipt_already_decided"):
        ledger.mark_decided(connection, seen.id, EMPTY, now=NOW)
    with pytest.raises(NotFoundError):
        ledger.mark_decided(connection, 4711, EMPTY, now=NOW)


@pytest.mark.parametrize("state", [ReceiptState.SEEN, ReceiptState.STORED])
def test_an_outcome_is_final(state: ReceiptState) -> None:
    with pytest.raises(ValueError, match="final"):
        Outcome(state=state, reason=INT_EMPTY())


@pytest.mark.parametrize("state", [ReceiptState.QUARANTINED, ReceiptState.NOT_AGREEMENT])
def test_whatever_was_not_received_needs_a_reason(state: ReceiptState) -> None:
    with pytest.raises(ValueError, match="reason"):
        Outcome(state=state)


def test_the_source_is_not_finished_before_the_receipt_is_decided(connection: sa.Connection) -> None:
    receipt = ledger.record_receipt(connection, a_delivery(), now=NOW)
    with pytest.raises(TemporaryError, match="receipt_not_decided"):
        ledger.mark_finished(connection, receipt.id, SourceOutcome.MOVED, now=NOW)
    ledger.mark_judged(connection, SHA, RECEIVED, now=NOW)
    assert [due.id for due in ledger.receipts_to_finish(connection, "fjord/inn")] == [receipt.id]
    finished = ledger.mark_finished(connection, receipt.id, SourceOutcome.MOVED, now=LATER)
    assert (finished.finished_at, finished.source_outcome) == (LATER, SourceOutcome.MOVED)
    again = ledger.mark_finished(connection, receipt.id, SourceOutcome.GONE, now=LATER + timedelta(hours=1))
    assert (again.finished_at, again.source_outcome) == (LATER, SourceOutcome.GONE)
    assert ledger.receipts_to_finish(connection, "fjord/inn") == ()


def test_a_scan_need_not_hand_over_what_waits_or_was_left_but_what_was_moved_or_never_read(
    connection: sa.Connection,
) -> None:
    keys = {name: f"{name}/1/2/3" for name in ("seen", "stored", "left", "moved")}
    ids = {
        name: ledger.record_receipt(connection, a_delivery(key, sha256=digest), now=NOW).id
        for (name, key), digest in zip(keys.items(), [None, "aa" * 32, "bb" * 32, "cc" * 32], strict=True)
    }
    for name, digest in (("left", "bb" * 32), ("moved", "cc" * 32)):
        ledger.mark_judged(connection, digest, RECEIVED, now=NOW)
        ledger.mark_finished(connection, ids[name], SourceOutcome(name), now=NOW)
    assert ledger.known_keys(connection, "fjord/inn") == {keys["stored"], keys["left"]}
    assert ledger.known_keys(connection, "another") == frozenset()


def test_what_disappears_before_it_could_be_read_is_closed_with_a_reason(connection: sa.Connection) -> None:
    gone = ledger.record_receipt(connection, a_delivery("gone/1/2/3", sha256=None), now=NOW)
    there = ledger.record_receipt(connection, a_delivery("there/1/2/3", sha256=None), now=NOW)
    stored = ledger.record_receipt(connection, a_delivery("stored/1/2/3"), now=NOW)
    closed = ledger.close_withdrawn(connection, "fjord/inn", {there.source_key}, now=LATER)
    assert [(receipt.id, receipt.state, receipt.reason) for receipt in closed] == [
        (gone.id, ReceiptState.NOT_AGREEMENT, INT_WITHDRAWN())
    ]
    assert ledger.find_receipt(connection, there.id) == there
    assert ledger.find_receipt(connection, stored.id) == stored


def test_the_counters_add_up_to_all_that_was_seen(connection: sa.Connection) -> None:
    for number in range(5):
        ledger.record_receipt(connection, a_delivery(f"{number}/1/2/3", sha256=f"{number:064x}"), now=NOW)
    ledger.record_receipt(connection, a_delivery("x/1/2/3", sha256=None), now=NOW)
    ledger.mark_judged(connection, f"{0:064x}", RECEIVED, now=NOW)
    ledger.mark_judged(connection, f"{1:064x}", EMPTY, now=NOW)
    no_case = Outcome(state=ReceiptState.NOT_AGREEMENT, reason=INT_NO_CASE())
    ledger.mark_judged(connection, f"{2:064x}", no_case, now=NOW)
    counts = ledger.count_receipts(connection)
    assert dict(counts) == {
        ReceiptState.SEEN: 1,
        ReceiptState.STORED: 2,
        ReceiptState.RECEIVED: 1,
        ReceiptState.QUARANTINED: 1,
        ReceiptState.NOT_AGREEMENT: 1,
    }
    oldest = ledger.find_oldest_unfinished(connection)
    assert oldest is not None
    assert oldest.slot == "0"
    listed = ledger.list_receipts(connection, ReceiptState.STORED)
    assert [receipt.slot for receipt in listed] == ["3", "4"]
    assert ledger.list_receipts(connection, ReceiptState.STORED, after=listed[0].id) == listed[1:]


def test_a_stored_content_can_be_judged_again_without_touching_its_source(connection: sa.Connection) -> None:
    receipt = ledger.record_receipt(connection, a_delivery(), now=NOW)
    ledger.mark_judged(connection, SHA, EMPTY, now=NOW)
    finished = ledger.mark_finished(connection, receipt.id, SourceOutcome.MOVED, now=NOW)
    again = ledger.reopen(connection, receipt.id)
    assert (again.state, again.reason, again.finished_at) == (ReceiptState.STORED, None, finished.finished_at)
    assert ledger.receipts_to_judge(connection) == (again,)
    ledger.mark_judged(connection, SHA, RECEIVED, now=LATER)
    assert ledger.receipts_to_finish(connection, "fjord/inn") == ()


def test_what_was_refused_unread_has_nothing_to_judge_again(connection: sa.Connection) -> None:
    seen = ledger.record_receipt(connection, a_delivery(sha256=None), now=NOW)
    with pytest.raises(NotFoundError, match="receipt_without_bytes"):
        ledger.reopen(connection, seen.id)


def test_earlier_deliveries_to_the_same_place_are_found_newest_first(connection: sa.Connection) -> None:
    old = ledger.record_receipt(connection, a_delivery("a/1/1/1", sha256="aa" * 32), now=NOW - timedelta(days=2))
    first = ledger.record_receipt(connection, a_delivery("a/1/2/2", sha256="bb" * 32), now=NOW)
    second = ledger.record_receipt(connection, a_delivery("a/1/3/3", sha256="cc" * 32), now=NOW)
    ledger.record_receipt(connection, a_delivery("b/1/3/3", sha256="dd" * 32), now=NOW)
    new = a_delivery("a/1/4/4", sha256="ee" * 32, supersedes=second.id)
    assert ledger.earlier_in_slot(connection, new, since=NOW - timedelta(hours=1)) == (second, first)
    recorded = ledger.record_receipt(connection, new, now=NOW)
    assert recorded.supersedes == second.id
    assert old.id not in {receipt.id for receipt in ledger.earlier_in_slot(connection, new, since=NOW)}


def test_all_receipts_of_one_content_are_found(connection: sa.Connection) -> None:
    made = [ledger.record_receipt(connection, a_delivery(f"{n}/1/1/1"), now=NOW) for n in range(3)]
    assert ledger.receipts_of(connection, SHA) == tuple(made)
    assert ledger.find_receipt(connection, 4711) is None
    assert ledger.find_document(connection, "cd" * 32) is None


def test_by_what_a_document_was_known_is_kept_the_strongest_first_and_goes_when_it_is_judged_again(
    connection: sa.Connection,
) -> None:
    case = CaseNumber(2026, 42)
    strong = Clue(evidence=Evidence.ISSUED_BYTES, case=case, version=2)
    clues = (strong, *(Clue(evidence=Evidence.NUMBER_IN_TEXT, case=CaseNumber(2026, n)) for n in range(1, 500)))
    receipt = ledger.record_receipt(connection, a_delivery(sha256=SHA), now=NOW)
    ledger.mark_judged(connection, SHA, Outcome(state=ReceiptState.RECEIVED, clues=clues), now=NOW)
    document = ledger.find_document(connection, SHA)
    assert document is not None
    assert document.outcome is not None
    assert document.outcome.clues == clues[:MAX_CLUES]
    ledger.reopen(connection, receipt.id)
    ledger.mark_judged(connection, SHA, Outcome(state=ReceiptState.RECEIVED), now=NOW)
    again = ledger.find_document(connection, SHA)
    assert again is not None
    assert again.outcome == Outcome(state=ReceiptState.RECEIVED)
