"""What may become of identity numbers: refused where it contradicts itself, and told by the doctor."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from onboarding.doctor import Check, Level
from onboarding.doctor.identity import check_identity
from onboarding.settings import load_settings
from tests.outbox.certificates import certificate_for
from tests.settings.conftest import Spoil

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
TEST_TO = "  test_to: digipost@localhost\n"
DECISION = "{{profile: {profile}, decision: {decision}, by: {by}, date: {date}, basis: Vurdering, expires: {expires}}}"


def decision(
    *,
    profile: str = "service",
    decision: str = "allow",
    by: str = "kari",
    date: str = "2026-11-01",
    expires: str = "2027-11-01",
) -> str:
    return DECISION.format(profile=profile, decision=decision, by=by, date=date, expires=expires)


def with_decisions(*decisions: str) -> str:
    lines = "".join(f"    - {one}\n" for one in decisions)
    return f"{TEST_TO}  national_id_decisions:\n{lines}"


def told(config: Path, forward: str, *, now: datetime = NOW) -> list[Check]:
    text = config.read_text()
    assert text.count(TEST_TO) == 1
    config.write_text(text.replace(TEST_TO, forward))
    return list(check_identity(load_settings(config), now))


def codes(checks: list[Check]) -> list[tuple[Level, str]]:
    return [(check.level, check.code) for check in checks]


# --- refused ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "forward", [f"{TEST_TO}  national_id: encrypt\n", with_decisions(decision(decision="encrypt"))]
)
def test_to_encrypt_takes_a_certificate(spoil: Spoil, forward: str) -> None:
    [fault] = spoil(TEST_TO, forward)
    assert (fault.key, fault.code) == ("forward.encrypt_to", "setting_no_encryption_certificate")


def test_one_way_of_signing_has_one_decision(spoil: Spoil) -> None:
    [fault] = spoil(TEST_TO, with_decisions(decision(), decision(by="ola")))
    assert (fault.key, fault.code) == ("forward.national_id_decisions[1].profile", "setting_doubled")


def test_a_decision_does_not_end_before_it_begins(spoil: Spoil) -> None:
    [fault] = spoil(TEST_TO, with_decisions(decision(expires="2026-10-31")))
    assert fault.code == "setting_expires_before_date"


@pytest.mark.parametrize("missing", ["by: kari, ", "basis: Vurdering, ", ", expires: 2027-11-01", "date: 2026-11-01, "])
def test_a_decision_says_who_when_on_what_grounds_and_until_when(spoil: Spoil, missing: str) -> None:
    assert missing in decision()
    [fault] = spoil(TEST_TO, with_decisions(decision().replace(missing, "")))
    assert fault.code == "setting_missing"


def test_nobody_decides_to_hold(spoil: Spoil) -> None:
    [fault] = spoil(TEST_TO, with_decisions(decision(decision="hold")))
    assert fault.code == "setting_not_a_choice"


# --- told by the doctor -----------------------------------------------------------------------------------------------


def test_what_holds_by_default_is_fine_and_what_lets_everything_go_is_a_warning(config: Path) -> None:
    assert codes(told(config, TEST_TO)) == [(Level.OK, "identity_hold")]
    assert codes(told(config, f"{TEST_TO}  national_id: allow\n")) == [(Level.WARNING, "doctor_identity_allowed")]


@pytest.mark.parametrize(
    ("pem", "level", "code"),
    [
        (certificate_for(), Level.OK, "identity_certificate"),
        (certificate_for(until=NOW + timedelta(days=20)), Level.WARNING, "doctor_identity_certificate_expires"),
        (certificate_for(until=NOW - timedelta(days=1)), Level.FAULT, "encryption_certificate"),
        (certificate_for(uses=("digital_signature",)), Level.FAULT, "encryption_certificate"),
        (b"no certificate", Level.FAULT, "encryption_certificate"),
        (None, Level.FAULT, "encryption_certificate"),
    ],
)
def test_the_certificate_is_looked_at(config: Path, pem: bytes | None, level: Level, code: str) -> None:
    if pem is not None:
        (config.parent / "digipost.pem").write_bytes(pem)
    found = told(config, f"{TEST_TO}  national_id: encrypt\n  encrypt_to: ./digipost.pem\n")
    assert codes(found) == [(Level.OK, "identity_encrypt"), (level, code)]


@pytest.mark.parametrize(
    ("said", "level", "code"),
    [
        (decision(), Level.OK, "identity_decision"),
        (decision(expires="2026-12-10"), Level.WARNING, "doctor_identity_decision_expires"),
        (decision(expires="2026-11-22"), Level.WARNING, "doctor_identity_decision_idle"),
        (decision(date="2026-11-24"), Level.WARNING, "doctor_identity_decision_idle"),
        (decision(profile="fax"), Level.WARNING, "doctor_identity_decision_unknown"),
        (decision(by="sluttet"), Level.FAULT, "doctor_identity_decision_nobody"),
    ],
)
def test_each_decision_is_told_with_what_is_wrong_with_it(config: Path, said: str, level: Level, code: str) -> None:
    [_, check] = told(config, with_decisions(said))
    assert (check.level, check.code) == (level, code)


def test_the_days_that_are_left_are_told(config: Path) -> None:
    [_, check] = told(config, with_decisions(decision(expires="2026-12-31")))
    assert (check.params["days"], check.params["until"], check.params["by"]) == (38, "2026-12-31", "kari")
