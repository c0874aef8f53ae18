"""Renewals that are charged again"""

import sqlalchemy as sa
from alembic import op

revision = "0018_renewals"
down_revision = "0017_payments"
branch_labels = None
depends_on = None

# What the pages list, in its order.
LISTED = (
    ("refused", "charge_at", "state = 'active' AND gateway_fails > 0"),
    ("paused", "paused_at", "state IN ('active', 'pending') AND paused_at IS NOT NULL"),
    ("recovered", "updated_at", "state = 'charged' AND attempt > 0"),
    ("stopped", "updated_at", "state IN ('user_stop', 'admin_stop', 'system_stop')"),
)


def upgrade() -> None:
    op.create_table(
        "charging_state",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint("id = 1", name=op.f("ck_charging_state_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_charging_state")),
    )
    op.create_table(
        "recurrent_payments",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("cid", sa.Text(), nullable=False),
        sa.Column("payment_method_id", sa.BigInteger(), nullable=False),
        sa.Column("payment_gateway_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("subscription_type_id", sa.BigInteger(), nullable=False),
        sa.Column("next_subscription_type_id", sa.BigInteger(), nullable=True),
        sa.Column("parent_payment_id", sa.BigInteger(), nullable=False),
        sa.Column("period_payment_id", sa.BigInteger(), nullable=False),
        sa.Column("payment_id", sa.BigInteger(), nullable=True),
        sa.Column("charge_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempt", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("retries", sa.SmallInteger(), nullable=False),
        sa.Column("gateway_fails", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("state", sa.Text(), server_default="active", nullable=False),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("approval", sa.Text(), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("custom_amount", sa.Numeric(precision=10, scale=2), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("stop_wanted", sa.Text(), nullable=True),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("pause_reason", sa.Text(), nullable=True),
        sa.Column("noticed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("notice", sa.Text(), nullable=True),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("crm_now()"), nullable=False
        ),
        sa.Column(
            "updated_at", sa.DateTime(timezone=True), server_default=sa.text("crm_now()"), nullable=False
        ),
        sa.CheckConstraint(
            "failure IN ('no_credit', 'blocked', 'limit', 'ported', 'technical', 'no_answer', 'ours', 'person')",
            name=op.f("ck_recurrent_payments_failure"),
        ),
        sa.CheckConstraint(
            "state = 'pending' OR stop_wanted IS NULL", name=op.f("ck_recurrent_payments_stop_wanted_pending")
        ),
        sa.CheckConstraint(
            "state IN ('active', 'pending', 'charged', 'charge_failed', 'user_stop', 'admin_stop', 'system_stop')",
            name=op.f("ck_recurrent_payments_state"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('pending', 'charged') OR payment_id IS NOT NULL",
            name=op.f("ck_recurrent_payments_payment"),
        ),
        sa.CheckConstraint(
            "stop_wanted IN ('user_stop', 'admin_stop')", name=op.f("ck_recurrent_payments_stop_wanted")
        ),
        sa.CheckConstraint("custom_amount > 0", name=op.f("ck_recurrent_payments_custom_amount")),
        sa.CheckConstraint(
            "retries >= 0 AND attempt >= 0 AND gateway_fails >= 0", name=op.f("ck_recurrent_payments_counts")
        ),
        sa.ForeignKeyConstraint(
            ["next_subscription_type_id"],
            ["subscription_types.id"],
            name=op.f("fk_recurrent_payments_next_subscription_type_id"),
        ),
        sa.ForeignKeyConstraint(
            ["parent_payment_id"], ["payments.id"], name=op.f("fk_recurrent_payments_parent_payment_id")
        ),
        sa.ForeignKeyConstraint(
            ["payment_gateway_id"],
            ["payment_gateways.id"],
            name=op.f("fk_recurrent_payments_payment_gateway_id"),
        ),
        sa.ForeignKeyConstraint(
            ["payment_id"], ["payments.id"], name=op.f("fk_recurrent_payments_payment_id")
        ),
        sa.ForeignKeyConstraint(
            ["payment_method_id"],
            ["payment_methods.id"],
            name=op.f("fk_recurrent_payments_payment_method_id"),
        ),
        sa.ForeignKeyConstraint(
            ["period_payment_id"], ["payments.id"], name=op.f("fk_recurrent_payments_period_payment_id")
        ),
        sa.ForeignKeyConstraint(
            ["subscription_type_id"],
            ["subscription_types.id"],
            name=op.f("fk_recurrent_payments_subscription_type_id"),
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_recurrent_payments_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recurrent_payments")),
        sa.UniqueConstraint(
            "parent_payment_id", "attempt", name=op.f("uq_recurrent_payments_parent_payment_id_attempt")
        ),
        sa.UniqueConstraint("payment_id", name=op.f("uq_recurrent_payments_payment_id")),
    )
    op.create_index(op.f("ix_recurrent_payments_cid"), "recurrent_payments", ["cid"], unique=False)
    op.create_index(
        op.f("ix_recurrent_payments_created_at"), "recurrent_payments", ["created_at"], unique=False
    )
    op.create_index(
        "ix_recurrent_payments_due",
        "recurrent_payments",
        ["charge_at", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'active'"),
    )
    op.create_index(
        op.f("ix_recurrent_payments_payment_method_id"),
        "recurrent_payments",
        ["payment_method_id"],
        unique=False,
    )
    op.create_index(
        "ix_recurrent_payments_open_type",
        "recurrent_payments",
        ["subscription_type_id"],
        unique=False,
        postgresql_where=sa.text("state IN ('active', 'pending')"),
    )
    op.create_index("ix_recurrent_payments_period", "recurrent_payments", ["period_payment_id"], unique=False)
    op.create_index(
        "ix_recurrent_payments_state", "recurrent_payments", ["state", "charge_at", "id"], unique=False
    )
    op.create_index(
        "ix_recurrent_payments_to_notice",
        "recurrent_payments",
        ["charge_at"],
        unique=False,
        postgresql_where=sa.text("state = 'active' AND noticed_at IS NULL AND attempt = 0"),
    )
    op.create_index(
        "ix_recurrent_payments_updated", "recurrent_payments", ["state", "updated_at", "id"], unique=False
    )
    op.create_index("ix_recurrent_payments_user_id", "recurrent_payments", ["user_id", "id"], unique=False)
    op.create_index(
        "ix_recurrent_payments_type", "recurrent_payments", ["subscription_type_id", "id"], unique=False
    )
    op.create_index(
        "ix_recurrent_payments_failure",
        "recurrent_payments",
        ["failure", "id"],
        unique=False,
        postgresql_where=sa.text("failure IS NOT NULL"),
    )
    for name, column, condition in LISTED:
        op.create_index(
            f"ix_recurrent_payments_{name}",
            "recurrent_payments",
            [column, "id"],
            unique=False,
            postgresql_where=sa.text(condition),
        )
    op.create_index(
        "uq_recurrent_payments_open",
        "recurrent_payments",
        ["payment_method_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('active', 'pending')"),
    )


def downgrade() -> None:
    op.drop_table("recurrent_payments")
    op.drop_table("charging_state")
