"""The roof's tables. Times are text from `agreements.times`, JSON is text from `agreements.canonical`, flags are 0 or
1.

Text everywhere keeps SQLite and PostgreSQL alike: what is hashed and compared is what is stored. The rooms own their
tables (`intake.ledger`, `outbox.messages`); the migrations cover them all. Triggers stand in
`onboarding.store.triggers`.
"""

import sqlalchemy as sa

NAMES = {
    "pk": "pk_%(table_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
}
"""Constraint names, so that they are the same on every database and a later migration can find them."""

metadata = sa.MetaData(naming_convention=NAMES)

OPEN_STEPS = sa.text("step NOT IN ('launched', 'closed')")
"""A case in one of these steps counts as open: a vendor has at most one open case for an organisation."""

meta = sa.Table(
    "meta",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

cases = sa.Table(
    "cases",
    metadata,
    sa.Column("case_number", sa.Text, primary_key=True),
    sa.Column("year", sa.Integer, nullable=False),
    sa.Column("serial", sa.Integer, nullable=False),
    sa.Column("vendor_id", sa.Text, nullable=False),
    sa.Column("org_number", sa.Text, nullable=False),
    sa.Column("customer_name", sa.Text, nullable=False),
    sa.Column("language", sa.Text, nullable=False),
    sa.Column("step", sa.Text, nullable=False),
    sa.Column("held", sa.Integer, nullable=False),
    sa.Column("unconfirmed", sa.Integer, nullable=False),
    sa.Column("asked", sa.Integer, nullable=False),
    sa.Column("asking", sa.Integer, nullable=False),
    sa.Column("plan", sa.Text, nullable=False),
    sa.Column("agreement_version", sa.Integer, nullable=False),  # 0: none issued yet
    sa.Column("agreement_state", sa.Text, nullable=False),
    sa.Column("issued_on", sa.Text),
    sa.Column("setup_ball", sa.Text),  # NULL: nothing is open on the work list of step 4
    sa.Column("clock", sa.Text),  # NULL: not in set-up
    sa.Column("launched_sha256", sa.Text),  # NULL: never launched
    sa.Column("closing", sa.Text),  # NULL: not closed
    sa.Column("duty", sa.Text),  # NULL, as the next three: nobody need do anything with it
    sa.Column("waiting_for", sa.Text),
    sa.Column("since", sa.Text),
    sa.Column("counts_from", sa.Text),  # NULL also while the clock stands still
    sa.Column("field_values", sa.Text, nullable=False),
    sa.Column("signers", sa.Text, nullable=False),
    sa.Column("signing", sa.Text),  # NULL: as the vendor's organisations usually sign
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("created_at", sa.Text, nullable=False),
    sa.Column("updated_at", sa.Text, nullable=False),
    sa.UniqueConstraint("year", "serial"),
    sa.Index(None, "step", "year", "serial"),
    sa.Index(None, "waiting_for", "year", "serial"),
    sa.Index(None, "step", "since"),
    sa.Index(None, "duty", "waiting_for", "counts_from"),
)
sa.Index(
    "one_open_case",
    cases.c.vendor_id,
    cases.c.org_number,
    unique=True,
    sqlite_where=OPEN_STEPS,
    postgresql_where=OPEN_STEPS,
)

agreements = sa.Table(
    "agreements",
    metadata,
    sa.Column("case_number", sa.Text, sa.ForeignKey("cases.case_number"), primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("template_version", sa.Text, nullable=False),
    sa.Column("language", sa.Text, nullable=False),
    sa.Column("pages", sa.Integer, nullable=False),
    sa.Column("example_terms", sa.Integer, nullable=False),
    sa.Column("route", sa.Text, nullable=False),
    sa.Column("open_fields", sa.Text, nullable=False),
    sa.Column("control_code", sa.Text, nullable=False),
    sa.Column("field_map_sha256", sa.Text),  # NULL: issued before there were any
    sa.Column("field_values", sa.Text, nullable=False),
    sa.Column("signers", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("issued_at", sa.Text, nullable=False),
    sa.Column("issued_by", sa.Text, nullable=False),
    sa.Column("adopted", sa.Integer, nullable=False),
    sa.Index(None, "size", "sha256"),
)

judgements = sa.Table(
    "judgements",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("sha256", sa.Text, nullable=False, unique=True),  # of the returned document: one verdict per content
    sa.Column("case_number", sa.Text, sa.ForeignKey("cases.case_number")),
    sa.Column("version", sa.Integer),
    sa.Column("verdict", sa.Text, nullable=False),
    sa.Column("findings", sa.Text, nullable=False),
    sa.Column("report", sa.Text),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("judged_at", sa.Text, nullable=False),
    sa.Column("decided_at", sa.Text),
    sa.Column("decided_by", sa.Text),
    sa.Column("os_user", sa.Text),
    sa.Column("reason", sa.Text),
    sa.Column("parameters", sa.Text),  # NULL: nothing has been read of it
    sa.Index(None, "status"),
    sa.Index(None, "case_number"),
    sqlite_autoincrement=True,
)

approvals = sa.Table(
    "approvals",
    metadata,
    sa.Column("judgement_id", sa.Integer, sa.ForeignKey("judgements.id"), primary_key=True, autoincrement=False),
    sa.Column("approver", sa.Text, primary_key=True),
    sa.Column("os_user", sa.Text, nullable=False),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
)

settings = sa.Table(
    "settings",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("case_number", sa.Text, sa.ForeignKey("cases.case_number"), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),  # of the agreement in force when it was set
    sa.Column("field_id", sa.Text, nullable=False),
    sa.Column("value", sa.Text, nullable=False),  # `null`: what was set before is taken back
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("set_by", sa.Text, nullable=False),
    sa.Column("os_user", sa.Text, nullable=False),
    sa.Column("set_at", sa.Text, nullable=False),
    sa.Index(None, "case_number"),
    sa.Index(None, "field_id"),
    sqlite_autoincrement=True,
)

plans = sa.Table(
    "plans",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("case_number", sa.Text, sa.ForeignKey("cases.case_number"), nullable=False),
    sa.Column("decision", sa.Text, nullable=False),
    sa.Column("schedule", sa.Text, nullable=False),
    sa.Column("decided_by", sa.Text, nullable=False),
    sa.Column("os_user", sa.Text, nullable=False),
    sa.Column("decided_at", sa.Text, nullable=False),
    sa.Index(None, "case_number"),
    sqlite_autoincrement=True,
)

configurations = sa.Table(
    "configurations",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),  # the last of a case is the one to be verified
    sa.Column("case_number", sa.Text, sa.ForeignKey("cases.case_number"), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),  # of the agreement it rests on
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("made_at", sa.Text, nullable=False),
    sa.Index(None, "case_number"),
    sqlite_autoincrement=True,
)

agreed_methods = sa.Table(
    "agreed_methods",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),  # the last of a case is in force
    sa.Column("case_number", sa.Text, sa.ForeignKey("cases.case_number"), nullable=False),
    sa.Column("methods", sa.Text, nullable=False),
    sa.Column("vendor_by", sa.Text, nullable=False),
    sa.Column("digipost_by", sa.Text, nullable=False),
    sa.Column("evidence_sha256", sa.Text, nullable=False),
    sa.Column("agreed_by", sa.Text, nullable=False),
    sa.Column("os_user", sa.Text, nullable=False),
    sa.Column("agreed_at", sa.Text, nullable=False),
    sa.Index(None, "case_number"),
    sqlite_autoincrement=True,
)

method_results = sa.Table(
    "method_results",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),  # the last of a case and method counts
    sa.Column("case_number", sa.Text, sa.ForeignKey("cases.case_number"), nullable=False),
    sa.Column("configuration_id", sa.Integer, sa.ForeignKey("configurations.id"), nullable=False),
    sa.Column("method", sa.Text, nullable=False),
    sa.Column("result", sa.Text, nullable=False),
    sa.Column("party", sa.Text, nullable=False),
    sa.Column("tried_by", sa.Text, nullable=False),
    sa.Column("tried_on", sa.Text, nullable=False),
    sa.Column("evidence", sa.Text, nullable=False),
    sa.Column("evidence_sha256", sa.Text),  # NULL: words only
    sa.Column("recorded_by", sa.Text, nullable=False),
    sa.Column("os_user", sa.Text, nullable=False),
    sa.Column("recorded_at", sa.Text, nullable=False),
    sa.Index(None, "case_number"),
    sqlite_autoincrement=True,
)

