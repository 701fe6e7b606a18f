"""The record's proof: what was done to it is found, and what people wrote can be erased without breaking it."""

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest

from agreements.casenumber import CaseNumber
from agreements.errors import IntegrityError
from onboarding.auditing import FOLDER, checkpoint_path, make_checkpoint, verify_record
from onboarding.purposes import Purpose
from onboarding.record import EventKind
from onboarding.steps.enquiry import add_note
from onboarding.store.events import NewEvent, append_event, last_seq, list_events
from onboarding.store.triggers import TRIGGER_NAMES, create_triggers
from onboarding.store.words import ERASED, digests_in, erase_words
from tests.onboarding.installation import Installation

NOTE = "ringte daglig leder, hun er borte til fredag"


@pytest.fixture
def office(installation: Installation) -> Installation:
    for number in range(3):
        add_note(installation.workspace, case(installation), f"{NOTE} {number}", installation.actor)
    return installation


def case(office: Installation) -> CaseNumber:
    return office.template.by_one.agreement.number.case


def tamper(office: Installation, *statements: str) -> None:
    """What whoever owns the database can do: take the triggers away, and put them back."""
    database = office.workspace.settings.database_file
    assert database is not None
    with closing(sqlite3.connect(database)) as other:
        for name in TRIGGER_NAMES:
            other.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            other.execute(statement)
        other.commit()
    with office.workspace.store.begin() as connection:
        create_triggers(connection)


def refused(office: Installation, *heads: str) -> tuple[str, object]:
    with pytest.raises(IntegrityError) as error:
        verify_record(office.workspace, heads=heads)
    return error.value.code, error.value.params.get("seq")


def count(office: Installation) -> int:
    with office.workspace.store.read() as connection:
        return last_seq(connection)


def test_what_people_write_stands_beside_the_record_and_is_read_with_it(office: Installation) -> None:
    with office.workspace.store.read() as connection:
        told = [event.data for event in list_events(connection, str(case(office))) if event.kind == "case.note"]
        raw = connection.exec_driver_sql("SELECT data FROM events WHERE kind = 'case.note'").scalars().all()
    assert [json.loads(data)["note"] for data in told] == [f"{NOTE} {number}" for number in range(3)]
    assert not any("ringte" in data for data in raw)
    assert verify_record(office.workspace).events == count(office)


def test_erasing_what_a_person_wrote_keeps_the_record_whole(office: Installation) -> None:
    make_checkpoint(office.workspace)
    with office.workspace.store.begin() as connection:
        raw = connection.exec_driver_sql("SELECT data FROM events WHERE kind = 'case.note'").scalars().all()
        digests = [digest for data in raw for digest in digests_in(json.loads(data)).values()]
        event = NewEvent(kind=EventKind.PERSONAL_ERASED, actor=office.actor, at=office.clock(), data={"erased": 3})
        assert erase_words(connection, digests, event_seq=append_event(connection, event)) == 3
        assert erase_words(connection, digests, event_seq=last_seq(connection)) == 0
    verify_record(office.workspace)
    with office.workspace.store.read() as connection:
        told = [event.data for event in list_events(connection, str(case(office))) if event.kind == "case.note"]
    assert [json.loads(data)["note"] for data in told] == [ERASED] * 3
    database = office.workspace.settings.database_file
    assert database is not None
    with closing(sqlite3.connect(database)) as other:
        assert other.execute("SELECT count(*) FROM event_words WHERE words LIKE '%daglig leder%'").fetchone() == (0,)


def test_words_go_only_with_an_event_that_says_so(office: Installation) -> None:
    database = office.workspace.settings.database_file
    assert database is not None
    with closing(sqlite3.connect(database)) as other:
        for statement in (
            "DELETE FROM event_words",
            "UPDATE event_words SET words = 'annet'",
            "INSERT INTO erasures SELECT digest, 1 FROM event_words",
            "REPLACE INTO event_words SELECT digest, salt, 'annet' FROM event_words",
        ):
            with pytest.raises(sqlite3.IntegrityError, match="refused: "):
                other.execute(statement)


