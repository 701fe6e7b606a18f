"""The database refuses a launch without both parties' word, whoever asks, on SQLite and PostgreSQL."""

import sqlite3
from dataclasses import replace

import pytest
import sqlalchemy as sa

from agreements.case import Step
from agreements.parties import Actor
from agreements.turn import Party
from agreements.verification import Channel, MethodState
from onboarding.store import Store
from onboarding.store.cases import find_case, move_case
from onboarding.store.engines import parse_url
from onboarding.store.verification import (
    put_configuration,
)
from tests.store.examples import KARI, NOW, add_case, happened
from tests.store.launches import HASH, OLA, OTHER, attest, verifying

LAUNCH = f"UPDATE cases SET step = 'launched', launched_sha256 = '{HASH}'"


def refused(store: Store, *statements: str) -> None:
    for statement in statements:
        with pytest.raises(sa.exc.DBAPIError), store.begin() as connection:  # noqa: PT012 - the second line tells which
            connection.exec_driver_sql(statement)
            pytest.fail(f"went through: {statement}")


def test_both_words_launch_a_case_and_one_does_not(store: Store) -> None:
    with store.begin() as connection:
        case, configuration = verifying(connection)
    refused(store, LAUNCH)
    with store.begin() as connection:
        attest(connection, case, configuration, Party.VENDOR, OLA)
    refused(store, LAUNCH)
    with store.begin() as connection:
        attest(connection, case, configuration, Party.DIGIPOST, KARI)
    refused(
        store,
        "UPDATE cases SET step = 'launched'",
        f"UPDATE cases SET step = 'launched', launched_sha256 = '{OTHER}'",
        f"UPDATE cases SET step = 'launched', launched_sha256 = '{HASH}', held = 1",
        f"UPDATE cases SET step = 'launched', launched_sha256 = '{HASH}', agreement_state = 'approved'",
        f"UPDATE cases SET step = 'launched', launched_sha256 = '{HASH}', agreement_version = 2",
    )
    with store.begin() as connection:
        launched = replace(case, step=Step.LAUNCHED, launched_sha256=HASH)
        move_case(connection, launched, event=happened("launch.approved"))
    refused(
        store,
        f"UPDATE cases SET launched_sha256 = '{OTHER}'",
        "UPDATE cases SET launched_sha256 = NULL",
        "UPDATE cases SET step = 'setup'",
        "UPDATE cases SET org_number = '310000001'",
        "UPDATE cases SET vendor_id = 'annen'",
    )
    with store.begin() as connection:
        connection.exec_driver_sql("UPDATE cases SET step = 'closed'")
        found = find_case(connection, case.number)
        assert found is not None
        assert (found.step, found.launched_sha256) == (Step.CLOSED, HASH)
    refused(store, LAUNCH, "UPDATE cases SET step = 'enquiry'")


def test_a_changed_configuration_takes_the_words_away(store: Store) -> None:
    with store.begin() as connection:
        case, configuration = verifying(connection)
        attest(connection, case, configuration, Party.VENDOR, OLA)
        attest(connection, case, configuration, Party.DIGIPOST, KARI)
        put_configuration(connection, case, OTHER, now=NOW)
        put_configuration(connection, case, HASH, now=NOW)  # and changed back
    refused(store, LAUNCH)
    with pytest.raises(sa.exc.IntegrityError), store.begin() as connection:
        attest(connection, case, configuration, Party.VENDOR, OLA)  # of what is in force no more


def test_no_launch_without_a_method_that_was_passed(store: Store) -> None:
    with store.begin() as connection:
        case, configuration = verifying(connection, MethodState.FAILED)
        attest(connection, case, configuration, Party.VENDOR, OLA)
        attest(connection, case, configuration, Party.DIGIPOST, KARI)
    refused(store, LAUNCH)


def test_what_was_recorded_and_not_accepted_is_no_word(store: Store) -> None:
    with store.begin() as connection:
        case, configuration = verifying(connection)
        attest(connection, case, configuration, Party.VENDOR, OLA)
        attest(connection, case, configuration, Party.DIGIPOST, KARI, accepted=False)
    refused(store, LAUNCH)


