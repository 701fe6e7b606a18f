"""Which message a mail system's report is about: known by what only those know who had the mail, and never guessed."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outbox.attempts import claim_due, record_outcome
from outbox.evidence import Action, Report
from outbox.messages import Begin, Message, enqueue, find, metadata
from outbox.outcome import Outcome, Phase, Result
from outbox.reports import (
    MAX_TEXT,
    Matched,
    MatchedBy,
    RecipientStatus,
    StatusNotification,
    find_reported,
    tells_trouble,
    what_is_said,
)
from tests.outbox.outbox_kit import NOON, RECIPIENT, beginning, new_message, sqlite_engine

COPY, AGREEMENT = "avtaler@example.org", "DA-2026-000042-J.1"
SENT = Outcome(result=Result.SENT, phase=Phase.AFTER_DOT, reply="250 2.0.0 Ok: queued as 1")
GONE = RecipientStatus(original=RECIPIENT, action="failed", status="5.1.1", diagnostic="smtp; 550 no such user")
Put = Callable[..., Message]


@pytest.fixture
def put(begin: Begin) -> Put:
    """Enqueues a message, and has it leave unless told otherwise."""

    def put_it(key: str = "forward:A", *, leave: bool = True, **changes: Any) -> Message:
        with begin() as conn:
            row = enqueue(conn, replace(new_message(key), copy_to=COPY, **changes), now=NOON)
            assert row is not None
            if leave:
                claimed = claim_due(conn, NOON)
                assert claimed is not None
                record_outcome(conn, claimed, SENT, now=NOON)
            message = find(conn, row)
        assert message is not None
        return message

    return put_it


def matched(begin: Begin, *recipients: RecipientStatus, **told: str) -> Matched | None:
    with begin() as conn:
        return find_reported(conn, StatusNotification(recipients=recipients, **told))


@pytest.mark.parametrize(
    ("field", "by"),
    [
        ("envelope_id", MatchedBy.ENVELOPE_ID),
        ("message_id", MatchedBy.MESSAGE_ID),
        ("mark", MatchedBy.MARK),
    ],
)
def test_a_report_is_known_by_what_the_mail_carried(begin: Begin, put: Put, field: str, by: MatchedBy) -> None:
    put("forward:other")
    message = put()
    value = message.message_id if field == "message_id" else message.envelope_id
    found = matched(begin, GONE, **{field: value})
    assert found is not None
    assert (found.message, found.by, found.copy_lost) == (message, by, False)
    assert found.report == Report(action=Action.FAILED, text="5.1.1 550 no such user")


def test_the_envelope_id_counts_before_what_the_returned_mail_says(begin: Begin, put: Put) -> None:
    first, second = put("forward:A"), put("forward:B")
    found = matched(begin, GONE, envelope_id=second.envelope_id, message_id=first.message_id, mark=first.envelope_id)
    assert found is not None
    assert found.message == second


@pytest.mark.parametrize("told", [{}, {"envelope_id": "x"}, {"message_id": "<x@example.org>", "mark": "x"}])
def test_a_report_about_mail_of_others_is_about_none_of_ours(begin: Begin, put: Put, told: dict[str, str]) -> None:
    put()
    assert matched(begin, GONE, **told) is None


# --- by the agreement's number ----------------------------------------------------------------------------------------


def test_the_agreements_number_and_the_recipient_are_enough_to_say_that_it_failed(begin: Begin, put: Put) -> None:
    message = put()
    found = matched(begin, GONE, agreement=AGREEMENT)
    assert found is not None
    assert (found.message, found.by) == (message, MatchedBy.AGREEMENT)
    assert found.report is not None


@pytest.mark.parametrize("action", ["delivered", "relayed", "expanded", "delayed"])
def test_but_never_to_say_that_it_arrived(begin: Begin, put: Put, action: str) -> None:
    put()
    found = matched(begin, replace(GONE, action=action, status=""), agreement=AGREEMENT)
    assert found is not None
    assert found.report is None


@pytest.mark.parametrize("agreement", ["", "DA-2026-000042-J", "DA-2026-000042-J.2", "x", "."])
def test_another_number_is_another_agreement(begin: Begin, put: Put, agreement: str) -> None:
    put()
    assert matched(begin, GONE, agreement=agreement) is None


def test_a_message_that_never_left_is_not_meant(begin: Begin, put: Put) -> None:
    put(leave=False)
    assert matched(begin, GONE, agreement=AGREEMENT) is None


def test_another_recipient_is_not_meant(begin: Begin, put: Put) -> None:
    put(recipient="post@example.org")
    assert matched(begin, GONE, agreement=AGREEMENT) is None


def test_two_that_it_may_be_about_are_for_a_person(begin: Begin, put: Put) -> None:
    put("forward:A"), put("reminder:A")
    assert matched(begin, GONE, agreement=AGREEMENT) is None


# --- what it says -----------------------------------------------------------------------------------------------------


def said(message: Message, *recipients: RecipientStatus) -> tuple[str, str] | None:
    report = what_is_said(message, recipients)
    return None if report is None else (report.action.value, report.text)


def test_what_is_said_of_our_copy_is_not_said_of_the_message(begin: Begin, put: Put) -> None:
    message = put()
    full = RecipientStatus(final=COPY, action="failed", status="5.2.2")
    found = matched(begin, full, envelope_id=message.envelope_id)
    assert found is not None
    assert (found.report, found.copy_lost) == (None, True)
    both = matched(begin, full, replace(GONE, action="relayed", status="2.0.0"), envelope_id=message.envelope_id)
    assert both is not None
    assert both.report is not None
    assert (both.report.action, both.copy_lost) == (Action.RELAYED, True)


def test_letter_case_of_addresses_counts_for_nothing(put: Put) -> None:
    assert said(put(), RecipientStatus(final=RECIPIENT.upper(), action="relayed")) == ("relayed", "")


def test_trouble_with_an_address_nobody_named_is_told_with_it_and_its_success_is_not(put: Put) -> None:
    message = put()
    other = RecipientStatus(final="ola@posten.example", action="failed", status="5.2.2", diagnostic="full")
    assert said(message, other) == ("failed", "ola@posten.example 5.2.2 full")
    assert said(message, replace(other, action="delivered", status="2.0.0")) is None


def test_one_that_failed_outweighs_all_that_arrived(put: Put) -> None:
    fine = RecipientStatus(original=RECIPIENT, final="kari@posten.example", action="delivered", status="2.1.5")
    assert said(put(), fine, GONE, fine) == ("failed", "5.1.1 550 no such user")


@pytest.mark.parametrize(
    ("action", "status", "expected"),
    [
        ("failed", "2.0.0", "failed"),
        ("", "5.1.1", "failed"),
        ("", "4.4.1", "delayed"),
        ("", "2.0.0", "delivered"),
        ("", "", None),
        ("lost", "", None),
    ],
)
def test_where_no_action_is_given_the_status_says_it(put: Put, action: str, status: str, expected: str | None) -> None:
    told = said(put(), RecipientStatus(original=RECIPIENT, action=action, status=status))
    assert (told and told[0]) == expected


@pytest.mark.parametrize(
    ("recipients", "trouble"),
    [
        ((), True),
        ((GONE,), True),
        ((replace(GONE, action="delayed"),), True),
        ((replace(GONE, action="", status=""),), True),
        ((replace(GONE, action="delivered"),), False),
        ((replace(GONE, action="relayed"), GONE), True),
    ],
)
def test_a_report_that_says_nothing_may_be_of_trouble(recipients: tuple[RecipientStatus, ...], trouble: bool) -> None:
    assert tells_trouble(StatusNotification(recipients=recipients)) is trouble


RECIPIENTS = st.builds(
    RecipientStatus,
    original=st.sampled_from(["", RECIPIENT, COPY, "ola@posten.example"]),
    final=st.sampled_from(["", RECIPIENT, COPY, "ola@posten.example"]),
    action=st.sampled_from(["", "failed", "delayed", "delivered", "relayed", "expanded", "?"]),
    status=st.sampled_from(["", "2.0.0", "4.4.1", "5.1.1"]),
    diagnostic=st.text(max_size=20),
)


@pytest.fixture(scope="module")
def sent_once() -> Message:
    engine = sqlite_engine(":memory:")
    metadata.create_all(engine)
    with beginning(engine)() as conn:
        row = enqueue(conn, replace(new_message(), copy_to=COPY), now=NOON)
        assert row is not None
        message = find(conn, row)
    engine.dispose()
    assert message is not None
    return message


@given(recipients=st.lists(RECIPIENTS, max_size=5))
def test_nothing_is_said_to_have_arrived_that_is_not_said_of_the_recipient_itself(
    sent_once: Message, recipients: list[RecipientStatus]
) -> None:
    report = what_is_said(sent_once, recipients)
    named = [one for one in recipients if RECIPIENT in {one.original, one.final}]
    if report is not None and report.action in {Action.DELIVERED, Action.RELAYED, Action.EXPANDED}:
        assert named
        assert all(one.action != "failed" for one in named)
    if any(one.action == "failed" for one in named):
        assert report is not None
        assert report.action is Action.FAILED
    assert report is None or len(report.text) <= MAX_TEXT
