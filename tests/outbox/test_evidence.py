"""What others tell of a message, copies and reports: before and after its outcome is known, and once each."""

from dataclasses import replace
from datetime import timedelta

import pytest

from agreements.errors import GateError
from outbox.attempts import claim_due, put_off, record_outcome, recover_interrupted
from outbox.evidence import (
    ANYBODYS_REPORT,
    Action,
    Evidence,
    Report,
    left_before,
    look_again,
    record_copy_lost,
    record_copy_seen,
    record_report,
)
from outbox.history import History, list_history
from outbox.holds import Hold
from outbox.messages import Begin, Message, enqueue, find, list_messages, retry, settle, withdraw, withdraw_all
from outbox.outcome import Outcome, Phase, Reason, Result
from outbox.states import LEFT, WITHDRAWABLE, State
from tests.outbox.outbox_kit import NOON, new_message

SENT = Outcome(result=Result.SENT, phase=Phase.AFTER_DOT, reply="250 2.0.0 Ok: queued as 1")
UNKNOWN = Outcome(result=Result.UNKNOWN, phase=Phase.AFTER_DOT, reason=Reason.NO_FINAL_REPLY)
BLOCKED = Outcome(result=Result.BLOCKED, phase=Phase.BEFORE_DATA, reason=Reason.RECIPIENT_REFUSED, reply="550 no")
DELIVERED = Report(action=Action.DELIVERED, text="2.0.0")
RELAYED = Report(action=Action.RELAYED, text="2.0.0 smtp; 250 queued")
DELAYED = Report(action=Action.DELAYED, text="4.4.1")
FAILED = Report(action=Action.FAILED, text="5.1.1 550 no such user")
LATER = NOON + timedelta(minutes=7)


def put(begin: Begin, key: str = "forward:A", *, hold: str | None = None) -> int:
    with begin() as conn:
        row = enqueue(conn, new_message(key, hold=hold), now=NOON)
    assert row is not None
    return row


def claimed(begin: Begin) -> Message:
    with begin() as conn:
        message = claim_due(conn, NOON)
    assert message is not None
    return message


def attempted(begin: Begin, outcome: Outcome) -> int:
    """A message with one attempt of this outcome."""
    put(begin)
    message = claimed(begin)
    with begin() as conn:
        return record_outcome(conn, message, outcome, now=NOON).id


def now_is(begin: Begin, row: int) -> Message:
    with begin() as conn:
        message = find(conn, row)
    assert message is not None
    return message


def kinds(begin: Begin, row: int) -> list[tuple[History, State]]:
    with begin() as conn:
        return [(entry.kind, entry.state) for entry in list_history(conn, row)]


def test_the_history_tells_every_attempt_with_the_servers_reply(begin: Begin) -> None:
    row = attempted(begin, SENT)
    with begin() as conn:
        enqueued, attempt = list_history(conn, row)
    assert (enqueued.kind, enqueued.attempt, enqueued.state) == (History.ENQUEUED, 0, State.QUEUED)
    assert (attempt.kind, attempt.attempt, attempt.state) == (History.ATTEMPT, 1, State.SENT)
    assert (attempt.at, attempt.phase, attempt.reply) == (NOON, Phase.AFTER_DOT, SENT.reply)


def test_our_own_copy_settles_an_unknown_message(begin: Begin) -> None:
    row = attempted(begin, UNKNOWN)
    with begin() as conn:
        settled = record_copy_seen(conn, row, now=LATER)
    assert settled is not None
    assert (settled.state, settled.evidence, settled.sent_at) == (State.SENT, Evidence.COPY, NOON)
    assert (settled.reason, settled.unknown_at) == (None, None)


def test_a_copy_of_what_is_known_to_have_left_is_only_noted_and_only_once(begin: Begin) -> None:
    row = attempted(begin, SENT)
    for _ in range(2):
        with begin() as conn:
            assert record_copy_seen(conn, row, now=LATER) is None
    assert kinds(begin, row)[2:] == [(History.COPY_SEEN, State.SENT)]


def test_a_copy_that_is_quicker_than_our_commit_counts_when_the_process_dies(begin: Begin) -> None:
    row = put(begin)
    claimed(begin)
    with begin() as conn:
        assert record_copy_seen(conn, row, now=NOON) is None
    assert now_is(begin, row).state is State.SENDING
    with begin() as conn:
        (recovered,) = recover_interrupted(conn, LATER)
    assert (recovered.state, recovered.evidence) == (State.SENT, Evidence.COPY)