@pytest.mark.parametrize(
    ("party", "actor", "changes"),
    [
        (Party.DIGIPOST, OLA, {}),
        (Party.DIGIPOST, KARI, {"channel": Channel.PROGRAM}),
        (Party.CUSTOMER, KARI, {}),
        (Party.DIGIPOST, KARI, {"event_seq": 1}),
        (Party.VENDOR, KARI, {"channel": Channel.VERIFIED_MAIL}),
    ],
    ids=["by the same OS user", "not by mail", "of another party", "without its event", "a vendor's mail"],
)
def test_an_unsound_attestation_is_refused(
    store: Store, party: Party, actor: Actor, changes: dict[str, object]
) -> None:
    with store.begin() as connection:
        case, configuration = verifying(connection)
        attest(connection, case, configuration, Party.VENDOR, OLA)
    with pytest.raises(sa.exc.IntegrityError), store.begin() as connection:
        attest(connection, case, configuration, party, actor, **changes)


def test_direct_sql_neither_launches_a_case_nor_alters_a_word(store: Store) -> None:
    with store.begin() as connection:
        case, configuration = verifying(connection)
        attest(connection, case, configuration, Party.VENDOR, OLA)
        attest(connection, case, configuration, Party.DIGIPOST, KARI)
        put_configuration(connection, case, OTHER, now=NOW)
        other = add_case(connection, org=1)
    columns = [column.name for column in sa.inspect(store_table(store, "cases")).columns]
    listed = ", ".join(columns)
    new = {"case_number": "'DA-2026-000009-X'", "serial": "9", "org_number": "'310000008'", "step": "'launched'"}
    copied = ", ".join(new.get(name, name) for name in columns)
    kept = ", ".join({"step": "'launched'"}.get(name, name) for name in columns)
    refused(
        store,
        LAUNCH,
        f"INSERT INTO cases ({listed}) SELECT {copied} FROM cases WHERE case_number = '{case.number}'",
        *(
            f"{verb} {table}{rest}"
            for table in ("configurations", "agreed_methods", "method_results", "attestations")
            for verb, rest in (("DELETE FROM", ""), ("UPDATE", " SET case_number = case_number"))
            if table != "agreed_methods"  # empty here
        ),
        "UPDATE attestations SET configuration_id = (SELECT max(id) FROM configurations)",
        f"INSERT INTO attestations SELECT id + 9, case_number, {configuration.id + 1}, party, name, channel, accepted, "
        "given_at, evidence_sha256, 'm2', proof, recorded_by, os_user, recorded_at, 1 FROM attestations",
        f"INSERT INTO configurations SELECT id + 9, '{other.number}', version, sha256, made_at FROM configurations",
    )
    if connection.dialect.name == "sqlite":
        refused(
            store,
            f"REPLACE INTO cases ({listed}) SELECT {kept} FROM cases WHERE case_number = '{case.number}'",
            "REPLACE INTO attestations SELECT * FROM attestations",
        )
    else:
        refused(store, "TRUNCATE attestations", "TRUNCATE configurations CASCADE", "TRUNCATE clear_signals")


def test_another_program_without_our_pragmas_can_not_launch_or_push_a_case_out(store: Store, store_url: str) -> None:
    if not store_url.startswith("sqlite"):
        return
    with store.begin() as connection:
        verifying(connection)
    columns = [column.name for column in sa.inspect(store_table(store, "cases")).columns]
    same_serial = ", ".join({"case_number": "'DA-2026-000009-X'"}.get(name, name) for name in columns)
    with sqlite3.connect(parse_url(store_url).database or "") as other:
        for statement in (
            LAUNCH,
            f"REPLACE INTO cases ({', '.join(columns)}) SELECT {same_serial} FROM cases",
            "UPDATE OR REPLACE cases SET step = 'launched'",
        ):
            with pytest.raises(sqlite3.IntegrityError, match="refused: cases_"):
                other.execute(statement)
    other.close()


def store_table(store: Store, name: str) -> sa.Table:
    with store.read() as connection:
        return sa.Table(name, sa.MetaData(), autoload_with=connection)
