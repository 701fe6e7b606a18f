"""How the parts that work by themselves are doing: written by `avtale run`, read by `avtale status`.

A part that is silent is not a part that is well: every note has its time, and `status` shows it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
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
    """`intake`, `judging`, `outbox`, or `folder <path>`."""
    problem: str | None
    """A code, or None while it is well."""
    at: datetime
    ignored: Mapping[str, int] = field(default_factory=dict)
    """Of a folder: how many names are passed over, by reason (`hidden`, `temporary`, `folder`)."""


class HealthNotes:
    """Writes health when it changes, and now and then when it does not."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._last: dict[str, Health] = {}

    def note(self, part: str, problem: str | None, ignored: Mapping[str, int] = NOTHING_IGNORED) -> None:
        """Note how a part is now."""
        now = self._workspace.clock()
        last = self._last.get(part)
        if last is not None and (last.problem, last.ignored) == (problem, ignored) and now - last.at < NOTE_EVERY:
            return
        value = canonical_json({"problem": problem, "at": format_utc(now), "ignored": dict(ignored)})
        with self._workspace.store.begin() as connection:
            put_meta(connection, _PREFIX + part, value)
        self._last[part] = Health(part=part, problem=problem, at=now, ignored=ignored)


def read_health(workspace: Workspace) -> tuple[Health, ...]:
    """What every part was last heard to be."""
    with workspace.store.read() as connection:
        rows = list_meta(connection, _PREFIX)
    parsed = ((key.removeprefix(_PREFIX), json.loads(value)) for key, value in rows.items())
    return tuple(
        Health(
            part=part,
            problem=value["problem"],
            at=parse_utc(value["at"]),
            ignored=value.get("ignored", NOTHING_IGNORED),  # notes of earlier versions have none
        )
        for part, value in parsed
    )
