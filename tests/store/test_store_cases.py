"""Cases in the store: what goes in comes out, and a move happens once."""

from datetime import date, timedelta

import pytest

from agreements.agreement import SigningRoute
from agreements.case import AgreementState, LaunchPlan, Step
from agreements.casenumber import CaseNumber
from agreements.duties import hand_over
from agreements.errors import TemporaryError, UsageError
from agreements.turn import Duty, Party, SetupClock, Turn
from onboarding.store import Store
from onboarding.store.cases import find_case, find_open_case, insert_case, list_cases, move_case, next_case_number
from onboarding.store.events import list_events, verify_chain
from onboarding.store.overview import CaseFilter, list_page
from tests.store.examples import KARI, NOW, a_case, add_case, happened, moved, synthetic_org_number
from tests.store.launches import HASH, OLA, attest, verifying


def test_a_case_comes_back_as_it_was_stored(store: Store) -> None:
    with store.begin() as connection:
        case = add_case(connection)
    with store.read() as connection:
        assert find_case(connection, case.number) == case
        assert find_case(connection, CaseNumber(2026, 99)) is None


def test_serials_run_by_year(store: Store) -> None:
    with store.begin() as connection:
        for expected in (1, 2, 3):
            assert add_case(connection, org=expected).number == CaseNumber(2026, expected)
        assert next_case_number(connection, 2027) == CaseNumber(2027, 1)


def test_a_move_writes_every_changing_value_the_next_revision_and_the_event(store: Store) -> None:
    with store.begin() as connection:
        case = add_case(connection)
    changed = moved(
        case,
        customer_name="Nytt navn AS",
        values={"customer.name": "Nytt navn AS"},
        signers=(),
        signing=SigningRoute.PAPER,
        step=Step.AGREEMENT,
        held=True,
        unconfirmed=False,
        asking=True,
        plan=LaunchPlan.DIRECT,
        agreement_version=2,
        agreement_state=AgreementState.ISSUED,
        issued_on=date(2026, 11, 24),
        setup_ball=None,
        clock=SetupClock(starts_on=date(2026, 11, 25), counts_from=None, spent=1),
        updated_at=NOW + timedelta(days=1),
    )
    with store.begin() as connection:
        written = move_case(connection, changed, event=happened("agreement.issued"))
    with store.read() as connection:
        assert written == hand_over(moved(changed, revision=2))
        assert written.turn == Turn(
            duty=Duty.RESUME, party=Party.VENDOR, since=changed.updated_at, counts_from=date(2026, 11, 24)
        )
        assert find_case(connection, case.number) == written
        created, issued = list_events(connection, str(case.number))
    assert (created.kind, created.data) == ("case.created", '{"revision":1}')
    assert (issued.kind, issued.data) == ("agreement.issued", '{"revision":2}')


def test_a_move_from_an_old_revision_is_lost_and_writes_no_event(store: Store) -> None:
    with store.begin() as connection:
        case = add_case(connection)
        move_case(connection, moved(case, held=True), event=happened("case.held"))
    with pytest.raises(TemporaryError) as lost, store.begin() as connection:
        move_case(connection, moved(case, unconfirmed=False), event=happened("case.confirmed"))
    assert lost.value.code == "case_changed"
    with store.read() as connection:
        assert [event.kind for event in list_events(connection)] == ["case.created", "case.held"]
        assert verify_chain(connection) is None


def test_a_case_that_is_not_there_can_not_be_moved(store: Store) -> None:
    with pytest.raises(TemporaryError), store.begin() as connection:
        move_case(connection, a_case(), event=happened())


def test_a_vendor_has_one_open_case_for_an_organisation(store: Store) -> None:
    with store.begin() as connection:
        case = add_case(connection)
        with pytest.raises(UsageError) as refused:
            insert_case(connection, a_case(next_case_number(connection, 2026)), event=happened())
        assert refused.value.params == {"case": str(case.number)}
        other = moved(a_case(next_case_number(connection, 2026)), vendor_id="annen")
        insert_case(connection, other, event=happened())


def test_a_launched_or_closed_case_makes_room_for_a_new_one(store: Store) -> None:
    with store.begin() as connection:
        case, configuration = verifying(connection)
        attest(connection, case, configuration, Party.VENDOR, OLA)
        attest(connection, case, configuration, Party.DIGIPOST, KARI)
        move_case(connection, moved(case, step=Step.LAUNCHED, launched_sha256=HASH), event=happened())
        move_case(connection, moved(add_case(connection), step=Step.CLOSED), event=happened())
        assert find_open_case(connection, "fjord", synthetic_org_number(0)) is None
        last = add_case(connection)
        assert find_open_case(connection, "fjord", synthetic_org_number(0)) == last


def test_a_number_taken_at_the_same_moment_is_a_temporary_fault(store: Store) -> None:
    with store.begin() as connection:
        add_case(connection)
    with pytest.raises(TemporaryError) as lost, store.begin() as connection:
        insert_case(connection, a_case(CaseNumber(2026, 1), org=1), event=happened())
    assert lost.value.code == "case_changed"


def test_cases_are_listed_in_order_and_by_step(store: Store) -> None:
    with store.begin() as connection:
        first, second, third = (add_case(connection, org=org) for org in range(3))
        move_case(connection, moved(second, step=Step.AGREEMENT), event=happened())
    with store.read() as connection:
        assert [case.number for case in list_cases(connection)] == [first.number, second.number, third.number]
        assert [case.number for case in list_page(connection, CaseFilter(step=Step.AGREEMENT))] == [second.number]
