"""Step 6: the launch. Nobody gets around what is missing: not by an option, not by the database.

Everything is looked up anew in the transaction that launches, and the case is written only if nobody has changed it
since. The database itself refuses a launch without both parties' word for the configuration in force.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from agreements.canonical import JsonValue
from agreements.case import Case, Step, missing_for_launch, move_launched
from agreements.errors import GateError
from agreements.parties import Actor
from onboarding.clear_signal import READY, enqueue_signal, signal_path, write_signals
from onboarding.ending import supersede
from onboarding.record import EventKind
from onboarding.steps.configuration import read_configuration
from onboarding.store.cases import launched_before, move_case
from onboarding.store.events import NewEvent, append_event
from onboarding.verifying import Verification, read_verification
from onboarding.workspace import Workspace

_BEFORE_LAUNCH = frozenset({Step.SETUP, Step.VERIFICATION})


@dataclass(frozen=True, kw_only=True)
class LaunchCheck:
    """What stands between a case and its launch."""

    verification: Verification
    unmet: tuple[str, ...]
    """Gate codes; none: it can be launched, or is."""

    @property
    def launched(self) -> bool:
        """It is launched already."""
        return self.verification.case.step is Step.LAUNCHED


def check_launch(workspace: Workspace, number: str) -> LaunchCheck:
    """What is missing. Raises NotFoundError, UsageError, GateError while no agreement has been issued."""
    verification = read_verification(workspace, number)
    return LaunchCheck(verification=verification, unmet=_unmet(verification))


def approve_launch(workspace: Workspace, number: str, find_actor: Callable[[], Actor]) -> tuple[Case, Path]:
    """Launch a case; the case and where its clear signal lies. A launched one gets its signal written again.

    Raises GateError `launch_refused` with everything that is missing, before anybody is looked up; ConfigurationError
    (no such user, unfit key), TemporaryError if somebody changed the case meanwhile.
    """
    checked = check_launch(workspace, number)
    case = checked.verification.case
    if checked.unmet:
        raise GateError("launch_refused", unmet=checked.unmet, case=str(case.number))
    if not checked.launched:
        case = _launch(workspace, checked.verification, find_actor())
    write_signals(workspace)
    return case, signal_path(workspace, case.number)


def record_pilot(workspace: Workspace, number: str, *, group: str, on: date, reason: str, actor: Actor) -> Case:
    """Record a pilot or controlled letters before the launch: it is allowed, and told of (seed 5: "i full skala").

    Raises NotFoundError, GateError before set-up and after launch.
    """
    configuration = read_configuration(workspace, number)
    case = configuration.case
    if case.step not in _BEFORE_LAUNCH or case.held:
        unmet = "case_held" if case.held else "pilot_before_setup_or_after_launch"
        raise GateError("pilot_refused", unmet=(unmet,), case=str(case.number))
    data: dict[str, JsonValue] = {"group": group, "on": on.isoformat(), "reason": reason}
    now = workspace.clock()
    with workspace.store.begin() as connection:
        kind = EventKind.LAUNCH_PILOT
        append_event(connection, NewEvent(kind=kind, actor=actor, at=now, case_number=str(case.number), data=data))
    return case


def _unmet(verification: Verification) -> tuple[str, ...]:
    case, stored = verification.case, verification.stored
    if case.step is Step.LAUNCHED:
        return ()
    unmet = missing_for_launch(case, verification.sign_offs, verification.sha256)
    if not case.open:
        return unmet
    if verification.record.sender_id is None:
        unmet += ("sender_id_missing",)
    if stored is not None and stored.sha256 != verification.sha256:
        unmet += ("configuration_changed",)
    return unmet


def _launch(workspace: Workspace, verification: Verification, actor: Actor) -> Case:
    now, sender_id = workspace.clock(), verification.record.sender_id
    assert sender_id is not None  # or it would have been refused
    case = move_launched(verification.case, verification.sign_offs, verification.sha256, now=now)
    data: dict[str, JsonValue] = {"configuration_sha256": verification.sha256, "agreement": str(case.in_force)}
    event = NewEvent(kind=EventKind.LAUNCH_APPROVED, actor=actor, at=now, data=data)
    with workspace.store.begin() as connection:
        launched = move_case(connection, case, event=event)
        for earlier in launched_before(connection, launched):
            supersede(connection, workspace, earlier, launched, actor=actor)
        enqueue_signal(workspace, connection, launched, status=READY, sender_id=sender_id, now=now)
    return launched
