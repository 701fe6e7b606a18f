"""How the parts that work by themselves are doing: written by `avtale run`, read by `avtale status` and the alarms.

A part that is silent is not a part that is well: every note has its time, and `status` shows it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from agreements.canonical import canonical_json
from agreements.times import format_utc, parse_utc
from onboarding.store.meta import list_meta, put_meta
from onboarding.workspace import Workspace

_PREFIX = "health:"
NOTHING_IGNORED: Final[Mapping[str, int]] = MappingProxyType({})
NOTE_EVERY = timedelta(seconds=30)
"""How often an unchanged state is written again: a busy loop must not fill the database's log."""


@dataclass(frozen=True, kw_only=True)
class Health:
    """One part's state."""

    part: str
    """`intake`, `judging`, `outbox`, `folder <path>` or `mailbox <id>`."""
    problem: str | None
    """A code, or None while it is well."""
    at: datetime
    """When it was last heard of."""
    since: datetime | None = None
    """Since when it has not been well, whatever the problem was then; None while it is well."""
    ignored: Mapping[str, int] = field(default_factory=dict)
    """Of a folder: how many names are passed over, by reason (`hidden`, `temporary`, `folder`, `marker`, `blocked`)."""
    waiting_since: datetime | None = None
    """Of a folder: since when the oldest file has been waiting for its end or its marker."""

    def differs(self, other: "Health") -> bool:
        """Whether it says anything else than another note, its time aside."""
        return replace(self, at=other.at, since=None) != replace(other, since=None)


class HealthNotes:
    """Writes health when it changes, and now and then when it does not. Used by one thread."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._last: dict[str, Health] = {}

    def note(
        self,
        part: str,
        problem: str | None,
        *,
        ignored: Mapping[str, int] = NOTHING_IGNORED,
        waiting_since: datetime | None = None,
    ) -> None:
        """Note how a part is now."""
        now, last = self._workspace.clock(), self._last.get(part)
        new = Health(part=part, problem=problem, at=now, ignored=dict(ignored), waiting_since=waiting_since)
        if last is not None and now - last.at < NOTE_EVERY and not new.differs(last):
            return
        with self._workspace.store.begin() as connection:
            before = last or _parse(part, list_meta(connection, _PREFIX + part).get(_PREFIX + part))
            new = replace(new, since=_since(new, before))
            put_meta(connection, _PREFIX + part, _text(new))
        self._last[part] = new


def read_health(workspace: Workspace) -> tuple[Health, ...]:
    """What every part was last heard to be."""
    with workspace.store.read() as connection:
        rows = list_meta(connection, _PREFIX)
    parsed = (_parse(key.removeprefix(_PREFIX), value) for key, value in rows.items())
    return tuple(health for health in parsed if health is not None)


def _since(new: Health, before: Health | None) -> datetime | None:
    """Faults follow each other (unreachable, then busy): what alarms is that the work stands, whatever they are."""
    if new.problem is None:
        return None
    return before.since or before.at if before is not None and before.problem is not None else new.at


def _text(health: Health) -> str:
    return canonical_json(
        {
            "problem": health.problem,
            "at": format_utc(health.at),
            "since": _moment(health.since),
            "ignored": dict(health.ignored),
            "waiting_since": _moment(health.waiting_since),
        }
    )


def _parse(part: str, text: str | None) -> Health | None:
    """A note as it was written; notes of earlier versions have fewer fields."""
    if text is None:
        return None
    value = json.loads(text)
    return Health(
        part=part,
        problem=value["problem"],
        at=parse_utc(value["at"]),
        since=_time(value.get("since")),
        ignored=value.get("ignored", {}),
        waiting_since=_time(value.get("waiting_since")),
    )


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else format_utc(moment)


def _time(text: str | None) -> datetime | None:
    return None if text is None else parse_utc(text)
