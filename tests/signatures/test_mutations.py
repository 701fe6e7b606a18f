"""Whatever is done to the bytes: judging never raises, and nothing but the untouched return passes."""

import logging
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agreements.decision import Verdict, decide
from agreements.findings import INT_ENGINE_ERROR
from agreements.signature_report import Indication
from signatures.judge import judge
from signatures.throwaway import ThrowawayPki, sign
from signatures.trust import Trust
from tests.signatures.papers import NOW, RECEIVED, make_agreement

QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def signed(pki: ThrowawayPki, agreement: bytes) -> bytes:
    return sign(agreement, pki.person("Kari Nordmann"), field="Signatur1", level="B-LTA", now=NOW)


@QUICK
@given(place=st.floats(0, 1, exclude_max=True), junk=st.binary(min_size=1, max_size=12))
def test_overwritten_bytes_never_raise_and_never_pass_as_another_text(
    signed: bytes, trust: Trust, place: float, junk: bytes
) -> None:
    at = int(place * len(signed))
    mutant = signed[:at] + junk + signed[at + len(junk) :]
    report = judge(mutant, trust=trust, at=RECEIVED)
    if mutant != signed and report.indication is Indication.TOTAL_PASSED:
        # What may change without harm lies outside what the first signature covers.
        assert mutant[: len(make_agreement())] == make_agreement()


@QUICK
@given(start=st.floats(0, 1), length=st.integers(1, 4000))
def test_removed_bytes_never_raise(signed: bytes, trust: Trust, start: float, length: int) -> None:
    at = int(start * len(signed))
    judge(signed[:at] + signed[at + length :], trust=trust, at=RECEIVED)


@QUICK
@given(start=st.floats(0, 1), junk=st.binary(min_size=1, max_size=300))
def test_inserted_bytes_are_never_approved(
    signed: bytes, agreement: bytes, trust: Trust, start: float, junk: bytes
) -> None:
    at = int(start * len(signed))
    report = judge(signed[:at] + junk + signed[at:], trust=trust, at=RECEIVED, issued=agreement)
    assert decide(report.findings).verdict is not Verdict.APPROVED


@QUICK
@given(cut=st.floats(0, 1, exclude_max=True))
def test_a_truncated_return_is_never_approved(signed: bytes, agreement: bytes, trust: Trust, cut: float) -> None:
    report = judge(signed[: int(cut * (len(signed) - 2))], trust=trust, at=RECEIVED, issued=agreement)
    assert decide(report.findings).verdict is not Verdict.APPROVED


def test_an_error_nobody_foresaw_is_a_finding(signed: bytes, trust: Trust, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RecursionError

    monkeypatch.setattr("signatures.judge.enumerate_signatures", fail)
    report = judge(signed, trust=trust, at=RECEIVED)
    assert report.findings[0] == INT_ENGINE_ERROR(error="RecursionError")
    assert report.indication is Indication.TOTAL_FAILED


def test_the_time_of_receipt_must_have_a_zone(signed: bytes, trust: Trust) -> None:
    with pytest.raises(ValueError, match="zone"):
        judge(signed, trust=trust, at=RECEIVED.replace(tzinfo=None))


def test_the_log_says_nothing_of_the_signers(signed: bytes, trust: Trust, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        judge(signed, trust=trust, at=RECEIVED + timedelta(days=100))
    assert "Nordmann" not in caplog.text
