"""How a case's organisation signs, where it differs from what the vendor's organisations usually do."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("cases", sa.Column("signing", sa.Text))


def downgrade() -> None:
    raise NotImplementedError("the record is never unmade: restore a backup instead")