attestations = sa.Table(
    "attestations",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("case_number", sa.Text, sa.ForeignKey("cases.case_number"), nullable=False),
    sa.Column("configuration_id", sa.Integer, sa.ForeignKey("configurations.id"), nullable=False),
    sa.Column("party", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("accepted", sa.Integer, nullable=False),  # 0: recorded, and not enough for a launch
    sa.Column("given_at", sa.Text, nullable=False),
    sa.Column("evidence_sha256", sa.Text, nullable=False),
    sa.Column("mail_id", sa.Text, unique=True),  # NULL: no mail. One mail attests once
    sa.Column("proof", sa.Text),  # NULL: no mail. What its signature was verified with
    sa.Column("recorded_by", sa.Text, nullable=False),
    sa.Column("os_user", sa.Text, nullable=False),
    sa.Column("recorded_at", sa.Text, nullable=False),
    sa.Column("event_seq", sa.Integer, sa.ForeignKey("events.seq"), nullable=False),
    sa.Index(None, "case_number"),
    sqlite_autoincrement=True,
)

clear_signals = sa.Table(
    "clear_signals",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),  # the last of a case is the one on disk
    sa.Column("case_number", sa.Text, sa.ForeignKey("cases.case_number"), nullable=False),
    sa.Column("document", sa.Text, nullable=False),  # signed, as it is written
    sa.Column("made_at", sa.Text, nullable=False),
    sa.Column("written", sa.Integer, nullable=False),  # 0: not on disk yet
    sa.Index(None, "case_number"),
    sa.Index(None, "written"),
    sqlite_autoincrement=True,
)

