"""Keyword rules, and what they decided"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013_rules"
down_revision = "0012_catalogue"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "mobiletech_rules",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("short_number", sa.Text()),
        sa.Column("match", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("template_id", sa.BigInteger()),
        sa.Column("extension", sa.Text()),
        sa.Column("is_on", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("crm_now()"), nullable=False
        ),
        sa.Column(
            "updated_at", sa.DateTime(timezone=True), server_default=sa.text("crm_now()"), nullable=False
        ),
        sa.CheckConstraint(
            "action IN ('reply', 'confirm', 'inbox', 'extension')", name=op.f("ck_mobiletech_rules_action")
        ),
        sa.CheckConstraint(
            "match IN ('exact', 'starts_with', 'typo')", name=op.f("ck_mobiletech_rules_match")
        ),
        sa.ForeignKeyConstraint(
            ["template_id"], ["mobiletech_templates.id"], name=op.f("fk_mobiletech_rules_template_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mobiletech_rules")),
    )
    op.create_index(op.f("ix_mobiletech_rules_template_id"), "mobiletech_rules", ["template_id"])
    op.create_table(
        "mobiletech_decisions",
        sa.Column("inbound_message_id", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("rule_id", sa.BigInteger()),
        sa.Column("answered_number", sa.Text()),
        sa.Column("steps", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("crm_now()"), nullable=False
        ),
        sa.CheckConstraint(
            "outcome IN ('stop', 'rule', 'answered', 'looped', 'repeated', 'unmatched')",
            name=op.f("ck_mobiletech_decisions_outcome"),
        ),
        sa.ForeignKeyConstraint(
            ["inbound_message_id"],
            ["mobiletech_inbound_messages.id"],
            name=op.f("fk_mobiletech_decisions_inbound_message_id"),
        ),
        sa.PrimaryKeyConstraint("inbound_message_id", name=op.f("pk_mobiletech_decisions")),
    )
    for name, column in (("rule_id", "rule_id"), ("answered", "answered_number")):
        op.create_index(
            f"ix_mobiletech_decisions_{name}",
            "mobiletech_decisions",
            [column, "created_at"],
            postgresql_where=sa.text(f"{column} IS NOT NULL"),
        )


def downgrade() -> None:
    op.drop_table("mobiletech_decisions")
    op.drop_table("mobiletech_rules")
