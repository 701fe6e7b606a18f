"""Own copies, holds with what was found, evidence, and each message's history.

Drafts of letters were never sent; they are withdrawn: who was to hear of a document then has heard by other ways.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("copy_to", "unknown_at", "evidence"):
        op.add_column("messages", sa.Column(name, sa.Text))
    op.add_column("messages", sa.Column("holds", sa.Text, nullable=False, server_default="[]"))
    op.create_index("ix_messages_envelope_id", "messages", ["envelope_id"])
    op.execute("UPDATE messages SET state = 'withdrawn', reason = 'never_sent' WHERE state = 'draft'")
    op.execute("UPDATE messages SET unknown_at = updated_at, next_attempt_at = updated_at WHERE state = 'unknown'")
    op.execute("UPDATE messages SET reason = NULL, evidence = 'person' WHERE reason = 'settled_by_person'")
    op.create_table(
        "message_history",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("message", sa.Integer, nullable=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("phase", sa.Text),
        sa.Column("reply", sa.Text),
        sa.Column("reason", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_message_history"),
    )
    op.create_index("ix_message_history_message", "message_history", ["message", "kind"])


def downgrade() -> None:
    raise NotImplementedError("the record is never unmade: restore a backup instead")
