"""Subscriptions sold by SMS: keys of types, orders, decided outcomes, rules that start and stop"""

import sqlalchemy as sa
from alembic import op

revision = "0019_sms_billing"
down_revision = "0018_renewals"
branch_labels = None
depends_on = None

LIVE = "state NOT IN ('rejected', 'expired', 'cancelled', 'not_sent') AND billing <> 'failed'"
CHECKS = (
    (
        "mobiletech_rules",
        "action",
        "action IN ('reply', 'confirm', 'inbox', 'extension'{})",
        ", 'subscribe', 'stop', 'state'",
    ),
    (
        "mobiletech_decisions",
        "outcome",
        "outcome IN ('stop', 'rule', 'answered'{}, 'looped', 'repeated', 'unmatched')",
        ", 'agreed'",
    ),
    (
        "inbox_items",
        "reason",
        "reason IN ('unmatched', 'rule', 'stop'{}, 'looped', 'refused')",
        ", 'near_stop'",
    ),
)


def upgrade() -> None:
    op.create_table(
        "sms_offers",
        sa.Column("subscription_type_id", sa.BigInteger(), nullable=False),
        sa.Column("billkey", sa.Text(), nullable=False),
        sa.Column("template_code", sa.Text(), nullable=False),
        sa.Column("first_template_code", sa.Text(), nullable=True),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("crm_now()"), nullable=False
        ),
        sa.Column(
            "updated_at", sa.DateTime(timezone=True), server_default=sa.text("crm_now()"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["subscription_type_id"],
            ["subscription_types.id"],
            name=op.f("fk_sms_offers_subscription_type_id"),
        ),
        sa.PrimaryKeyConstraint("subscription_type_id", name=op.f("pk_sms_offers")),
    )
    op.create_table(
        "sms_orders",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("inbound_message_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("short_number", sa.Text(), nullable=False),
        sa.Column("subscription_type_id", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.Numeric(10, 2), nullable=False),
        sa.Column("rule_id", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("crm_now()"), nullable=False
        ),
        sa.Column(
            "updated_at", sa.DateTime(timezone=True), server_default=sa.text("crm_now()"), nullable=False
        ),
        sa.CheckConstraint(
            "state IN ('waiting', 'agreed', 'replaced', 'stopped')", name=op.f("ck_sms_orders_state")
        ),
        sa.ForeignKeyConstraint(
            ["inbound_message_id"],
            ["mobiletech_inbound_messages.id"],
            name=op.f("fk_sms_orders_inbound_message_id"),
        ),
        sa.ForeignKeyConstraint(
            ["subscription_type_id"],
            ["subscription_types.id"],
            name=op.f("fk_sms_orders_subscription_type_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sms_orders")),
        sa.UniqueConstraint("inbound_message_id", name=op.f("uq_sms_orders_inbound_message_id")),
    )
    op.create_index(
        "uq_sms_orders_waiting",
        "sms_orders",
        ["number"],
        unique=True,
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_table(
        "sms_settled_outcomes",
        sa.Column("outbound_message_id", sa.BigInteger(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("crm_now()"), nullable=False
        ),
        sa.CheckConstraint(
            "decision IN ('billed', 'not_billed')", name=op.f("ck_sms_settled_outcomes_decision")
        ),
        sa.ForeignKeyConstraint(["author_id"], ["users.id"], name=op.f("fk_sms_settled_outcomes_author_id")),
        sa.ForeignKeyConstraint(
            ["outbound_message_id"],
            ["mobiletech_outbound_messages.id"],
            name=op.f("fk_sms_settled_outcomes_outbound_message_id"),
        ),
        sa.PrimaryKeyConstraint("outbound_message_id", name=op.f("pk_sms_settled_outcomes")),
    )
    op.add_column("mobiletech_outbound_messages", sa.Column("charges_for", sa.Text(), nullable=True))
    op.add_column("mobiletech_outbound_messages", sa.Column("resent_as", sa.BigInteger(), nullable=True))
    op.add_column(
        "mobiletech_outbound_messages", sa.Column("released_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.add_column(
        "mobiletech_outbound_messages", sa.Column("given_up_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.create_index(
        "ix_mobiletech_outbound_messages_charges_for",
        "mobiletech_outbound_messages",
        ["charges_for"],
        unique=False,
        postgresql_where=sa.text("charges_for IS NOT NULL"),
    )
    op.create_index(
        "ix_mobiletech_outbound_messages_unanswered",
        "mobiletech_outbound_messages",
        ["sent_at"],
        unique=False,
        postgresql_where=sa.text("state = 'accepted' AND billing = 'none' AND payment_id IS NOT NULL"),
    )
    op.create_index(
        "ix_mobiletech_outbound_messages_unproven",
        "mobiletech_outbound_messages",
        ["id"],
        unique=False,
        postgresql_where=sa.text(
            "payment_id IS NOT NULL AND resent_as IS NULL AND billing = 'none'"
            " AND (state = 'unknown' OR state = 'accepted' AND status IS NOT NULL)"
        ),
    )
    op.add_column("mobiletech_rules", sa.Column("subscription_type", sa.Text(), nullable=True))
    op.add_column(
        "mobiletech_rules",
        sa.Column("asks_first", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    # ### end Alembic commands ###
    for table, name, condition, added in CHECKS:
        op.drop_constraint(op.f(f"ck_{table}_{name}"), table)
        op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, condition.format(added))
    _unique_live_payment(f"{LIVE} AND resent_as IS NULL")


def downgrade() -> None:
    op.drop_index("ix_mobiletech_outbound_messages_unproven", "mobiletech_outbound_messages")
    op.drop_index("ix_mobiletech_outbound_messages_unanswered", "mobiletech_outbound_messages")
    _unique_live_payment(LIVE)
    for table, name, condition, _ in CHECKS:
        op.drop_constraint(op.f(f"ck_{table}_{name}"), table)
        op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, condition.format(""))
    op.drop_column("mobiletech_rules", "asks_first")
    op.drop_column("mobiletech_rules", "subscription_type")
    op.drop_column("mobiletech_outbound_messages", "given_up_at")
    op.drop_column("mobiletech_outbound_messages", "released_at")
    op.drop_column("mobiletech_outbound_messages", "resent_as")
    op.drop_column("mobiletech_outbound_messages", "charges_for")
    op.drop_table("sms_settled_outcomes")
    op.drop_table("sms_orders")
    op.drop_table("sms_offers")


def _unique_live_payment(condition: str) -> None:
    name, table = "uq_mobiletech_outbound_messages_live_payment", "mobiletech_outbound_messages"
    op.drop_index(name, table)
    where = sa.text(f"payment_id IS NOT NULL AND {condition}")
    op.create_index(name, table, ["payment_id"], unique=True, postgresql_where=where)