def test_a_failure_that_is_reported_before_our_commit_is_not_covered_by_sent(begin: Begin) -> None:
    row = put(begin)
    message = claimed(begin)
    with begin() as conn:
        record_report(conn, row, FAILED, now=NOON)
        after = record_outcome(conn, message, SENT, now=LATER)
    assert (after.state, after.reply) == (State.FAILED_LATER, FAILED.text)


@pytest.mark.parametrize("outcome", [SENT, UNKNOWN])
@pytest.mark.parametrize(
    ("report", "expected"),
    [(DELIVERED, State.DELIVERED), (RELAYED, State.DELIVERED), (FAILED, State.FAILED_LATER)],
)
def test_a_report_moves_what_was_sent_and_settles_what_was_unknown(
    begin: Begin, outcome: Outcome, report: Report, expected: State
) -> None:
    row = attempted(begin, outcome)
    with begin() as conn:
        moved = record_report(conn, row, report, now=LATER)
    assert moved is not None
    assert moved.state is expected
    assert moved.evidence == (Evidence.REPORT if outcome is UNKNOWN else None)
    assert moved.sent_at == NOON


def test_a_delay_is_noted_and_moves_nothing_that_was_sent(begin: Begin) -> None:
    row = attempted(begin, SENT)
    with begin() as conn:
        assert record_report(conn, row, DELAYED, now=LATER) is None
    assert kinds(begin, row)[-1] == (History.REPORT, State.SENT)


def test_what_is_delayed_on_its_way_has_left(begin: Begin) -> None:
    row = attempted(begin, UNKNOWN)
    with begin() as conn:
        moved = record_report(conn, row, DELAYED, now=LATER)
    assert moved is not None
    assert (moved.state, moved.evidence) == (State.SENT, Evidence.REPORT)


def test_what_was_handed_on_may_fail_further_on_and_never_turns_back(begin: Begin) -> None:
    row = attempted(begin, SENT)
    for report, expected in ((RELAYED, State.DELIVERED), (FAILED, State.FAILED_LATER), (DELIVERED, State.FAILED_LATER)):
        with begin() as conn:
            record_report(conn, row, report, now=LATER)
        assert now_is(begin, row).state is expected


def test_the_same_report_twice_is_nothing(begin: Begin) -> None:
    row = attempted(begin, SENT)
    for _ in range(2):
        with begin() as conn:
            record_report(conn, row, FAILED, now=LATER)
    assert len(kinds(begin, row)) == 3


@pytest.mark.parametrize("report", [DELIVERED, FAILED])
def test_a_report_of_what_never_left_moves_nothing(begin: Begin, report: Report) -> None:
    row = attempted(begin, BLOCKED)
    with begin() as conn:
        assert record_report(conn, row, report, now=LATER) is None
    assert now_is(begin, row).state is State.BLOCKED


def test_after_a_late_failure_the_first_attempts_copy_proves_nothing_of_the_second(begin: Begin) -> None:
    row = attempted(begin, SENT)
    with begin() as conn:
        record_report(conn, row, FAILED, now=NOON)
        retry(conn, row, now=NOON)
    again = claimed(begin)
    with begin() as conn:
        assert left_before(conn, again)
        unknown = record_outcome(conn, again, UNKNOWN, now=NOON)
        assert record_copy_seen(conn, row, now=LATER) is None
    assert now_is(begin, row).state is unknown.state is State.UNKNOWN


def test_a_retry_after_a_late_failure_begins_with_a_clean_row(begin: Begin) -> None:
    row = attempted(begin, UNKNOWN)
    with begin() as conn:
        record_report(conn, row, FAILED, now=LATER)
        queued = retry(conn, row, now=LATER)
    assert (queued.state, queued.sent_at, queued.evidence, queued.unknown_at) == (State.QUEUED, None, None, None)


def test_a_look_that_finds_nothing_is_written_down_and_puts_the_next_one_off(begin: Begin) -> None:
    row = attempted(begin, UNKNOWN)
    before = now_is(begin, row)
    with begin() as conn:
        look_again(conn, before, at=LATER, unreached="mailbox_unavailable", where="", now=NOON)
    message = now_is(begin, row)
    assert (message.state, message.next_attempt_at, message.unknown_at) == (State.UNKNOWN, LATER, NOON)
    with begin() as conn:
        assert list_history(conn, row)[-1].reason == "mailbox_unavailable"


