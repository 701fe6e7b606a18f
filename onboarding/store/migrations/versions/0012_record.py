"""The record: what people wrote stands beside it by digest, and checkpoints are signed."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Words that stand in older events stay there: an event is never altered."""
    op.create_table(
        "event_words",
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("salt", sa.Text, nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_event_words"),
    )
    op.create_table(
        "erasures",
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("event_seq", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_erasures"),
        sa.ForeignKeyConstraint(["event_seq"], ["events.seq"], name="fk_erasures_event_seq"),
    )
    op.create_table(
        "checkpoints",
        sa.Column("seq", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("made_at", sa.Text, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_checkpoints"),
    )
    op.create_table(
        "erased_originals",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("rule", sa.Text, nullable=False),
        sa.Column("event_seq", sa.Integer, nullable=False),
        sa.Column("unlinked", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_erased_originals"),
        sa.ForeignKeyConstraint(["event_seq"], ["events.seq"], name="fk_erased_originals_event_seq"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_erased_originals_sha256", "erased_originals", ["sha256"])


def downgrade() -> None:
    raise NotImplementedError("the record is never unmade: restore a backup instead")
