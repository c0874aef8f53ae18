"""Billing keys, short numbers, operator prefixes and status codes as data"""

import sqlalchemy as sa
from alembic import op

revision = "0012_catalogue"
down_revision = "0011_search"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "billkeys",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("price", sa.Numeric(precision=10, scale=2), nullable=False),
        sa.Column("currency", sa.Text(), server_default="EUR", nullable=False),
        sa.Column("short_number", sa.Text()),
        sa.Column("operators", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True)),
        sa.Column("valid_until", sa.DateTime(timezone=True)),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("crm_now()"), nullable=False
        ),
        sa.Column(
            "updated_at", sa.DateTime(timezone=True), server_default=sa.text("crm_now()"), nullable=False
        ),
        sa.CheckConstraint("(kind = 'free') = (price = 0) AND price >= 0", name=op.f("ck_billkeys_price")),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f("ck_billkeys_currency")),
        sa.CheckConstraint("kind IN ('free', 'paid')", name=op.f("ck_billkeys_kind")),
        sa.CheckConstraint("valid_from < valid_until", name=op.f("ck_billkeys_validity")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_billkeys")),
        sa.UniqueConstraint("code", name=op.f("uq_billkeys_code")),
    )
    op.create_table(
        "operator_prefixes",
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("operator", sa.Text()),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("crm_now()"), nullable=False
        ),
        sa.Column(
            "updated_at", sa.DateTime(timezone=True), server_default=sa.text("crm_now()"), nullable=False
        ),
        sa.CheckConstraint("operator IN ('T', 'O', '2', 'S')", name=op.f("ck_operator_prefixes_operator")),
        sa.CheckConstraint("prefix ~ '^9[0-9]{2,4}$'", name=op.f("ck_operator_prefixes_prefix")),
        sa.PrimaryKeyConstraint("prefix", name=op.f("pk_operator_prefixes")),
    )
    op.create_table(
        "short_numbers",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("operators", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("crm_now()"), nullable=False
        ),
        sa.Column(
            "updated_at", sa.DateTime(timezone=True), server_default=sa.text("crm_now()"), nullable=False
        ),
        sa.CheckConstraint("number ~ '^[0-9]{3,6}$'", name=op.f("ck_short_numbers_number")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_short_numbers")),
    )
    op.create_table(
        "status_codes",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("meaning_sk", sa.Text(), nullable=False),
        sa.Column("meaning_en", sa.Text(), nullable=False),
        sa.Column("advice_sk", sa.Text(), server_default="", nullable=False),
        sa.Column("advice_en", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("crm_now()"), nullable=False
        ),
        sa.Column(
            "updated_at", sa.DateTime(timezone=True), server_default=sa.text("crm_now()"), nullable=False
        ),
        sa.CheckConstraint(
            "reason IN ('success', 'no_credit', 'blocked', 'ported', 'technical')",
            name=op.f("ck_status_codes_reason"),
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_status_codes")),
    )
    op.create_index(
        "ix_mobiletech_outbound_messages_billkey",
        "mobiletech_outbound_messages",
        ["billkey", "created_at", "id"],
    )


def downgrade() -> None:
    op.drop_index("ix_mobiletech_outbound_messages_billkey", "mobiletech_outbound_messages")
    op.drop_table("status_codes")
    op.drop_table("operator_prefixes")
    op.drop_table("short_numbers")
    op.drop_table("billkeys")
