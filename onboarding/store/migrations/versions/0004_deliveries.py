"""What comes inside something else: which delivery a receipt was taken out of, what mails and archives said, and by
what a document was known.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("receipts", sa.Column("parent", sa.Integer))
    op.add_column("documents", sa.Column("clues", sa.Text))
    op.create_index("receipts_parent", "receipts", ["parent"])
    op.create_table(
        "openings",
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("opened_at", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("sha256", name="pk_openings"),
    )


def downgrade() -> None:
    raise NotImplementedError("the record is never unmade: restore a backup instead")
