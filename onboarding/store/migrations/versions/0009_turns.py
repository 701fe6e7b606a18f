"""Whose turn it is in each case, and since when; the clock of step 4; questions to Digipost."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_COLUMNS = ("issued_on", "setup_ball", "clock", "duty", "waiting_for", "since", "counts_from")
_INDEXES = {
    "ix_cases_step_year_serial": ["step", "year", "serial"],
    "ix_cases_waiting_for_year_serial": ["waiting_for", "year", "serial"],
    "ix_cases_step_since": ["step", "since"],
    "ix_cases_duty_waiting_for_counts_from": ["duty", "waiting_for", "counts_from"],
}
_OPEN = "step NOT IN ('launched', 'closed')"
_DUTY = f"""UPDATE cases SET duty = CASE
  WHEN asked = 1 THEN 'answer_digipost'
  WHEN NOT ({_OPEN}) THEN NULL
  WHEN held = 1 THEN 'resume'
  WHEN unconfirmed = 1 THEN 'confirm'
  WHEN agreement_state = 'approved' THEN 'forward'
  WHEN step = 'setup' THEN 'set_up'
  WHEN step = 'verification' THEN 'verify'
  WHEN agreement_state IN ('issued', 'sent') THEN 'sign'
  WHEN agreement_state = 'returned' THEN 'review'
  WHEN agreement_state = 'forwarded' THEN 'acknowledge'
  WHEN agreement_state = 'acknowledged' THEN 'decide_plan'
  ELSE 'issue' END"""  # noqa: S608 - constants only
_ISSUED_ON = """UPDATE cases SET issued_on = (SELECT substr(agreements.issued_at, 1, 10) FROM agreements
  WHERE agreements.case_number = cases.case_number AND agreements.version = cases.agreement_version)"""
_TURN = """UPDATE cases SET since = updated_at,
  waiting_for = CASE duty WHEN 'sign' THEN 'customer' WHEN 'acknowledge' THEN 'digipost' ELSE 'vendor' END,
  counts_from = CASE WHEN duty = 'sign' AND issued_on IS NOT NULL THEN issued_on ELSE substr(updated_at, 1, 10) END
  WHERE duty IS NOT NULL"""
_CLOCK = """UPDATE cases SET clock = '{"counts_from":"' || substr(updated_at, 1, 10) ||
  '","spent":0,"starts_on":"' || substr(updated_at, 1, 10) || '"}' WHERE step = 'setup'"""


def upgrade() -> None:
    """A case that stands in the table counts from its last change, by the UTC day: nothing tells more of it."""
    op.add_column("cases", sa.Column("asking", sa.Integer, nullable=False, server_default="0"))
    for name in _COLUMNS:
        op.add_column("cases", sa.Column(name, sa.Text))
    for statement in ("UPDATE cases SET setup_ball = 'vendor'", _DUTY, _ISSUED_ON, _TURN, _CLOCK):
        op.execute(sa.text(statement.replace(":", "\\:")))
    for name, columns in _INDEXES.items():
        op.create_index(name, "cases", columns)


def downgrade() -> None:
    raise NotImplementedError("the record is never unmade: restore a backup instead")
