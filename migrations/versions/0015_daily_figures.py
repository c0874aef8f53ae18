"""Counts of the days that are over, and an index of the reports whose code nobody knows"""

import sqlalchemy as sa
from alembic import op

revision = "0015_daily_figures"
down_revision = "0014_conversations"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "mobiletech_daily_counts",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("kind", sa.SmallInteger(), nullable=False),
        sa.Column("operator", sa.Text(), nullable=False),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("billkey", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column(
            "counted_at", sa.DateTime(timezone=True), server_default=sa.text("crm_now()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mobiletech_daily_counts")),
    )
    op.create_index("ix_mobiletech_daily_counts_day", "mobiletech_daily_counts", ["day"])
    op.create_index(
        "ix_mobiletech_status_log_strange",
        "mobiletech_status_log",
        ["received_at"],
        postgresql_where=sa.text("status !~ '^[AD][0-9]{1,5}$' AND status <> '_OPERATOR_CHANGE'"),
    )


def downgrade() -> None:
    op.drop_index("ix_mobiletech_status_log_strange", "mobiletech_status_log")
    op.drop_table("mobiletech_daily_counts")
