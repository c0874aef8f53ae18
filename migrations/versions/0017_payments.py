"""Payments and the ways to pay"""

import sqlalchemy as sa
from alembic import op

revision = "0017_payments"
down_revision = "0016_subscriptions"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "payment_gateways",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("visible", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("sorting", sa.Integer(), server_default=sa.text("10"), nullable=False),
        sa.Column("is_recurrent", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("crm_now()"), nullable=False
        ),
        sa.Column(
            "modified_at", sa.DateTime(timezone=True), server_default=sa.text("crm_now()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_gateways")),
        sa.UniqueConstraint("code", name=op.f("uq_payment_gateways_code")),
    )
    op.create_table(
        "payment_methods",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("payment_gateway_id", sa.BigInteger(), nullable=False),
        sa.Column("external_token", sa.Text(), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("crm_now()"), nullable=False
        ),
        sa.Column(
            "updated_at", sa.DateTime(timezone=True), server_default=sa.text("crm_now()"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["payment_gateway_id"],
            ["payment_gateways.id"],
            name=op.f("fk_payment_methods_payment_gateway_id"),
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_payment_methods_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_methods")),
        sa.UniqueConstraint(
            "user_id",
            "payment_gateway_id",
            "external_token",
            name=op.f("uq_payment_methods_user_id_payment_gateway_id_external_token"),
        ),
    )
    op.create_index("ix_payment_methods_external_token", "payment_methods", ["external_token"], unique=False)
    op.create_table(
        "payments",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("variable_symbol", sa.Text(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=10, scale=2), nullable=False),
        sa.Column("currency", sa.Text(), server_default="EUR", nullable=False),
        sa.Column(
            "additional_amount",
            sa.Numeric(precision=10, scale=2),
            server_default=sa.text("0"),
            nullable=False,
        ),
        sa.Column("additional_type", sa.Text(), nullable=True),
        sa.Column("payment_gateway_id", sa.BigInteger(), nullable=False),
        sa.Column("subscription_id", sa.BigInteger(), nullable=True),
        sa.Column("subscription_type_id", sa.BigInteger(), nullable=True),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), server_default="form", nullable=False),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("referer", sa.Text(), nullable=True),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("ip", sa.Text(), server_default="cli", nullable=False),
        sa.Column("user_agent", sa.Text(), server_default="", nullable=False),
        sa.Column("subscription_start_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("subscription_end_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recurrent_charge", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("crm_now()"), nullable=False
        ),
        sa.Column(
            "modified_at", sa.DateTime(timezone=True), server_default=sa.text("crm_now()"), nullable=False
        ),
        sa.CheckConstraint(
            "additional_type IN ('single', 'recurrent')", name=op.f("ck_payments_additional_type")
        ),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f("ck_payments_currency")),
        sa.CheckConstraint(
            "failure IN ('no_credit', 'blocked', 'limit', 'ported', 'technical', 'no_answer', 'ours', 'person')",
            name=op.f("ck_payments_failure"),
        ),
        sa.CheckConstraint(
            "status IN ('form', 'paid', 'fail', 'timeout', 'refund', 'imported', 'prepaid', 'authorized')",
            name=op.f("ck_payments_status"),
        ),
        sa.CheckConstraint(
            "status NOT IN ('paid', 'refund') OR paid_at IS NOT NULL", name=op.f("ck_payments_paid_at")
        ),
        sa.CheckConstraint("amount > 0 AND additional_amount >= 0", name=op.f("ck_payments_amount")),
        sa.ForeignKeyConstraint(
            ["payment_gateway_id"], ["payment_gateways.id"], name=op.f("fk_payments_payment_gateway_id")
        ),
        sa.ForeignKeyConstraint(
            ["subscription_id"], ["subscriptions.id"], name=op.f("fk_payments_subscription_id")
        ),
        sa.ForeignKeyConstraint(
            ["subscription_type_id"], ["subscription_types.id"], name=op.f("fk_payments_subscription_type_id")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_payments_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payments")),
        sa.UniqueConstraint("key", name=op.f("uq_payments_key")),
        sa.UniqueConstraint("subscription_id", name=op.f("uq_payments_subscription_id")),
        sa.UniqueConstraint("variable_symbol", name=op.f("uq_payments_variable_symbol")),
    )
    op.create_index("ix_payments_amount", "payments", ["amount"], unique=False)
    op.create_index(
        "ix_payments_failure",
        "payments",
        ["failure", "created_at", "id"],
        unique=False,
        postgresql_where=sa.text("failure IS NOT NULL"),
    )
    op.create_index(
        "ix_payments_gateway", "payments", ["payment_gateway_id", "created_at", "id"], unique=False
    )
    op.create_index("ix_payments_newest", "payments", ["created_at", "id"], unique=False)
    op.create_index(
        "ix_payments_recurrent_charge", "payments", ["recurrent_charge", "created_at", "id"], unique=False
    )
    op.create_index(
        "ix_payments_open", "payments", ["id"], unique=False, postgresql_where=sa.text("status = 'form'")
    )
    op.create_index(
        "ix_payments_paid_at",
        "payments",
        ["paid_at", "id"],
        unique=False,
        postgresql_where=sa.text("paid_at IS NOT NULL"),
    )
    op.create_index("ix_payments_status_newest", "payments", ["status", "created_at", "id"], unique=False)
    op.create_index(
        "ix_payments_subscription_type_id",
        "payments",
        ["subscription_type_id", "created_at", "id"],
        unique=False,
    )
    op.create_index("ix_payments_user_id", "payments", ["user_id", "id"], unique=False)
    op.create_table(
        "payment_items",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("payment_id", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.Text(), server_default="subscription_type", nullable=False),
        sa.Column("subscription_type_id", sa.BigInteger(), nullable=True),
        sa.Column("subscription_type_item_id", sa.BigInteger(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("amount", sa.Numeric(precision=10, scale=2), nullable=False),
        sa.Column("amount_without_vat", sa.Numeric(precision=10, scale=2), nullable=False),
        sa.Column("vat", sa.Numeric(precision=5, scale=2), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("crm_now()"), nullable=False
        ),
        sa.Column(
            "updated_at", sa.DateTime(timezone=True), server_default=sa.text("crm_now()"), nullable=False
        ),
        sa.CheckConstraint("count > 0 AND amount >= 0", name=op.f("ck_payment_items_amount")),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name=op.f("fk_payment_items_payment_id")),
        sa.ForeignKeyConstraint(
            ["subscription_type_id"],
            ["subscription_types.id"],
            name=op.f("fk_payment_items_subscription_type_id"),
        ),
        sa.ForeignKeyConstraint(
            ["subscription_type_item_id"],
            ["subscription_type_items.id"],
            name=op.f("fk_payment_items_subscription_type_item_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_items")),
    )
    op.create_index(op.f("ix_payment_items_payment_id"), "payment_items", ["payment_id"], unique=False)
    op.create_table(
        "payment_logs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("payment_id", sa.BigInteger(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("source_url", sa.Text(), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("crm_now()"), nullable=False
        ),
        sa.CheckConstraint("status IN ('OK', 'ERROR')", name=op.f("ck_payment_logs_status")),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name=op.f("fk_payment_logs_payment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_logs")),
    )
    op.create_index(op.f("ix_payment_logs_payment_id"), "payment_logs", ["payment_id"], unique=False)
    op.create_table(
        "payment_meta",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("payment_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name=op.f("fk_payment_meta_payment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_meta")),
        sa.UniqueConstraint("payment_id", "key", name=op.f("uq_payment_meta_payment_id_key")),
    )


def downgrade() -> None:
    op.drop_table("payment_meta")
    op.drop_table("payment_logs")
    op.drop_table("payment_items")
    op.drop_table("payments")
    op.drop_table("payment_methods")
    op.drop_table("payment_gateways")
