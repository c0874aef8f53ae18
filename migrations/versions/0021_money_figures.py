"""What the days of the money came to, and the indexes of the lists of subscriptions"""

import sqlalchemy as sa
from alembic import op

revision = "0021_money_figures"
down_revision = "0020_bulk_work"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "money_days",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("subscription_type_id", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("mark", sa.Text(), nullable=False),
        sa.Column("fate", sa.Text(), nullable=False),
        sa.Column("attempt", sa.SmallInteger(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column(
            "counted_at", sa.DateTime(timezone=True), server_default=sa.text("crm_now()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_money_days")),
    )
    op.create_index("ix_money_days_day", "money_days", ["day", "measure"])
    op.create_table(
        "subscriber_days",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("readers", sa.Integer(), nullable=False),
        sa.Column(
            "counted_at", sa.DateTime(timezone=True), server_default=sa.text("crm_now()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_subscriber_days")),
    )
    op.create_table(
        "sms_billing_days",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("operator", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column(
            "counted_at", sa.DateTime(timezone=True), server_default=sa.text("crm_now()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sms_billing_days")),
    )
    op.create_index("ix_sms_billing_days_day", "sms_billing_days", ["day"])
    op.create_index(
        "ix_payments_refunded", "payments", ["paid_at"], postgresql_where=sa.text("status = 'refund'")
    )
    op.create_index(
        "ix_recurrent_payments_open_user",
        "recurrent_payments",
        ["user_id"],
        postgresql_where=sa.text("state IN ('active', 'pending')"),
    )
    for name, columns, options in SUBSCRIPTIONS:
        op.create_index(name, "subscriptions", columns, **options)


SUBSCRIPTIONS = (
    ("ix_subscriptions_end", ["end_time", "id"], {"postgresql_include": ["user_id", "start_time"]}),
    (
        "ix_subscriptions_last",
        ["end_time", "id"],
        {"postgresql_where": sa.text("next_subscription_id IS NULL")},
    ),
    ("ix_subscriptions_type_end", ["subscription_type_id", "end_time", "id"], {}),
    ("ix_subscriptions_status_end", ["internal_status", "end_time", "id"], {}),
    ("ix_subscriptions_once_end", ["end_time", "id"], {"postgresql_where": sa.text("NOT is_recurrent")}),
)


def downgrade() -> None:
    for name, _columns, _options in SUBSCRIPTIONS:
        op.drop_index(name, "subscriptions")
    op.drop_index("ix_recurrent_payments_open_user", "recurrent_payments")
    op.drop_index("ix_payments_refunded", "payments")
    op.drop_table("sms_billing_days")
    op.drop_table("subscriber_days")
    op.drop_table("money_days")
