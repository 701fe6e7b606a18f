"""What an issued agreement carries: its route, its open values, its control code and its field map.

Columns are added, never a table copied (`batch_alter_table` would drop the triggers that hold it meanwhile).
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("agreements", sa.Column("route", sa.Text, nullable=False, server_default="service"))
    op.add_column("agreements", sa.Column("open_fields", sa.Text, nullable=False, server_default="[]"))
    op.add_column("agreements", sa.Column("control_code", sa.Text, nullable=False, server_default=""))
    op.add_column("agreements", sa.Column("field_map_sha256", sa.Text))


def downgrade() -> None:
    raise NotImplementedError("the record is never unmade: restore a backup instead")
