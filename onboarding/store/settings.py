"""What was set with `config set`: rows that are only ever added, each with who, when and why."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from agreements.canonical import JsonValue, canonical_json
from agreements.casenumber import CaseNumber, parse_case_number
from agreements.configuration import Setting
from agreements.parties import Actor
from agreements.times import format_utc, parse_utc
from onboarding.store.tables import settings


@dataclass(frozen=True, kw_only=True)
class StoredSetting:
    """A setting with where it belongs."""

    case: CaseNumber
    version: int
    """Of the agreement that was in force when it was set."""
    setting: Setting


def insert_settings(connection: sa.Connection, new: Iterable[StoredSetting], *, actor: Actor) -> None:
    """Add settings in the caller's transaction, in the order given; `actor` is who sets them all."""
    for one in new:
        row = {
            "case_number": str(one.case),
            "version": one.version,
            "field_id": one.setting.field_id,
            "value": canonical_json(one.setting.value),
            "reason": one.setting.reason,
            "set_by": one.setting.by,
            "os_user": actor.os_user,
            "set_at": format_utc(one.setting.at),
        }
        connection.execute(settings.insert().values(**row))


def list_settings(connection: sa.Connection, case: CaseNumber) -> tuple[StoredSetting, ...]:
    """Everything that was ever set in a case, oldest first."""
    return _listed(connection, settings.c.case_number == str(case))


def list_settings_of(connection: sa.Connection, field_id: str, value: JsonValue) -> tuple[StoredSetting, ...]:
    """Where a field was ever set to this value, in all cases, oldest first: a later one may have taken it back."""
    same = sa.and_(settings.c.field_id == field_id, settings.c.value == canonical_json(value))
    return _listed(connection, same)


def _listed(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> tuple[StoredSetting, ...]:
    query = sa.select(settings).where(condition).order_by(settings.c.id)
    return tuple(_stored(row) for row in connection.execute(query).mappings())


def _stored(row: sa.RowMapping) -> StoredSetting:
    setting = Setting(
        field_id=row["field_id"],
        value=json.loads(row["value"]),
        by=row["set_by"],
        at=parse_utc(row["set_at"]),
        reason=row["reason"],
    )
    return StoredSetting(case=parse_case_number(row["case_number"]), version=row["version"], setting=setting)