def test_a_look_at_what_a_person_has_settled_meanwhile_changes_nothing(begin: Begin) -> None:
    row = attempted(begin, UNKNOWN)
    before = now_is(begin, row)
    with begin() as conn:
        settle(conn, row, sent=True, now=NOON)
        look_again(conn, before, at=LATER, unreached=None, where="", now=LATER)
    assert now_is(begin, row).state is State.SENT
    assert kinds(begin, row)[-1] == (History.SETTLED, State.SENT)


def test_what_is_held_carries_what_was_found_and_keeps_it_when_it_is_released(begin: Begin) -> None:
    row = put(begin, hold="national_id")
    held = now_is(begin, row)
    assert (held.state, held.reason, held.holds) == (State.HELD, "national_id", (Hold(kind="national_id"),))


def test_only_what_has_certainly_not_left_can_be_withdrawn(begin: Begin) -> None:
    row = put(begin)
    message = claimed(begin)
    with begin() as conn, pytest.raises(GateError):
        withdraw(conn, row, reason="returned", now=NOON)
    with begin() as conn:
        record_outcome(conn, message, UNKNOWN, now=NOON)
    with begin() as conn, pytest.raises(GateError):
        withdraw(conn, row, reason="returned", now=NOON)
    assert not LEFT & set(WITHDRAWABLE)


def test_everything_of_a_case_that_is_no_longer_wanted_is_withdrawn_at_once(begin: Begin) -> None:
    first, held = put(begin, "A"), put(begin, "B", hold="person_sends")
    case = now_is(begin, first).case_number or ""
    with begin() as conn:
        assert withdraw_all(conn, case_number=case, purposes=("reminder",), reason="returned", now=NOON) == ()
        assert withdraw_all(conn, case_number="DA-2026-000001-0", purposes=("forward",), reason="x", now=NOON) == ()
        gone = withdraw_all(conn, case_number=case, purposes=("forward",), reason="returned", now=NOON)
    assert [(message.id, message.state, message.reason) for message in gone] == [
        (first, State.WITHDRAWN, "returned"),
        (held, State.WITHDRAWN, "returned"),
    ]
    with begin() as conn:
        assert claim_due(conn, LATER) is None


def test_what_is_put_off_stays_queued_counts_no_attempt_and_is_due_then(begin: Begin) -> None:
    put(begin)
    with begin() as conn:
        (message,) = list_messages(conn)
        put_off(conn, message, until=LATER, reason="quiet_hours", now=NOON)
    with begin() as conn:
        assert claim_due(conn, NOON) is None
        (message,) = list_messages(conn)
        assert (message.state, message.attempts) == (State.QUEUED, 0)
        assert claim_due(conn, LATER) is not None


def test_who_reports_that_our_copy_was_lost_has_had_the_mail(begin: Begin) -> None:
    row = attempted(begin, UNKNOWN)
    with begin() as conn:
        settled = record_copy_lost(conn, row, known=True, now=LATER)
    assert settled is not None
    assert (settled.state, settled.evidence) == (State.SENT, Evidence.REPORT)


def test_whoever_knows_the_agreements_number_alone_settles_nothing_by_a_lost_copy(begin: Begin) -> None:
    row = attempted(begin, UNKNOWN)
    with begin() as conn:
        assert record_copy_lost(conn, row, known=False, now=LATER) is None
    assert now_is(begin, row).state is State.UNKNOWN


def test_a_failure_that_anybody_may_have_written_says_so_on_the_message(begin: Begin) -> None:
    row = attempted(begin, SENT)
    with begin() as conn:
        moved = record_report(conn, row, replace(FAILED, known=False), now=LATER)
    assert moved is not None
    assert (moved.state, moved.reason) == (State.FAILED_LATER, ANYBODYS_REPORT)


def test_what_left_once_and_was_refused_the_next_time_is_not_withdrawn_as_if_it_had_never_left(begin: Begin) -> None:
    row = attempted(begin, SENT)
    with begin() as conn:
        record_report(conn, row, FAILED, now=NOON)
        case = retry(conn, row, now=NOON).case_number or ""
    again = claimed(begin)
    with begin() as conn:
        record_outcome(conn, again, BLOCKED, now=NOON)
        assert withdraw_all(conn, case_number=case, purposes=("forward",), reason="voided", now=NOON) == ()
    assert now_is(begin, row).state is State.BLOCKED
