"""The work list of step 4: what each party must do before the set-up can be verified, and what is done.

Pure. Values that are lacking, and things that somebody does and a person ticks off (`config set CASE
task.log_in=done`). It follows from the configuration summary, so that the two can't say different things.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from agreements.canonical import JsonValue
from agreements.catalogue import Catalogue, Owner, Phase
from agreements.configuration import Setting
from agreements.summary import ConfigurationEntry, ConfigurationSummary, CustomerTask, TaskKey
from agreements.turn import Party

TASK: Final = "task."
"""What a task's name begins with, where values and tasks are set by the same command."""
GRANT_RIGHTS: Final = "grant_rights"
"""Digipost gives the sender the rights of the services that were ordered (facts/domain.md §2: features)."""
_SENDER_ID: Final = "setup.sender_id"
_FIRST: Final = (Party.VENDOR, Party.DIGIPOST, Party.CUSTOMER)
"""Whose turn it is while several have something open: the clock stands still for the customer alone."""


@dataclass(frozen=True, kw_only=True)
class Done:
    """By whom, and when; a value that follows from the installation was done by nobody."""

    by: str | None = None
    at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class WorkItem:
    """One thing to do: a value to give (`field_id`), or a task (`task`)."""

    name: str
    """How it is named on the command line: the catalogue's id, or `task.<key>`."""
    owner: Party
    due: date | None
    """None while the clock stands still, or has not begun."""
    done: Done | None = None
    value: JsonValue = None
    task: CustomerTask | None = None
    """The customer's; None for values, and for Digipost's rights."""

    @property
    def open(self) -> bool:
        """Whether it is still to be done."""
        return self.done is None


def work_list(
    catalogue: Catalogue,
    summary: ConfigurationSummary,
    ticks: Mapping[str, Setting],
    due: Mapping[Party, date | None],
) -> tuple[WorkItem, ...]:
    """Everything, party by party, in the catalogue's order. `ticks`: by task name, what is ticked off now."""
    items = [*_values(catalogue, summary, due), *_tasks(summary, ticks, due)]
    return tuple(item for party in _FIRST for item in items if item.owner is party)


def task_names(summary: ConfigurationSummary) -> tuple[str, ...]:
    """The tasks that may be ticked off."""
    rights = () if summary.kind == "termination" else (TASK + GRANT_RIGHTS,)
    return (*rights, *(TASK + task.key for task in summary.customer_tasks))


def whose_turn(items: Iterable[WorkItem]) -> Party | None:
    """Who has something open; None when nothing is."""
    owners = {item.owner for item in items if item.open}
    return next((party for party in _FIRST if party in owners), None)


def _values(
    catalogue: Catalogue, summary: ConfigurationSummary, due: Mapping[Party, date | None]
) -> Iterator[WorkItem]:
    given = {one.field_id: one for one in (*summary.digipost, *summary.vendor, *summary.customer)}
    lacking = {item.field_id: Party(item.owner.value) for item in summary.open_items}
    for field_id, owner in lacking.items():
        yield WorkItem(name=field_id, owner=owner, due=due[owner])
    for field in catalogue.of_phase(Phase.SETUP):
        entry = given.get(field.id)
        if entry is not None and field.id not in lacking and field.required and field.owner is not Owner.PIPELINE:
            party = Party(field.owner.value)
            yield WorkItem(name=field.id, owner=party, due=due[party], done=_done(entry), value=entry.value)


def _tasks(
    summary: ConfigurationSummary, ticks: Mapping[str, Setting], due: Mapping[Party, date | None]
) -> Iterator[WorkItem]:
    by_name = {TASK + task.key: task for task in summary.customer_tasks}
    sender_id = next((one for one in (*summary.digipost, *summary.vendor) if one.field_id == _SENDER_ID), None)
    for name in task_names(summary):
        task, tick = by_name.get(name), ticks.get(name)
        party = Party.DIGIPOST if task is None else Party.CUSTOMER
        done = None if tick is None else Done(by=tick.by, at=tick.at)
        if done is None and task is not None and task.key is TaskKey.GIVE_SENDER_ID and sender_id is not None:
            done = _done(sender_id)  # whoever has been given the number has it
        yield WorkItem(name=name, owner=party, due=due[party], done=done, task=task)


def _done(entry: ConfigurationEntry) -> Done:
    return Done() if entry.setting is None else Done(by=entry.setting.by, at=entry.setting.at)