def test_altered_words_and_words_that_are_gone_are_found(office: Installation) -> None:
    tamper(office, "UPDATE event_words SET words = 'annet' WHERE rowid = (SELECT max(rowid) FROM event_words)")
    assert refused(office)[0] == "audit_words"


def test_words_that_are_gone_without_a_word_are_found(office: Installation) -> None:
    tamper(office, "DELETE FROM event_words WHERE rowid = (SELECT max(rowid) FROM event_words)")
    assert refused(office)[0] == "audit_words"


@pytest.mark.parametrize("altered", ["actor = 'x'", "data = '{}'", "hash = prev_hash", "at = '2020'"])
def test_the_first_altered_entry_is_named(office: Installation, altered: str) -> None:
    tamper(office, f"UPDATE events SET {altered} WHERE seq = 2")
    assert refused(office) == ("audit_broken", 2)


def test_a_tail_that_was_cut_off_is_found_by_the_checkpoint(office: Installation) -> None:
    made = make_checkpoint(office.workspace)
    assert made is not None
    tamper(office, f"DELETE FROM events WHERE seq = {made.seq}")
    assert refused(office) == ("audit_cut", made.seq)


def test_a_cut_tail_is_found_by_the_file_where_the_row_is_gone_too(office: Installation) -> None:
    made = make_checkpoint(office.workspace)
    assert made is not None
    tamper(office, f"DELETE FROM events WHERE seq = {made.seq}", "DELETE FROM checkpoints")
    assert refused(office) == ("audit_cut", made.seq)


def test_a_cut_tail_is_found_by_a_head_that_somebody_kept(office: Installation) -> None:
    head = verify_record(office.workspace).head
    assert verify_record(office.workspace, heads=(head,)).head == head
    last = count(office)
    tamper(office, f"DELETE FROM events WHERE seq = {last}")
    assert verify_record(office.workspace).events == last - 1
    assert refused(office, head)[0] == "audit_head"


def test_a_checkpoint_that_was_made_elsewhere_or_altered_is_found(office: Installation) -> None:
    made = make_checkpoint(office.workspace)
    assert made is not None
    path = checkpoint_path(office.workspace, made.seq)
    told = json.loads(path.read_text())
    path.write_text(json.dumps({**told, "seq": made.seq - 1}))
    assert refused(office)[0] == "audit_checkpoint"
    path.write_text("{}")
    assert refused(office)[0] == "audit_checkpoint"
    path.unlink()
    verify_record(office.workspace)
    make_checkpoint(office.workspace)
    assert path.exists(), "a file that is gone is written again"


def test_a_checkpoint_is_made_once_a_day_and_only_when_something_has_happened(office: Installation) -> None:
    assert make_checkpoint(office.workspace) is not None
    add_note(office.workspace, case(office), "mer", office.actor)
    assert make_checkpoint(office.workspace) is None
    office.clock.ahead += timedelta(days=1)
    second = make_checkpoint(office.workspace)
    assert second is not None
    assert second.seq == count(office)
    office.clock.ahead += timedelta(days=1)
    assert make_checkpoint(office.workspace) is None
    files = sorted((office.workspace.settings.data_dir / FOLDER).glob("*.json"))
    assert len(files) == verify_record(office.workspace).checkpoints == 2


def test_the_day_s_head_leaves_by_mail_where_somebody_gets_the_alarms(office: Installation) -> None:
    settings = office.workspace.settings
    alarms = settings.alarms.model_copy(update={"to": "drift@example.org"})
    workspace = replace(office.workspace, settings=settings.model_copy(update={"alarms": alarms}))
    made = make_checkpoint(workspace)
    assert made is not None
    (message,) = [one for one in office.messages() if one.purpose == Purpose.CHECKPOINT]
    assert made.hash.encode() in office.workspace.blobs.read(message.sha256)


def test_a_launch_that_was_written_past_the_program_is_found(office: Installation) -> None:
    tamper(office, f"UPDATE cases SET step = 'launched', launched_sha256 = '{'ab' * 32}'")
    assert refused(office)[0] == "audit_unrecorded"


def test_a_run_makes_the_day_s_checkpoint(office: Installation) -> None:
    office.run()
    assert verify_record(office.workspace).checkpoints == 1
