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


_PUSHES_OUT = """EXISTS (
    SELECT 1 FROM cases c WHERE c.case_number = NEW.case_number OR (c.year = NEW.year AND c.serial = NEW.serial)
    OR (c.vendor_id = NEW.vendor_id AND c.org_number = NEW.org_number
      AND c.step NOT IN ('launched', 'closed') AND NEW.step NOT IN ('launched', 'closed')))"""
"""What REPLACE would delete without a word: SQLite asks no DELETE trigger unless the connection wants it."""

_LAST_CONFIGURATION = "SELECT max(id) FROM configurations WHERE case_number = NEW.case_number"

_NOT_BOTH_ATTESTED = f"""NEW.step = 'launched' AND OLD.step <> 'launched' AND NOT (
  OLD.step = 'verification' AND NEW.held = 0 AND NEW.agreement_state IN ('forwarded', 'acknowledged')
  AND EXISTS (
    SELECT 1 FROM configurations c
    JOIN attestations v ON v.configuration_id = c.id AND v.party = 'vendor' AND v.accepted = 1
    JOIN attestations d ON d.configuration_id = c.id AND d.party = 'digipost' AND d.accepted = 1
    WHERE c.id = ({_LAST_CONFIGURATION}) AND c.version = NEW.agreement_version AND c.sha256 = NEW.launched_sha256
    AND v.os_user <> d.os_user)
  AND EXISTS (SELECT 1 FROM method_results r WHERE r.case_number = NEW.case_number AND r.result = 'passed'))"""  # noqa: S608
"""A launch needs both parties' word for the configuration in force, given by two people ("et absolutt krav at Digipost
skal involveres", seed step 5). Nothing here is ever NULL but what EXISTS looks for, so that it can't be unknown."""

_LAUNCH_ALTERED = """coalesce(NEW.launched_sha256, '') <> coalesce(OLD.launched_sha256, '')
  AND NOT (OLD.step = 'verification' AND NEW.step = 'launched')"""
_TAKEN_BACK = """(OLD.step = 'launched' AND NEW.step NOT IN ('launched', 'closed'))
  OR (OLD.step = 'closed' AND NEW.step <> 'closed')"""

_END_ALTERED = "OLD.step = 'closed' AND coalesce(NEW.closing, '') <> coalesce(OLD.closing, '')"
"""Why a case is closed stays: one that was launched outside of here is told of for ever."""

_NO_SIGNAL = """EXISTS (SELECT 1 FROM clear_signals WHERE id = NEW.id OR document = NEW.document)
  OR NOT EXISTS (
    SELECT 1 FROM cases s WHERE s.case_number = NEW.case_number AND s.launched_sha256 IS NOT NULL)"""
"""A signal is of a launched case, and none comes back after it was withdrawn."""

_NO_ATTESTATION = f"""NOT EXISTS (
    SELECT 1 FROM configurations c JOIN cases s ON s.case_number = c.case_number AND s.step = 'verification'
    WHERE c.id = NEW.configuration_id AND c.case_number = NEW.case_number AND c.id = ({_LAST_CONFIGURATION}))
  OR NOT EXISTS (
    SELECT 1 FROM events e WHERE e.seq = NEW.event_seq AND e.case_number = NEW.case_number
    AND e.kind = 'verification.attested')
  OR NEW.party NOT IN ('vendor', 'digipost') OR NEW.accepted NOT IN (0, 1)
  OR (NEW.party = 'vendor' AND NEW.channel <> 'program')
  OR (NEW.party = 'digipost' AND NEW.channel NOT IN ('verified_mail', 'vendor_testimony'))
  OR (NEW.channel = 'verified_mail' AND (NEW.mail_id IS NULL OR NEW.proof IS NULL))
  OR EXISTS (SELECT 1 FROM attestations u WHERE u.mail_id = NEW.mail_id)
  OR EXISTS (
    SELECT 1 FROM attestations o WHERE o.configuration_id = NEW.configuration_id AND o.party <> NEW.party
    AND o.os_user = NEW.os_user)"""  # noqa: S608 - constants only
"""An attestation is of the configuration in force, stands in the record, and nobody gives both."""

_CONFIGURATION_LATE = """NOT EXISTS (
    SELECT 1 FROM cases s WHERE s.case_number = NEW.case_number AND s.step IN ('setup', 'verification')
    AND s.agreement_version = NEW.version)"""


_NOT_TOLD = """EXISTS (SELECT 1 FROM erasures WHERE digest = NEW.digest)
  OR NOT EXISTS (SELECT 1 FROM events WHERE seq = NEW.event_seq AND kind = 'personal.erased')"""
"""What somebody wrote goes only with an event that says so."""

