"""What registers said of an organisation, and when."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "register_snapshots",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("org_number", sa.Text, nullable=False),
        sa.Column("fetched_at", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("entity_sha256", sa.Text),
        sa.Column("signature_sha256", sa.Text),
        sa.Column("prokura_sha256", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_register_snapshots"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_register_snapshots_org_number", "register_snapshots", ["org_number"])


def downgrade() -> None:
    raise NotImplementedError("the record is never unmade: restore a backup instead")
