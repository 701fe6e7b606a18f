"""`avtale doctor` and what left: is there a place to look for it, and does anybody read what comes back?"""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from agreements.language import Language
from onboarding.doctor import Level
from onboarding.doctor.evidence import check_evidence
from onboarding.doctor_view import _hint, _message
from onboarding.settings import load_settings
from tests.intake.imap_faults import FakeImap, no

NOW = dt.datetime.now(dt.UTC)
OK, WARNING, FAULT = Level.OK, Level.WARNING, Level.FAULT
OWN = "avtaler@example.org"


@pytest.fixture
def fake() -> Iterator[FakeImap]:
    with FakeImap() as running:
        yield running


def checked(config: Path, changes: dict[str, dict[str, Any]], *mailboxes: dict[str, Any]) -> list[tuple[Level, str]]:
    """What is told; every text of it can be said."""
    secret = config.parent / "imap-password"
    secret.write_text("passord")
    secret.chmod(0o600)
    usual = {"id": "avtaler", "address": OWN, "username": "avtaler", "password_file": str(secret), "host": "127.0.0.1"}
    document = yaml.safe_load(config.read_text())
    for group, values in changes.items():
        document[group] |= values
    document["mailboxes"] = [usual | each for each in mailboxes]
    config.write_text(yaml.safe_dump(document))
    found = list(check_evidence(load_settings(config), NOW))
    for check in found:
        for language in Language:
            assert "{" not in _message(check, language) + _hint(check, language)
    return [(check.level, check.code) for check in found]


@pytest.mark.parametrize(
    ("policy", "told"),
    [
        ("ask", (OK, "evidence_none")),
        ("resend", (WARNING, "doctor_evidence_resend_blind")),
        ("wait", (WARNING, "doctor_evidence_wait_blind")),
    ],
)
def test_without_a_place_to_look_only_asking_a_person_is_no_risk(
    config: Path, policy: str, told: tuple[Level, str]
) -> None:
    assert checked(config, {"forward": {"when_unknown": policy}}) == [told, (OK, "evidence_no_reports")]


def test_a_copy_in_the_senders_own_mailbox_is_all_that_is_needed(config: Path, fake: FakeImap) -> None:
    changes = {"smtp": {"copy_to": OWN}, "forward": {"when_unknown": "resend"}}
    told = checked(config, changes, {"tls": "none", "port": fake.port})
    assert told == [(OK, "evidence_copy"), (OK, "evidence_reports")]


def test_reports_that_go_where_nobody_reads_are_a_warning(config: Path, fake: FakeImap) -> None:
    told = checked(config, {"smtp": {"from": "post@example.org"}}, {"tls": "none", "port": fake.port})
    assert (WARNING, "doctor_evidence_reports_unread") in told


def test_the_folder_of_sent_mail_must_be_there(config: Path, fake: FakeImap) -> None:
    mailbox = {"tls": "none", "port": fake.port, "sent_folder": "Sent Items"}
    assert checked(config, {}, mailbox) == [(OK, "evidence_sent_folder"), (OK, "evidence_reports")]
    fake.script["EXAMINE"] = no(b"[NONEXISTENT] no such folder")
    assert checked(config, {}, mailbox) == [(FAULT, "doctor_evidence_sent_folder"), (OK, "evidence_reports")]
    assert {name for name, _ in fake.commands}.isdisjoint({"SELECT", "UID MOVE", "CREATE", "UID STORE"})
