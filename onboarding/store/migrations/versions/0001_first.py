"""The first shape of the store: the roof's tables, intake's ledger and outbox's messages."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

OPEN_STEPS = sa.text("step NOT IN ('launched', 'closed')")


def upgrade() -> None:
    _create_meta_and_events()
    _create_cases_and_agreements()
    _create_judgements()
    _create_receipts_and_documents()
    _create_messages()


def downgrade() -> None:
    raise NotImplementedError("the record is never unmade: restore a backup instead")


def _create_meta_and_events() -> None:
    op.create_table(
        "meta",
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_meta"),
    )
    op.create_table(
        "events",
        sa.Column("seq", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("case_number", sa.Text),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("os_user", sa.Text, nullable=False),
        sa.Column("data", sa.Text, nullable=False),
        sa.Column("prev_hash", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_events"),
    )
    op.create_index("ix_events_case_number", "events", ["case_number"])


def _create_cases_and_agreements() -> None:
    op.create_table(
        "cases",
        sa.Column("case_number", sa.Text, nullable=False),
        sa.Column("year", sa.Integer, nullable=False),
        sa.Column("serial", sa.Integer, nullable=False),
        sa.Column("vendor_id", sa.Text, nullable=False),
        sa.Column("org_number", sa.Text, nullable=False),
        sa.Column("customer_name", sa.Text, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("step", sa.Text, nullable=False),
        sa.Column("held", sa.Integer, nullable=False),
        sa.Column("unconfirmed", sa.Integer, nullable=False),
        sa.Column("plan", sa.Text, nullable=False),
        sa.Column("agreement_version", sa.Integer, nullable=False),
        sa.Column("agreement_state", sa.Text, nullable=False),
        sa.Column("field_values", sa.Text, nullable=False),
        sa.Column("signers", sa.Text, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("created_at", sa.Text, nullable=False),
        sa.Column("updated_at", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("case_number", name="pk_cases"),
        sa.UniqueConstraint("year", "serial", name="uq_cases_year_serial"),
    )
    op.create_index(
        "one_open_case",
        "cases",
        ["vendor_id", "org_number"],
        unique=True,
        sqlite_where=OPEN_STEPS,
        postgresql_where=OPEN_STEPS,
    )
    op.create_table(
        "agreements",
        sa.Column("case_number", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("template_version", sa.Text, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("pages", sa.Integer, nullable=False),
        sa.Column("example_terms", sa.Integer, nullable=False),
        sa.Column("field_values", sa.Text, nullable=False),
        sa.Column("signers", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("issued_at", sa.Text, nullable=False),
        sa.Column("issued_by", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("case_number", "version", name="pk_agreements"),
        sa.ForeignKeyConstraint(["case_number"], ["cases.case_number"], name="fk_agreements_case_number"),
    )
    op.create_index("ix_agreements_size_sha256", "agreements", ["size", "sha256"])


def _create_judgements() -> None:
    op.create_table(
        "judgements",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("case_number", sa.Text),
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
        sa.PrimaryKeyConstraint("id", name="pk_judgements"),
        sa.UniqueConstraint("sha256", name="uq_judgements_sha256"),
        sa.ForeignKeyConstraint(["case_number"], ["cases.case_number"], name="fk_judgements_case_number"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_judgements_status", "judgements", ["status"])
    op.create_index("ix_judgements_case_number", "judgements", ["case_number"])
    op.create_table(
        "approvals",
        sa.Column("judgement_id", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("approver", sa.Text, nullable=False),
        sa.Column("os_user", sa.Text, nullable=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("judgement_id", "approver", name="pk_approvals"),
        sa.ForeignKeyConstraint(["judgement_id"], ["judgements.id"], name="fk_approvals_judgement_id"),
    )


def _create_receipts_and_documents() -> None:
    op.create_table(
        "receipts",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("source_key", sa.Text, nullable=False),
        sa.Column("slot", sa.Text, nullable=False),
        sa.Column("vendor_id", sa.Text),
        sa.Column("display_name", sa.Text, nullable=False),
        sa.Column("sha256", sa.Text),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("supersedes", sa.Integer),
        sa.Column("seen_at", sa.Text, nullable=False),
        sa.Column("stored_at", sa.Text),
        sa.Column("decided_at", sa.Text),
        sa.Column("finished_at", sa.Text),
        sa.Column("source_outcome", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_receipts"),
        sa.UniqueConstraint("source", "source_key", name="receipts_source_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("receipts_slot", "receipts", ["source", "slot"])
    op.create_index("receipts_sha256", "receipts", ["sha256"])
    op.create_index("receipts_state", "receipts", ["state"])
    op.create_table(
        "documents",
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text),
        sa.Column("reason", sa.Text),
        sa.Column("case_number", sa.Text),
        sa.Column("agreement", sa.Text),
        sa.Column("first_receipt", sa.Integer, nullable=False),
        sa.Column("judged_at", sa.Text),
        sa.PrimaryKeyConstraint("sha256", name="pk_documents"),
    )
    op.create_index("documents_state", "documents", ["state"])


def _create_messages() -> None:
    op.create_table(
        "messages",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("case_number", sa.Text),
        sa.Column("agreement", sa.Text),
        sa.Column("idempotency_key", sa.Text, nullable=False),
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("envelope_id", sa.Text, nullable=False),
        sa.Column("sender", sa.Text, nullable=False),
        sa.Column("recipient", sa.Text, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("backoff_step", sa.Integer, nullable=False),
        sa.Column("queued_at", sa.Text, nullable=False),
        sa.Column("next_attempt_at", sa.Text, nullable=False),
        sa.Column("phase", sa.Text),
        sa.Column("reply", sa.Text),
        sa.Column("reason", sa.Text),
        sa.Column("created_at", sa.Text, nullable=False),
        sa.Column("updated_at", sa.Text, nullable=False),
        sa.Column("sent_at", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_messages"),
        sa.UniqueConstraint("idempotency_key", name="uq_messages_idempotency_key"),
        sa.UniqueConstraint("message_id", name="uq_messages_message_id"),
    )
    op.create_index("ix_messages_due", "messages", ["state", "next_attempt_at"])
    op.create_index("ix_messages_case_number", "messages", ["case_number"])