snapshots = sa.Table(
    "register_snapshots",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("org_number", sa.Text, nullable=False),
    sa.Column("fetched_at", sa.Text, nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("status", sa.Integer),  # NULL: no answer
    sa.Column("entity_sha256", sa.Text),
    sa.Column("signature_sha256", sa.Text),
    sa.Column("prokura_sha256", sa.Text),
    sa.Index(None, "org_number"),
    sqlite_autoincrement=True,
)

event_words = sa.Table(
    "event_words",
    metadata,
    sa.Column("digest", sa.Text, primary_key=True),
    sa.Column("salt", sa.Text, nullable=False),
    sa.Column("words", sa.Text, nullable=False),
)

erasures = sa.Table(
    "erasures",
    metadata,
    sa.Column("digest", sa.Text, primary_key=True),
    sa.Column("event_seq", sa.Integer, sa.ForeignKey("events.seq"), nullable=False),
)

checkpoints = sa.Table(
    "checkpoints",
    metadata,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("hash", sa.Text, nullable=False),
    sa.Column("made_at", sa.Text, nullable=False),
    sa.Column("document", sa.Text, nullable=False),
)

erased_originals = sa.Table(
    "erased_originals",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("rule", sa.Text, nullable=False),
    sa.Column("event_seq", sa.Integer, sa.ForeignKey("events.seq"), nullable=False),
    sa.Column("unlinked", sa.Integer, nullable=False),  # 0: its file may lie on disk still
    sa.Index(None, "sha256"),
    sqlite_autoincrement=True,
)

events = sa.Table(
    "events",
    metadata,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("case_number", sa.Text),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("os_user", sa.Text, nullable=False),
    sa.Column("data", sa.Text, nullable=False),
    sa.Column("prev_hash", sa.Text, nullable=False),
    sa.Column("hash", sa.Text, nullable=False),
    sa.Index(None, "case_number"),
)
