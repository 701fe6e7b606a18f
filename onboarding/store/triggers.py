"""What the database itself refuses, whoever asks: changing the record, deleting cases, altering what was
issued, set or planned.

`create_triggers` is called at the end of every migration, because Alembic's `batch_alter_table` copies a SQLite table
and silently drops its triggers. Residual risk: whoever owns the database can drop a trigger; the hash chain shows it
afterwards.
"""

from dataclasses import dataclass

import sqlalchemy as sa

_FROZEN = (
    "case_number, version, sha256, size, template_version, language, pages, example_terms, route, open_fields, "
    "control_code, field_map_sha256, field_values, signers, issued_at, issued_by, adopted"
)
"""Columns of `agreements` that never change; only `state` does."""

_CHAIN_BROKEN = (
    "NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM events) OR "  # noqa: S608 - constants only
    f"NEW.prev_hash <> coalesce((SELECT hash FROM events ORDER BY seq DESC LIMIT 1), '{'0' * 64}')"
)
"""An event must follow the last one: an existing number (INSERT OR REPLACE), a gap or another chain is refused."""


@dataclass(frozen=True)
class _Rule:
    """Refuse `when` on `table`, always or where the condition (over OLD and NEW) holds."""

    table: str
    when: str
    condition: str | None = None


_RULES = {
    "meta_environment_stays": _Rule("meta", "UPDATE", "OLD.key = 'environment'"),
    "meta_environment_no_delete": _Rule("meta", "DELETE", "OLD.key = 'environment'"),
    "meta_no_replace": _Rule("meta", "INSERT", "EXISTS (SELECT 1 FROM meta WHERE key = NEW.key)"),
    "cases_no_delete": _Rule("cases", "DELETE"),
    "cases_no_replace": _Rule("cases", "INSERT", "EXISTS (SELECT 1 FROM cases WHERE case_number = NEW.case_number)"),
    "agreements_frozen": _Rule("agreements", f"UPDATE OF {_FROZEN}"),
    "agreements_no_delete": _Rule("agreements", "DELETE"),
    "agreements_no_replace": _Rule(
        "agreements",
        "INSERT",
        "EXISTS (SELECT 1 FROM agreements WHERE case_number = NEW.case_number AND version = NEW.version)",
    ),
    "settings_no_update": _Rule("settings", "UPDATE"),
    "settings_no_delete": _Rule("settings", "DELETE"),
    "settings_no_replace": _Rule("settings", "INSERT", "EXISTS (SELECT 1 FROM settings WHERE id = NEW.id)"),
    "plans_no_update": _Rule("plans", "UPDATE"),
    "plans_no_delete": _Rule("plans", "DELETE"),
    "plans_no_replace": _Rule("plans", "INSERT", "EXISTS (SELECT 1 FROM plans WHERE id = NEW.id)"),
    "register_snapshots_no_update": _Rule("register_snapshots", "UPDATE"),
    "register_snapshots_no_delete": _Rule("register_snapshots", "DELETE"),
    "register_snapshots_no_replace": _Rule(
        "register_snapshots", "INSERT", "EXISTS (SELECT 1 FROM register_snapshots WHERE id = NEW.id)"
    ),
    "events_no_update": _Rule("events", "UPDATE"),
    "events_no_delete": _Rule("events", "DELETE"),
    "events_follow": _Rule("events", "INSERT", _CHAIN_BROKEN),
}
_RAISE = "RAISE EXCEPTION USING MESSAGE = 'refused: ' || TG_NAME, ERRCODE = 'integrity_constraint_violation';"
_NO_TRUNCATE = (
    "meta",
    "cases",
    "agreements",
    "settings",
    "plans",
    "register_snapshots",
    "events",
)  # PostgreSQL only: TRUNCATE fires no row trigger

TRIGGER_NAMES = frozenset(_RULES)
"""Every trigger that must stand at head, on both databases."""


def create_triggers(connection: sa.Connection) -> None:
    """Drop and create all triggers. The tables must exist."""
    statements = _sqlite() if connection.dialect.name == "sqlite" else _postgresql()
    for statement in statements:
        connection.exec_driver_sql(statement)


def _sqlite() -> list[str]:
    statements = []
    for name, rule in _RULES.items():
        guard = f"WHEN {rule.condition}" if rule.condition else ""
        action = f"SELECT RAISE(ABORT, 'refused: {name}');"
        statements += [
            f"DROP TRIGGER IF EXISTS {name}",
            f"CREATE TRIGGER {name} BEFORE {rule.when} ON {rule.table} FOR EACH ROW {guard} BEGIN {action} END",
        ]
    return statements


def _postgresql() -> list[str]:
    statements = [_function("avtale_refuse", _RAISE)]
    for name, rule in _RULES.items():
        statements += _postgresql_rule(name, rule)
    for table in _NO_TRUNCATE:
        trigger = f"{table}_no_truncate"
        statements += [
            f"DROP TRIGGER IF EXISTS {trigger} ON {table}",
            f"CREATE TRIGGER {trigger} BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION avtale_refuse()",
        ]
    return statements


def _postgresql_rule(name: str, rule: _Rule) -> list[str]:
    """A trigger with its function: WHEN may hold no subquery here, so the condition stands in the function."""
    row = "OLD" if rule.when == "DELETE" else "NEW"
    body = f"IF {rule.condition} THEN {_RAISE} END IF; RETURN {row};" if rule.condition else _RAISE
    return [
        _function(f"avtale_{name}", body),
        f"DROP TRIGGER IF EXISTS {name} ON {rule.table}",
        f"CREATE TRIGGER {name} BEFORE {rule.when} ON {rule.table} FOR EACH ROW EXECUTE FUNCTION avtale_{name}()",
    ]


def _function(name: str, body: str) -> str:
    return f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} END $$"
