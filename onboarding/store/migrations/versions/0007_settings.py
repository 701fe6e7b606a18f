"""What came out of a returned agreement, what was set since, and whether the agreement is ours.

A setting names the version of the agreement it was made under: one of a value that stands in the agreement counts for
that version alone.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("judgements", sa.Column("parameters", sa.Text))
    op.add_column("agreements", sa.Column("adopted", sa.Integer, nullable=False, server_default="0"))
    op.create_table(
        "settings",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("case_number", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("field_id", sa.Text, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("set_by", sa.Text, nullable=False),
        sa.Column("os_user", sa.Text, nullable=False),
        sa.Column("set_at", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_settings"),
        sa.ForeignKeyConstraint(["case_number"], ["cases.case_number"], name="fk_settings_case_number"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_settings_case_number", "settings", ["case_number"])
    op.create_index("ix_settings_field_id", "settings", ["field_id"])


def downgrade() -> None:
    raise NotImplementedError("the record is never unmade: restore a backup instead")
