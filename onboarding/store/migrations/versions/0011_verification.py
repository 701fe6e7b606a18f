"""Step 5 and 6: what is verified, how, by whose word; the launch and the signal that it may be used."""

from typing import TypeAlias

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_Kind: TypeAlias = type[sa.Integer] | type[sa.Text]


def upgrade() -> None:
    op.add_column("cases", sa.Column("launched_sha256", sa.Text))
    op.add_column("cases", sa.Column("closing", sa.Text))
    _table("configurations", ("version", sa.Integer), ("sha256", sa.Text), ("made_at", sa.Text))
    _table("agreed_methods", *_texts("methods", "vendor_by", "digipost_by", "evidence_sha256"), *_who("agreed"))
    _table(
        "method_results",
        ("configuration_id", sa.Integer),
        *_texts("method", "result", "party", "tried_by", "tried_on", "evidence"),
        *_who("recorded"),
        more=(sa.Column("evidence_sha256", sa.Text), _of("configuration_id", "configurations.id", "method_results")),
    )
    _table(
        "attestations",
        ("configuration_id", sa.Integer),
        *_texts("party", "name", "channel"),
        ("accepted", sa.Integer),
        *_texts("given_at", "evidence_sha256"),
        *_who("recorded"),
        ("event_seq", sa.Integer),
        more=(
            sa.Column("mail_id", sa.Text),
            sa.Column("proof", sa.Text),
            sa.UniqueConstraint("mail_id", name="uq_attestations_mail_id"),
            _of("configuration_id", "configurations.id", "attestations"),
            _of("event_seq", "events.seq", "attestations"),
        ),
    )
    _table("clear_signals", *_texts("document", "made_at"), ("written", sa.Integer))
    op.create_index("ix_clear_signals_written", "clear_signals", ["written"])


def _table(
    name: str,
    *columns: tuple[str, _Kind],
    more: tuple[sa.Column[str | None] | sa.Constraint, ...] = (),
) -> None:
    """A table of rows about cases."""
    op.create_table(
        name,
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("case_number", sa.Text, nullable=False),
        *(sa.Column(column, kind, nullable=False) for column, kind in columns),
        *more,
        _of("case_number", "cases.case_number", name),
        sa.PrimaryKeyConstraint("id", name=f"pk_{name}"),
        sqlite_autoincrement=True,
    )
    op.create_index(f"ix_{name}_case_number", name, ["case_number"])


def _of(column: str, other: str, table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [other], name=f"fk_{table}_{column}")


def _texts(*names: str) -> tuple[tuple[str, _Kind], ...]:
    return tuple((name, sa.Text) for name in names)


def _who(verb: str) -> tuple[tuple[str, _Kind], ...]:
    return _texts(f"{verb}_by", "os_user", f"{verb}_at")


def downgrade() -> None:
    raise NotImplementedError("the record is never unmade: restore a backup instead")