_NO_CHECKPOINT = """EXISTS (SELECT 1 FROM checkpoints WHERE seq >= NEW.seq)
  OR NOT EXISTS (SELECT 1 FROM events WHERE seq = NEW.seq AND hash = NEW.hash)"""


@dataclass(frozen=True)
class _Rule:
    """Refuse `when` on `table`, always or where the condition (over OLD and NEW) holds."""

    table: str
    when: str
    condition: str | None = None


def _kept(table: str) -> dict[str, _Rule]:
    """Rows that are only ever added."""
    return {
        f"{table}_no_update": _Rule(table, "UPDATE"),
        f"{table}_no_delete": _Rule(table, "DELETE"),
        f"{table}_no_replace": _Rule(table, "INSERT", f"EXISTS (SELECT 1 FROM {table} WHERE id = NEW.id)"),  # noqa: S608
    }


_RULES = {
    "meta_environment_stays": _Rule("meta", "UPDATE", "OLD.key = 'environment'"),
    "meta_environment_no_delete": _Rule("meta", "DELETE", "OLD.key = 'environment'"),
    "meta_no_replace": _Rule("meta", "INSERT", "EXISTS (SELECT 1 FROM meta WHERE key = NEW.key)"),
    "cases_no_delete": _Rule("cases", "DELETE"),
    "cases_no_replace": _Rule("cases", "INSERT", _PUSHES_OUT),
    "cases_identity": _Rule("cases", "UPDATE OF case_number, year, serial, vendor_id, org_number, created_at"),
    "cases_begin_open": _Rule("cases", "INSERT", "NEW.step = 'launched' OR NEW.launched_sha256 IS NOT NULL"),
    "cases_launch": _Rule("cases", "UPDATE", _NOT_BOTH_ATTESTED),
    "cases_launch_stands": _Rule("cases", "UPDATE", _LAUNCH_ALTERED),
    "cases_end_stands": _Rule("cases", "UPDATE", _END_ALTERED),
    "cases_not_taken_back": _Rule("cases", "UPDATE", _TAKEN_BACK),
    "agreements_frozen": _Rule("agreements", f"UPDATE OF {_FROZEN}"),
    "agreements_no_delete": _Rule("agreements", "DELETE"),
    "agreements_no_replace": _Rule(
        "agreements",
        "INSERT",
        "EXISTS (SELECT 1 FROM agreements WHERE case_number = NEW.case_number AND version = NEW.version)",
    ),
    **_kept("settings"),
    **_kept("plans"),
    **_kept("register_snapshots"),
    **_kept("configurations"),
    "configurations_in_time": _Rule("configurations", "INSERT", _CONFIGURATION_LATE),
    **_kept("agreed_methods"),
    **_kept("method_results"),
    **_kept("attestations"),
    "attestations_sound": _Rule("attestations", "INSERT", _NO_ATTESTATION),
    "clear_signals_frozen": _Rule("clear_signals", "UPDATE OF id, case_number, document, made_at"),
    "clear_signals_no_delete": _Rule("clear_signals", "DELETE"),
    "clear_signals_new": _Rule("clear_signals", "INSERT", _NO_SIGNAL),
    "event_words_no_update": _Rule("event_words", "UPDATE"),
    "event_words_no_replace": _Rule(
        "event_words", "INSERT", "EXISTS (SELECT 1 FROM event_words WHERE digest = NEW.digest)"
    ),
    "event_words_erased": _Rule(
        "event_words", "DELETE", "NOT EXISTS (SELECT 1 FROM erasures WHERE digest = OLD.digest)"
    ),
    "erased_originals_frozen": _Rule("erased_originals", "UPDATE OF id, sha256, rule, event_seq"),
    "erased_originals_no_delete": _Rule("erased_originals", "DELETE"),
    "erased_originals_no_replace": _Rule(
        "erased_originals", "INSERT", "EXISTS (SELECT 1 FROM erased_originals WHERE id = NEW.id)"
    ),
    "erasures_no_update": _Rule("erasures", "UPDATE"),
    "erasures_no_delete": _Rule("erasures", "DELETE"),
    "erasures_recorded": _Rule("erasures", "INSERT", _NOT_TOLD),
    "checkpoints_no_update": _Rule("checkpoints", "UPDATE"),
    "checkpoints_no_delete": _Rule("checkpoints", "DELETE"),
    "checkpoints_follow": _Rule("checkpoints", "INSERT", _NO_CHECKPOINT),
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
    "configurations",
    "agreed_methods",
    "method_results",
    "attestations",
    "clear_signals",
    "event_words",
    "erasures",
    "erased_originals",
    "checkpoints",
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
