"""The record: it holds, and a change made behind the program's back is found."""

import sqlite3

import pytest

from onboarding.cli import run_cli
from tests.onboarding.installation import Installation


def test_what_is_written_into_the_record_behind_our_back_is_found(
    installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    installation.receive(installation.template.honest)
    verify = ["--config", str(installation.config), "audit", "verify"]
    assert run_cli(verify) == 0
    database = sqlite3.connect(installation.folder / "data/avtale.sqlite")
    with pytest.raises(sqlite3.Error):
        database.execute("UPDATE events SET actor = 'noen andre' WHERE seq = 2")
    for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        database.execute(f'DROP TRIGGER "{name}"')
    database.execute("UPDATE events SET actor = 'noen andre' WHERE seq = 2")
    database.commit()
    database.close()
    assert run_cli(verify) == 9
    assert " 2" in capsys.readouterr().err


def test_the_record_of_a_whole_case_holds_no_personal_data(installation: Installation) -> None:
    installation.receive(installation.template.honest)
    with sqlite3.connect(installation.folder / "data/avtale.sqlite") as database:
        told = repr(database.execute("SELECT kind, case_number, data FROM events").fetchall())
    database.close()
    for word in ("Kari", "Nordmann", "Eksempel", "example.org"):
        assert word not in told


def test_the_mail_quotes_the_records_head_as_it_was(installation: Installation) -> None:
    with installation.workspace.store.read() as connection:
        from onboarding.store.events import head_hash

        head = head_hash(connection)
    installation.receive(installation.template.honest)
    [mail] = installation.mails()
    body = mail.get_body(("plain",))
    assert body is not None
    assert head in body.get_content()
