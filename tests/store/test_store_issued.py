"""Issued agreements in the store."""

from dataclasses import replace

import pytest

from agreements.agreement import IssuedState
from agreements.casenumber import AgreementNumber
from agreements.errors import TemporaryError
from onboarding.store import Store
from onboarding.store.issued import (
    find_agreement,
    find_by_bytes,
    insert_agreement,
    issued_sizes,
    list_agreements,
    void_agreement,
)
from tests.store.examples import add_case, an_agreement


def test_an_agreement_comes_back_as_it_was_stored_and_is_found_by_its_bytes(store: Store) -> None:
    with store.begin() as connection:
        case = add_case(connection)
        first = an_agreement(case)
        second = replace(an_agreement(case, version=2, sha256="cd" * 32), adopted=True)
        for agreement in (second, first):
            insert_agreement(connection, agreement)
    with store.read() as connection:
        assert find_agreement(connection, first.number) == first
        assert find_agreement(connection, AgreementNumber(case.number, 3)) is None
        assert list_agreements(connection, case.number) == (first, second)
        assert issued_sizes(connection) == {51_234}
        assert find_by_bytes(connection, size=51_234, sha256="cd" * 32) == second
        assert find_by_bytes(connection, size=51_233, sha256="cd" * 32) is None


def test_a_version_is_issued_once(store: Store) -> None:
    with store.begin() as connection:
        case = add_case(connection)
        insert_agreement(connection, an_agreement(case))
    with pytest.raises(TemporaryError), store.begin() as connection:
        insert_agreement(connection, an_agreement(case, sha256="ef" * 32))


def test_a_version_is_voided_once(store: Store) -> None:
    with store.begin() as connection:
        agreement = an_agreement(add_case(connection))
        insert_agreement(connection, agreement)
        void_agreement(connection, agreement.number)
        voided = find_agreement(connection, agreement.number)
    assert voided is not None
    assert voided.state is IssuedState.VOID
    with pytest.raises(TemporaryError), store.begin() as connection:
        void_agreement(connection, agreement.number)
