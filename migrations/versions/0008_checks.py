"""Checks on what was free text until now, and the last time nobody ran the periodic tasks"""

import sqlalchemy as sa
from alembic import op

revision = "0008_checks"
down_revision = "0007_audit_log"
branch_labels = None
depends_on = None

CHECKS = (
    ("mobiletech_outbound_messages", "encoding", "encoding IN ('gsm7', 'ucs2')"),
    ("mobiletech_send_attempts", "outcome", "outcome IN ('accepted', 'rejected', 'not_sent', 'unknown')"),
    ("mobiletech_template_versions", "purpose", "purpose IN ('service', 'paid')"),
)


def upgrade() -> None:
    for table, name, condition in CHECKS:
        op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, condition)
    op.add_column("periodic_runs", sa.Column("gap_ended_at", sa.DateTime(timezone=True)))
    op.add_column("periodic_runs", sa.Column("gap_seconds", sa.Integer()))


def downgrade() -> None:
    op.drop_column("periodic_runs", "gap_seconds")
    op.drop_column("periodic_runs", "gap_ended_at")
    for table, name, _ in CHECKS:
        op.drop_constraint(op.f(f"ck_{table}_{name}"), table)
