"""A set-up is verified when both parties have attested exactly the configuration in force, and never else."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agreements.case import LaunchPlan
from agreements.plan import PlanDecision, silent_parties
from agreements.turn import Party
from agreements.verification import (
    Attestation,
    Channel,
    Lack,
    Method,
    MethodResult,
    MethodState,
    VerificationRecord,
    attestation_code,
    lacks,
    valid_attestation,
)
from tests.renderers.records import (
    AWKWARD_RECORD,
    CONFIGURATION,
    DIGIPOST_WORD,
    DIRECT_PLAN,
    EARLIER,
    EMPTY_RECORD,
    FULL_PLAN,
    PASSED,
    RECORD,
    VENDOR_WORD,
)

START = datetime(2026, 11, 20, tzinfo=UTC)


def with_state(state: MethodState) -> MethodResult:
    return replace(PASSED, method=Method.V2, state=state)


def test_a_whole_record_lacks_nothing() -> None:
    assert lacks(RECORD) == ()


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (
            EMPTY_RECORD,
            (Lack.NO_METHOD_AGREED, Lack.VENDOR_NOT_ATTESTED, Lack.DIGIPOST_NOT_ATTESTED),
        ),
        (AWKWARD_RECORD, (Lack.METHOD_OPEN, Lack.METHOD_FAILED, Lack.DIGIPOST_NOT_ATTESTED)),
        (replace(RECORD, results=(replace(PASSED, agreed=False),)), (Lack.NO_METHOD_AGREED,)),
        (replace(RECORD, results=(with_state(MethodState.NOT_RELEVANT),)), (Lack.NONE_PASSED,)),
        (replace(RECORD, results=(PASSED, with_state(MethodState.OPEN))), (Lack.METHOD_OPEN,)),
        (replace(RECORD, results=(PASSED, with_state(MethodState.FAILED))), (Lack.METHOD_FAILED,)),
        (replace(RECORD, attestations=(DIGIPOST_WORD,)), (Lack.VENDOR_NOT_ATTESTED,)),
        (replace(RECORD, attestations=(VENDOR_WORD,)), (Lack.DIGIPOST_NOT_ATTESTED,)),
    ],
)
def test_everything_that_is_lacking_is_told(record: VerificationRecord, expected: tuple[Lack, ...]) -> None:
    assert lacks(record) == expected


def test_a_changed_configuration_voids_both_attestations() -> None:
    changed = replace(RECORD, configuration_sha256=EARLIER)
    assert lacks(changed) == (Lack.VENDOR_NOT_ATTESTED, Lack.DIGIPOST_NOT_ATTESTED)


def test_the_vendors_word_for_digipost_counts_only_where_a_setting_says_so() -> None:
    told = replace(DIGIPOST_WORD, channel=Channel.VENDOR_TESTIMONY)
    record = replace(RECORD, attestations=(VENDOR_WORD, told))
    assert lacks(record) == (Lack.DIGIPOST_NOT_ATTESTED,)
    assert lacks(replace(record, accept_testimony=True)) == ()


def test_the_latest_of_several_attestations_stands() -> None:
    later = replace(DIGIPOST_WORD, name="En annen", at=DIGIPOST_WORD.at + timedelta(days=1))
    record = replace(RECORD, attestations=(later, DIGIPOST_WORD, VENDOR_WORD))
    assert valid_attestation(record, Party.DIGIPOST) == later


attestations = st.builds(
    Attestation,
    party=st.sampled_from(Party),
    name=st.just("Noen"),
    at=st.integers(0, 100).map(lambda hours: START + timedelta(hours=hours)),
    configuration_sha256=st.sampled_from([CONFIGURATION, EARLIER]),
    channel=st.sampled_from(Channel),
)
results = st.builds(
    MethodResult, method=st.sampled_from(Method), agreed=st.booleans(), state=st.sampled_from(MethodState)
)


@given(st.lists(attestations, max_size=6), st.lists(results, max_size=4), st.booleans())
def test_nothing_is_verified_without_both_parties_own_word_and_a_passed_method(
    given_: list[Attestation], tried: list[MethodResult], accepted: bool
) -> None:
    record = replace(RECORD, attestations=tuple(given_), results=tuple(tried), accept_testimony=accepted)
    if lacks(record):
        return
    words = [a for a in given_ if a.configuration_sha256 == CONFIGURATION]
    assert {Party.VENDOR, Party.DIGIPOST} <= {
        a.party for a in words if accepted or a.channel is not Channel.VENDOR_TESTIMONY
    }
    agreed = [result.state for result in tried if result.agreed]
    assert MethodState.PASSED in agreed
    assert not {MethodState.OPEN, MethodState.FAILED} & set(agreed)


def test_the_code_ties_case_and_configuration_together() -> None:
    assert attestation_code("DA-2026-000042-J", CONFIGURATION) == "DA-2026-000042-J 3F9A0C71"
    assert attestation_code("DA-2026-000042-J", EARLIER) != attestation_code("DA-2026-000042-J", CONFIGURATION)
    for wrong in ("", "3f9a0c71", CONFIGURATION.upper(), CONFIGURATION + "0", CONFIGURATION[:-1] + "\n"):
        with pytest.raises(ValueError, match="SHA-256"):
            attestation_code("DA-2026-000042-J", wrong)


# --- the plan ---


def test_a_decision_is_all_parties_own_when_each_has_a_named_person() -> None:
    assert silent_parties(DIRECT_PLAN.decision) == ()
    assert silent_parties(FULL_PLAN.decision) == (Party.CUSTOMER,)
    assert silent_parties(PlanDecision(plan=LaunchPlan.OPEN)) == (Party.VENDOR, Party.DIGIPOST, Party.CUSTOMER)
