"""`avtale trust`: lists get in by their signatures alone, and returns wait for a fresh one."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agreements.errors import ConfigurationError
from agreements.language import Language
from onboarding.alarm_watch import look_for_alarms
from onboarding.alarms import LIST_WARNING, AlarmCode
from onboarding.doctor.services import check_trust
from onboarding.pipeline import judge_due
from onboarding.settings import Settings
from onboarding.trust_view import trust_answer
from onboarding.trusted_lists import SIGNERS, load_lists, update_lists
from signatures.listed import TrustedList
from signatures.lists import ListError, read_list
from tests.onboarding.installation import Installation
from tests.signatures.trusted_lists import Operator, Service, list_of_lists, make_operator, national_list

NOW = datetime.now(UTC).replace(microsecond=0)
LONG_AGO = NOW - timedelta(days=900)
UNTIL = NOW + timedelta(days=90)


@pytest.fixture(scope="module")
def eu() -> Operator:
    return make_operator("Kastbar union", NOW)


@pytest.fixture(scope="module")
def norway() -> Operator:
    return make_operator("Kastbart tilsyn", NOW)


@pytest.fixture
def settings(installation: Installation, eu: Operator) -> Settings:
    found = installation.workspace.settings
    assert found.trust.lists is not None
    (found.trust.lists / SIGNERS).mkdir(parents=True)
    (found.trust.lists / SIGNERS / "eu.der").write_bytes(eu.der)
    return found


@pytest.fixture
def put(tmp_path: Path) -> Callable[[bytes], Path]:
    def write(data: bytes) -> Path:
        path = tmp_path / f"{len(list(tmp_path.glob('*.xml')))}.xml"
        path.write_bytes(data)
        return path

    return write


def read_here(path: Path) -> TrustedList:
    """As in the sandbox, in this process; one test goes through the sandbox itself."""
    try:
        return read_list(path.read_bytes())
    except ListError as error:
        raise ConfigurationError(
            "list_signature" if error.fault == "signature" else "list_not_a_list", path=""
        ) from error


def a_list(installation: Installation, norway: Operator, **changed: object) -> bytes:
    service = Service(certificate=installation.pki.intermediate.der, since=LONG_AGO)
    return national_list(norway, (service,), **{"issued": LONG_AGO, "until": UNTIL} | changed)  # type: ignore[arg-type]


def lotl(eu: Operator, norway: Operator, *, until: datetime = UNTIL, sequence: int = 300) -> bytes:
    return list_of_lists(eu, {"NO": norway.der}, issued=LONG_AGO, until=until, sequence=sequence)


def code_of(call: Callable[[], object]) -> str:
    with pytest.raises(ConfigurationError) as refused:
        call()
    return refused.value.code


def test_both_lists_are_taken_in_through_the_sandbox_and_read_back_without_it(
    installation: Installation, settings: Settings, eu: Operator, norway: Operator, put: Callable[[bytes], Path]
) -> None:
    paths = [put(a_list(installation, norway)), put(lotl(eu, norway))]
    assert [one.territory for one in update_lists(settings, paths, now=NOW)] == ["EU", "NO"]

    def never(_path: Path) -> TrustedList:
        raise AssertionError("read anew")

    [kept] = load_lists(settings, never)
    assert (kept.territory, kept.sequence, kept.next_update) == ("NO", 7, UNTIL)
    told = trust_answer(settings, Language.NB, now=NOW)
    assert json.loads(told.as_json())["data"]["lists"][0]["stale"] is False


def test_lists_by_the_wrong_hand_out_of_date_or_older_are_refused_and_nothing_is_written(
    installation: Installation, settings: Settings, eu: Operator, norway: Operator, put: Callable[[bytes], Path]
) -> None:
    good, stranger = put(lotl(eu, norway)), make_operator("Fremmed", NOW)
    assert settings.trust.lists is not None
    altered = a_list(installation, norway).replace(b"Scheme</Name>", b"Skjema</Name>")
    for data, code in (
        (a_list(installation, stranger), "list_signer"),
        (a_list(installation, norway, territory="SE"), "list_signer"),
        (altered, "list_signature"),
        (a_list(installation, norway, until=NOW), "list_stale"),
    ):
        bad = put(data)
        assert code_of(lambda bad=bad: update_lists(settings, [good, bad], now=NOW, read=read_here)) == code  # type: ignore[misc]
    assert (
        code_of(lambda: update_lists(settings, [put(lotl(stranger, norway))], now=NOW, read=read_here)) == "list_signer"
    )
    alone = put(a_list(installation, norway))
    assert code_of(lambda: update_lists(settings, [alone], now=NOW, read=read_here)) == "list_no_lotl"
    assert list(settings.trust.lists.glob("*.xml")) == []
    update_lists(settings, [good, alone], now=NOW, read=read_here)
    for sequence in (6, 7):
        other = put(a_list(installation, norway, sequence=sequence, until=UNTIL + timedelta(days=1)))
        assert code_of(lambda other=other: update_lists(settings, [other], now=NOW, read=read_here)) == "list_older"  # type: ignore[misc]
    update_lists(settings, [alone], now=NOW, read=read_here)  # the same once more
    update_lists(settings, [put(a_list(installation, norway, sequence=8))], now=NOW, read=read_here)
    assert load_lists(settings)[0].sequence == 8


def test_values_that_somebody_else_wrote_are_not_believed_and_an_exchanged_list_stops_the_work(
    installation: Installation, settings: Settings, eu: Operator, norway: Operator, put: Callable[[bytes], Path]
) -> None:
    update_lists(settings, [put(lotl(eu, norway)), put(a_list(installation, norway))], now=NOW, read=read_here)
    assert settings.trust.lists is not None
    compact = settings.trust.lists / "NO.json"
    ours = compact.read_bytes()
    compact.write_bytes(ours.replace(b'"sequence":7', b'"sequence":9'))
    assert load_lists(settings, read_here)[0].sequence == 7
    assert compact.read_bytes() == ours
    (settings.trust.lists / "NO.xml").write_bytes(a_list(installation, make_operator("Fremmed", NOW)))
    assert code_of(lambda: load_lists(settings, read_here)) == "list_signer"


def test_a_return_waits_for_a_fresh_list_with_an_alarm_and_is_then_judged_by_itself(
    installation: Installation, settings: Settings, eu: Operator, norway: Operator, put: Callable[[bytes], Path]
) -> None:
    trust = settings.trust.model_copy(update={"require_qualified": True})
    workspace = replace(installation.workspace, settings=settings.model_copy(update={"trust": trust}))
    installation.workspace = workspace
    soon = NOW + timedelta(minutes=30)
    update_lists(
        workspace.settings,
        [put(lotl(eu, norway)), put(a_list(installation, norway, until=soon))],
        now=NOW,
        read=read_here,
    )
    installation.clock.ahead = timedelta(hours=1)
    [check] = [one for one in check_trust(workspace.settings, workspace.clock()) if one.code == "doctor_list_stale"]
    assert not check.ok
    installation.drop("avtale.pdf", installation.template.honest)
    installation.run()
    assert [error.code for error in judge_due(workspace).failed] == ["trusted_list_stale"]
    assert installation.mails() == []
    assert AlarmCode.LIST_STALE in {alarm.code for alarm in look_for_alarms(workspace, stuck=())}
    update_lists(
        workspace.settings, [put(a_list(installation, norway, sequence=8))], now=workspace.clock(), read=read_here
    )
    installation.run()
    assert len(installation.mails()) == 1
    assert AlarmCode.LIST_STALE not in {alarm.code for alarm in look_for_alarms(workspace, stuck=())}
    installation.clock.ahead = UNTIL - NOW - LIST_WARNING + timedelta(hours=1)
    assert AlarmCode.LIST_STALE in {alarm.code for alarm in look_for_alarms(workspace, stuck=())}
