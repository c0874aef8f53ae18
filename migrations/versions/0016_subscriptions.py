"""Subscription types and subscriptions"""

import sqlalchemy as sa
from alembic import op

revision = "0016_subscriptions"
down_revision = "0015_daily_figures"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "subscription_types",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("user_label", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("price", sa.Numeric(precision=10, scale=2), nullable=False),
        sa.Column("currency", sa.Text(), server_default="EUR", nullable=False),
        sa.Column("extension_method", sa.Text(), server_default="extend_actual", nullable=False),
        sa.Column("length_method", sa.Text(), server_default="fix_days", nullable=False),
        sa.Column("length", sa.Integer(), nullable=False),
        sa.Column("extending_length", sa.Integer(), nullable=True),
        sa.Column("fixed_start", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fixed_end", sa.DateTime(timezone=True), nullable=True),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("visible", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("default", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("sorting", sa.Integer(), server_default=sa.text("10"), nullable=False),
        sa.Column("next_subscription_type_id", sa.BigInteger(), nullable=True),
        sa.Column("trial_periods", sa.SmallInteger(), nullable=True),
        sa.Column("no_subscription", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("limit_per_user", sa.Integer(), nullable=True),
        sa.Column("recurrent_charge_before", sa.Integer(), nullable=True),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("crm_now()"), nullable=False
        ),
        sa.Column(
            "updated_at", sa.DateTime(timezone=True), server_default=sa.text("crm_now()"), nullable=False
        ),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f("ck_subscription_types_currency")),
        sa.CheckConstraint(
            "extension_method IN ('extend_actual', 'extend_same_actual', 'extend_same_type',"
            " 'extend_last_subscription', 'start_now')",
            name=op.f("ck_subscription_types_extension_method"),
        ),
        sa.CheckConstraint(
            "length_method IN ('fix_days', 'calendar_days')", name=op.f("ck_subscription_types_length_method")
        ),
        sa.CheckConstraint(
            "length > 0 AND (extending_length IS NULL OR extending_length > 0)",
            name=op.f("ck_subscription_types_length"),
        ),
        sa.CheckConstraint("price >= 0", name=op.f("ck_subscription_types_price")),
        sa.CheckConstraint("trial_periods >= 0", name=op.f("ck_subscription_types_trial_periods")),
        sa.ForeignKeyConstraint(
            ["next_subscription_type_id"],
            ["subscription_types.id"],
            name=op.f("fk_subscription_types_next_subscription_type_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscription_types")),
        sa.UniqueConstraint("code", name=op.f("uq_subscription_types_code")),
    )
    op.create_index(
        op.f("ix_subscription_types_next_subscription_type_id"),
        "subscription_types",
        ["next_subscription_type_id"],
        unique=False,
    )
    op.create_table(
        "subscription_type_items",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("subscription_type_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=10, scale=2), nullable=False),
        sa.Column("vat", sa.Numeric(precision=5, scale=2), nullable=False),
        sa.Column("sorting", sa.Integer(), server_default=sa.text("100"), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("crm_now()"), nullable=False
        ),
        sa.Column(
            "updated_at", sa.DateTime(timezone=True), server_default=sa.text("crm_now()"), nullable=False
        ),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["subscription_type_id"],
            ["subscription_types.id"],
            name=op.f("fk_subscription_type_items_subscription_type_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscription_type_items")),
    )
    op.create_index(
        op.f("ix_subscription_type_items_subscription_type_id"),
        "subscription_type_items",
        ["subscription_type_id"],
        unique=False,
    )
    op.create_table(
        "subscription_types_meta",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("subscription_type_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("sorting", sa.Integer(), server_default=sa.text("100"), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("crm_now()"), nullable=False
        ),
        sa.Column(
            "updated_at", sa.DateTime(timezone=True), server_default=sa.text("crm_now()"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["subscription_type_id"],
            ["subscription_types.id"],
            name=op.f("fk_subscription_types_meta_subscription_type_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscription_types_meta")),
        sa.UniqueConstraint(
            "subscription_type_id", "key", name=op.f("uq_subscription_types_meta_subscription_type_id_key")
        ),
    )
    op.create_table(
        "subscriptions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("subscription_type_id", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.Text(), server_default="regular", nullable=False),
        sa.Column("is_recurrent", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("is_paid", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("start_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("end_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("length", sa.Integer(), nullable=False),
        sa.Column("internal_status", sa.Text(), server_default="unknown", nullable=False),
        sa.Column("next_subscription_id", sa.BigInteger(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("crm_now()"), nullable=False
        ),
        sa.Column(
            "updated_at", sa.DateTime(timezone=True), server_default=sa.text("crm_now()"), nullable=False
        ),
        sa.CheckConstraint(
            "internal_status IN ('unknown', 'before_start', 'active', 'after_end')",
            name=op.f("ck_subscriptions_internal_status"),
        ),
        sa.CheckConstraint(
            "type IN ('regular', 'free', 'donation', 'gift', 'prepaid', 'upgrade', 'special')",
            name=op.f("ck_subscriptions_type"),
        ),
        sa.CheckConstraint("end_time >= start_time", name=op.f("ck_subscriptions_period")),
        sa.ForeignKeyConstraint(
            ["next_subscription_id"], ["subscriptions.id"], name=op.f("fk_subscriptions_next_subscription_id")
        ),
        sa.ForeignKeyConstraint(
            ["subscription_type_id"],
            ["subscription_types.id"],
            name=op.f("fk_subscriptions_subscription_type_id"),
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_subscriptions_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscriptions")),
    )
    op.create_index(op.f("ix_subscriptions_created_at"), "subscriptions", ["created_at"], unique=False)
    op.create_index(
        op.f("ix_subscriptions_next_subscription_id"), "subscriptions", ["next_subscription_id"], unique=False
    )
    op.create_index(
        "ix_subscriptions_subscription_type_id",
        "subscriptions",
        ["subscription_type_id", "internal_status"],
        unique=False,
    )
    op.create_index(
        "ix_subscriptions_to_end",
        "subscriptions",
        ["end_time"],
        unique=False,
        postgresql_where=sa.text("internal_status IN ('unknown', 'before_start', 'active')"),
    )
    op.create_index(
        "ix_subscriptions_to_start",
        "subscriptions",
        ["start_time"],
        unique=False,
        postgresql_where=sa.text("internal_status IN ('unknown', 'before_start')"),
    )
    op.create_index("ix_subscriptions_user_id", "subscriptions", ["user_id", "end_time"], unique=False)


def downgrade() -> None:
    op.drop_table("subscriptions")
    op.drop_table("subscription_types_meta")
    op.drop_table("subscription_type_items")
    op.drop_table("subscription_types")
