"""`avtale config set`: values of step 4, each with a reason, who and when.

1. parsed    everything typed, with every fault at once: whose value it is, the catalogue's rules given all the others
2. written   settings, event, the case's new revision and the letter to Digipost, if it must hear, in one transaction

Nothing is ever overwritten: the last setting of a field counts, the others are its history. The record names the fields
and never the values, for it can't be erased.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from agreements.canonical import JsonValue
from agreements.case import Case, Step, with_setup_ball, with_sign_off_by
from agreements.casenumber import CaseNumber
from agreements.catalogue import Catalogue, load_catalogue
from agreements.configuration import Deviation, Setting
from agreements.errors import GateError, UsageError
from agreements.parties import Actor
from agreements.summary import ConfigurationSummary
from agreements.turn import Party
from agreements.values import Fault, ValueFault
from agreements.worklist import TASK, task_names, whose_turn
from onboarding.agreed import agreed_values, settings_in_force
from onboarding.correspondence.deviations import enqueue_deviation_letter, write_deviation_letter
from onboarding.correspondence.verification_requests import write_request
from onboarding.record import EventKind
from onboarding.references import read_typed
from onboarding.setting_rules import SENDER_ID, find_faults, sender_id_faults, settable_field
from onboarding.steps.configuration import Configuration, read_configuration, read_ticks, read_work, summary_of
from onboarding.store.cases import find_case, move_case
from onboarding.store.events import NewEvent
from onboarding.store.locks import Lock, take_lock
from onboarding.store.settings import StoredSetting, insert_settings, list_settings, list_settings_of
from onboarding.store.verification import put_configuration
from onboarding.workspace import Workspace
from outbox.messages import Connection

DONE: Final = "done"
"""What is typed for a task that is done; nothing takes it back."""


@dataclass(frozen=True, kw_only=True)
class WasSet:
    """One value that was set; `value` None: taken back."""

    field_id: str
    before: JsonValue
    value: JsonValue


@dataclass(frozen=True, kw_only=True)
class Configured:
    """What `config set` came to."""

    number: CaseNumber
    changes: tuple[WasSet, ...]
    deviations: tuple[Deviation, ...]
    """All that are in force now."""
    letter: int | None
    """The message to Digipost that waits for a person; None if it need not hear."""


def set_configuration(
    workspace: Workspace, number: str, typed: Mapping[str, str], *, reason: str, actor: Actor
) -> Configured:
    """Set values as a person typed them; nothing typed after the equals sign takes a setting back.

    Raises NotFoundError, GateError (no agreement issued, case closed), UsageError `values_refused` with every fault,
    ConfigurationError (a letter to Digipost can't be written), TemporaryError if somebody else changed the case.
    """
    catalogue, before = load_catalogue(), read_configuration(workspace, number)
    _require_open(before.case)
    changes, faults = _parse(workspace, catalogue, before, typed)
    settings = _settings(workspace, before, changes, reason=reason, actor=actor)
    after = _with(catalogue, before, settings)
    values = {name: value for name, value in changes.items() if not name.startswith(TASK)}
    _refuse((*faults, *_faults(workspace, catalogue, before, after, values)))
    was, now = summary_of(workspace, before), summary_of(workspace, after)
    ball = whose_turn(read_work(workspace, after, now))
    letter = _write(workspace, before.case, settings, (was, now), ball, actor=actor)
    write_request(workspace, before.case.number)
    return Configured(
        number=before.case.number,
        changes=tuple(_changed(before, after, changes)),
        deviations=now.deviations,
        letter=letter,
    )


def _require_open(case: Case) -> None:
    if case.step is Step.CLOSED:
        raise GateError("configuration_closed", unmet=("case_closed",), case=str(case.number))
    if case.step is Step.LAUNCHED:  # what both have signed off on stands
        raise GateError("configuration_launched", unmet=("case_launched",), case=str(case.number))


def _parse(
    workspace: Workspace, catalogue: Catalogue, configuration: Configuration, typed: Mapping[str, str]
) -> tuple[dict[str, JsonValue], list[Fault]]:
    """What can be read of it, and what is wrong with the rest."""
    values: dict[str, JsonValue] = {}
    faults: list[Fault] = []
    allow_synthetic, blobs, now = workspace.settings.allow_synthetic, workspace.blobs, workspace.clock()
    tasks, ticks = task_names(summary_of(workspace, configuration)), read_ticks(configuration)
    for name, text in typed.items():
        try:
            if name.startswith(TASK):
                values[name] = _parse_tick(tasks, ticks, name, text)
                continue
            field = settable_field(catalogue, configuration, name)
            if not text.strip():
                _require_set(configuration, name)
                values[name] = None
            else:
                values[name] = read_typed(field, text, allow_synthetic=allow_synthetic, blobs=blobs, now=now)
        except ValueFault as error:
            faults.append(Fault(field_id=name, code=error.code, params=error.params))
    return values, faults


def _parse_tick(tasks: tuple[str, ...], ticks: Mapping[str, Setting], name: str, typed: str) -> JsonValue:
    """True for a task that is done, None for one that is not after all. Raises ValueFault."""
    if name not in tasks:
        raise ValueFault("unknown_task", known=", ".join(tasks))
    if not typed.strip():
        if name not in ticks:
            raise ValueFault("nothing_to_take_back")
        return None
    if typed.strip().casefold() != DONE:
        raise ValueFault("task_done", done=DONE)
    return True


def _require_set(configuration: Configuration, field_id: str) -> None:
    if all(setting.field_id != field_id for setting in configuration.set_up.settings):
        raise ValueFault("nothing_to_take_back")


def _settings(
    workspace: Workspace, configuration: Configuration, changes: Mapping[str, JsonValue], *, reason: str, actor: Actor
) -> tuple[StoredSetting, ...]:
    now, number = workspace.clock(), configuration.agreement.number
    made = (
        Setting(field_id=field_id, value=value, by=actor.user, at=now, reason=reason)
        for field_id, value in changes.items()
    )
    return tuple(StoredSetting(case=number.case, version=number.version, setting=setting) for setting in made)


def _with(catalogue: Catalogue, before: Configuration, new: tuple[StoredSetting, ...]) -> Configuration:
    """The configuration as it will be."""
    history = (*before.history, *new)
    settings = settings_in_force(catalogue, history, before.agreement.number.version)
    agreed = agreed_values(catalogue, before.agreement, before.basis.read, settings)
    return replace(before, history=history, agreed=agreed, set_up=replace(before.set_up, settings=settings))


def _faults(
    workspace: Workspace,
    catalogue: Catalogue,
    before: Configuration,
    after: Configuration,
    changes: Mapping[str, JsonValue],
) -> Iterator[Fault]:
    values = after.values
    yield from find_faults(catalogue, before.values, values, changes)
    yield from sender_id_faults(values, after, tuple(workspace.settings.vendors))


def _refuse(faults: tuple[Fault, ...]) -> None:
    if faults:
        raise UsageError("values_refused", count=len(faults), faults=faults)


def _changed(before: Configuration, after: Configuration, changes: Mapping[str, JsonValue]) -> Iterator[WasSet]:
    """With what is in force: a setting that is taken back leaves what was agreed, or nothing."""
    were, are = ({**one.values, **dict.fromkeys(read_ticks(one), True)} for one in (before, after))
    for field_id in changes:
        yield WasSet(field_id=field_id, before=were.get(field_id), value=are.get(field_id))


# --- written ----------------------------------------------------------------------------------------------------------


def _write(
    workspace: Workspace,
    case: Case,
    settings: tuple[StoredSetting, ...],
    summaries: tuple[ConfigurationSummary, ConfigurationSummary],
    ball: Party | None,
    *,
    actor: Actor,
) -> int | None:
    """Everything at once, if nobody has changed the case since it was read. Returns the letter's message, if any.

    `ball`: who has something open on the work list now.
    """
    was, now = summaries
    at = workspace.clock()
    letter = write_deviation_letter(workspace, case, was.deviations, now)
    event = NewEvent(kind=EventKind.CONFIG_SET, actor=actor, at=at, data=_event_data(settings, now))
    with workspace.store.begin() as connection:
        take_lock(connection, Lock.EVENTS)  # so that no other case gets the same sender id at this moment
        _refuse(tuple(_taken_sender_ids(connection, case, settings)))
        moved = move_case(connection, _handed_over(case, ball, was, now, at), event=event)
        insert_settings(connection, settings, actor=actor)
        if moved.step is Step.VERIFICATION:
            put_configuration(connection, moved, now.configuration_sha256, now=at)
        return None if letter is None else enqueue_deviation_letter(connection, letter, now=at)


def _handed_over(
    case: Case, ball: Party | None, was: ConfigurationSummary, now: ConfigurationSummary, at: datetime
) -> Case:
    """In step 5 a changed configuration must be verified anew, and the vendor sees to that."""
    if case.step is not Step.VERIFICATION:
        return with_setup_ball(case, ball, now=at)
    changed = was.configuration_sha256 != now.configuration_sha256
    return with_sign_off_by(case, Party.VENDOR if changed else case.setup_ball, now=at)


def _event_data(settings: tuple[StoredSetting, ...], summary: ConfigurationSummary) -> dict[str, JsonValue]:
    names = sorted(one.setting.field_id for one in settings)
    deviating = {one.field_id for one in summary.deviations}
    return {
        "agreement": summary.subject.agreement_number,
        "fields": list(names),
        "deviating": [name for name in names if name in deviating],
        "reason": settings[0].setting.reason,
    }


def _taken_sender_ids(connection: Connection, case: Case, settings: tuple[StoredSetting, ...]) -> Iterator[Fault]:
    """A sender is one organisation: the same number in another's case is a mistake in one of the two."""
    for one in settings:
        if one.setting.field_id != SENDER_ID or one.setting.value is None:
            continue
        for used in list_settings_of(connection, SENDER_ID, one.setting.value):
            other = find_case(connection, used.case)
            assert other is not None  # a setting's case is there: a foreign key
            if other.org_number != case.org_number and _last(connection, used) == one.setting.value:
                yield Fault(field_id=SENDER_ID, code="sender_id_taken", params={"case": str(other.number)})
                return


def _last(connection: Connection, used: StoredSetting) -> JsonValue:
    """What the field was set to last in that case."""
    history = list_settings(connection, used.case)
    return [one.setting.value for one in history if one.setting.field_id == used.setting.field_id][-1]
