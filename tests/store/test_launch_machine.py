"""Whatever the order of events: a case is launched with both words for the configuration in force, or not at all.

Each launch is tried twice: through the guards of the code, with what the store says, and as plain SQL.
"""

import shutil
import tempfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import sqlalchemy as sa
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from agreements.case import Attestations, Case, Step, move_launched, with_hold
from agreements.errors import GateError
from agreements.parties import Actor
from agreements.turn import Party
from agreements.verification import Channel, Method, MethodResult, MethodState, VerificationRecord, valid_attestation
from onboarding.store import open_store, sqlite_url
from onboarding.store.cases import find_case, move_case
from onboarding.store.verification import (
    find_configuration,
    insert_result,
    list_attestations,
    list_results,
    put_configuration,
)
from tests.renderers.records import RECORD
from tests.store.examples import KARI, NOW, happened
from tests.store.launches import OLA, attest, verifying

HASHES = ("ab" * 32, "cd" * 32)
ACTORS = st.sampled_from((KARI, OLA, Actor(user="nina", os_user="kari")))
PARTIES = st.sampled_from((Party.VENDOR, Party.DIGIPOST))


class Launches(RuleBasedStateMachine):
    """One case, and everything that can happen to it in step 5."""

    template: Path

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        shutil.copy(self.template, self.folder / "avtale.sqlite")
        self.store = open_store(sqlite_url(self.folder / "avtale.sqlite"), environment="test")
        with self.store.begin() as connection:
            self.number = verifying(connection)[0].number
        self.given: dict[Party, Actor] = {}
        """Who has given a word that counts for the configuration in force."""
        self.said: dict[Party, set[str]] = {}
        """Every user of the operating system who has entered one, whether it counts or not."""

    def teardown(self) -> None:
        self.store.close()
        shutil.rmtree(self.folder)

    def case(self) -> Case:
        with self.store.read() as connection:
            found = find_case(connection, self.number)
        assert found is not None
        return found

    @property
    def open(self) -> bool:
        return self.case().step is Step.VERIFICATION

    @precondition(lambda self: self.open)
    @rule(sha256=st.sampled_from(HASHES))
    def configure(self, sha256: str) -> None:
        with self.store.begin() as connection:
            before = find_configuration(connection, self.number)
            made = put_configuration(connection, self.case(), sha256, now=NOW)
        if before is None or made.id != before.id:
            self.given.clear()
            self.said.clear()

    @precondition(lambda self: self.open)
    @rule(party=PARTIES, actor=ACTORS, accepted=st.booleans())
    def say(self, party: Party, actor: Actor, accepted: bool) -> None:
        """A word; a testimony, where it is Digipost's and is not accepted."""
        other = self.said.get(Party.DIGIPOST if party is Party.VENDOR else Party.VENDOR, set())
        channel = Channel.PROGRAM if party is Party.VENDOR else Channel.VENDOR_TESTIMONY
        try:
            with self.store.begin() as connection:
                configuration = find_configuration(connection, self.number)
                assert configuration is not None
                attest(connection, self.case(), configuration, party, actor, accepted=accepted, channel=channel)
        except sa.exc.IntegrityError:
            assert actor.os_user in other, "refused without a reason"
            return
        assert actor.os_user not in other, "the same person twice"
        self.said.setdefault(party, set()).add(actor.os_user)
        if accepted:
            self.given[party] = actor

    @precondition(lambda self: self.open)
    @rule(state=st.sampled_from((MethodState.PASSED, MethodState.FAILED)))
    def try_method(self, state: MethodState) -> None:
        with self.store.begin() as connection:
            configuration = find_configuration(connection, self.number)
            assert configuration is not None
            result = MethodResult(
                method=Method.V1, agreed=True, state=state, party=Party.VENDOR, by="Siri", on=NOW.date()
            )
            insert_result(connection, self.number, result, configuration=configuration, actor=KARI, now=NOW)

    @precondition(lambda self: self.open)
    @rule(held=st.booleans())
    def hold(self, held: bool) -> None:
        with self.store.begin() as connection:
            move_case(connection, with_hold(self.case(), held=held, now=NOW), event=happened("case.held"))

    @precondition(lambda self: self.open)
    @rule()
    def launch(self) -> None:
        """Through the guards: exactly when both have given their word and the method is passed."""
        case = self.case()
        with self.store.begin() as connection:
            configuration = find_configuration(connection, self.number)
            assert configuration is not None
            words = tuple(one.attestation for one in list_attestations(connection, self.number))
            found: VerificationRecord = replace(
                RECORD, configuration_sha256=configuration.sha256, attestations=words, accept_testimony=True
            )
            sign_offs = {party: valid_attestation(found, party) for party in (Party.VENDOR, Party.DIGIPOST)}
            passed = list_results(connection, self.number, (Method.V1,))[Method.V1].state is MethodState.PASSED
            said = Attestations(
                **{party.value: None if one is None else one.configuration_sha256 for party, one in sign_offs.items()},
                methods=() if passed else ("method_failed",),
            )
            ready = set(self.given) == {Party.VENDOR, Party.DIGIPOST} and passed and not case.held
            try:
                launched = move_launched(case, said, configuration.sha256, now=NOW)
            except GateError:
                assert not ready
                return
            assert ready
            move_case(connection, launched, event=happened("launch.approved"))

    @precondition(lambda self: self.open)
    @rule(sha256=st.sampled_from(HASHES))
    def launch_by_sql(self, sha256: str) -> None:
        """Past the program: never without both words for the configuration in force."""
        both = set(self.given) == {Party.VENDOR, Party.DIGIPOST}
        statement = f"UPDATE cases SET step = 'launched', launched_sha256 = '{sha256}'"
        with self.store.begin() as connection:
            savepoint = connection.begin_nested()
            with suppress(sa.exc.IntegrityError):
                connection.exec_driver_sql(statement)
                assert both, "launched without both words"
            savepoint.rollback()  # so that the story goes on

    @invariant()
    def what_is_launched_has_both_words(self) -> None:
        case = self.case()
        if case.step is Step.LAUNCHED:
            assert set(self.given) == {Party.VENDOR, Party.DIGIPOST}
            assert self.given[Party.VENDOR].os_user != self.given[Party.DIGIPOST].os_user
            with self.store.read() as connection:
                configuration = find_configuration(connection, self.number)
            assert configuration is not None
            assert case.launched_sha256 == configuration.sha256


def test_no_order_of_events_launches_a_case_without_both_words(migrated_file: Path) -> None:
    Launches.template = migrated_file
    run_state_machine_as_test(Launches, settings=settings(max_examples=25, stateful_step_count=20, deadline=None))


def test_the_machine_can_launch(migrated_file: Path) -> None:
    Launches.template = migrated_file
    machine = Launches()
    machine.say(Party.VENDOR, OLA, True)
    machine.say(Party.DIGIPOST, KARI, True)
    machine.launch()
    assert machine.case().step is Step.LAUNCHED
    machine.what_is_launched_has_both_words()
    machine.teardown()
