"""Launch plans (step 3): each decision a row of its own, so that an earlier one can be read."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "plans",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("case_number", sa.Text, nullable=False),
        sa.Column("decision", sa.Text, nullable=False),
        sa.Column("schedule", sa.Text, nullable=False),
        sa.Column("decided_by", sa.Text, nullable=False),
        sa.Column("os_user", sa.Text, nullable=False),
        sa.Column("decided_at", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_plans"),
        sa.ForeignKeyConstraint(["case_number"], ["cases.case_number"], name="fk_plans_case_number"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_plans_case_number", "plans", ["case_number"])


def downgrade() -> None:
    raise NotImplementedError("the record is never unmade: restore a backup instead")
