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
