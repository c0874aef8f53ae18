"""Messages in and out, attempts, reports, what was not sent, the breaker"""

import sqlalchemy as sa
from alembic import op

revision = "0005_messages"
down_revision = "0004_templates"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "mobiletech_gateway_state",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("paused_until", sa.DateTime(timezone=True)),
        sa.Column("pause_seconds", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("recent_ambiguous", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("ambiguous_run", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_mobiletech_gateway_state_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mobiletech_gateway_state")),
    )
    op.create_table(
        "mobiletech_status_log",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("mobiletech_id", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("raw", sa.LargeBinary()),
        sa.Column(
            "received_at", sa.DateTime(timezone=True), server_default=sa.text("crm_now()"), nullable=False
        ),
        sa.Column("applied_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mobiletech_status_log")),
        sa.UniqueConstraint(
            "mobiletech_id", "status", name=op.f("uq_mobiletech_status_log_mobiletech_id_status")
        ),
    )
    op.create_index(
        "ix_mobiletech_status_log_ported",
        "mobiletech_status_log",
        ["mobiletech_id"],
        postgresql_where=sa.text("status = '_OPERATOR_CHANGE'"),
    )
    op.create_index(
        "ix_mobiletech_status_log_waiting",
        "mobiletech_status_log",
        ["id"],
        postgresql_where=sa.text("applied_at IS NULL"),
    )
    op.create_table(
        "mobiletech_inbound_messages",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("mobiletech_id", sa.Text(), nullable=False),
        sa.Column("serv_id", sa.Text(), nullable=False),
        sa.Column("project_id", sa.Text(), nullable=False),
        sa.Column("from", sa.Text(), nullable=False),
        sa.Column("to", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("content_coding", sa.Text(), nullable=False),
        sa.Column("dcs", sa.Text(), nullable=False),
        sa.Column("esm", sa.Text(), nullable=False),
        sa.Column("operator_type", sa.Text(), nullable=False),
        sa.Column("receive_date", sa.DateTime(timezone=True), nullable=False),
        sa.Column("receive_date_raw", sa.Text(), nullable=False),
        sa.Column("problems", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("raw", sa.LargeBinary()),
        sa.Column("body_sha256", sa.LargeBinary()),
        sa.Column("duplicate_of", sa.BigInteger()),
        sa.Column("user_id", sa.BigInteger()),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("crm_now()"), nullable=False
        ),
        sa.Column(
            "updated_at", sa.DateTime(timezone=True), server_default=sa.text("crm_now()"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["duplicate_of"],
            ["mobiletech_inbound_messages.id"],
            name=op.f("fk_mobiletech_inbound_messages_duplicate_of"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_mobiletech_inbound_messages_user_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mobiletech_inbound_messages")),
        sa.UniqueConstraint("mobiletech_id", name=op.f("uq_mobiletech_inbound_messages_mobiletech_id")),
    )
    op.create_index(
        "ix_mobiletech_inbound_messages_from", "mobiletech_inbound_messages", ["from", "created_at"]
    )
    op.create_index(
        "ix_mobiletech_inbound_messages_newest", "mobiletech_inbound_messages", ["created_at", "id"]
    )
    op.create_index(
        op.f("ix_mobiletech_inbound_messages_user_id"), "mobiletech_inbound_messages", ["user_id"]
    )
    op.create_table(
        "mobiletech_not_sent",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("template_code", sa.Text()),
        sa.Column("to", sa.Text()),
        sa.Column("billkey", sa.Text()),
        sa.Column("context", sa.Text()),
        sa.Column("user_id", sa.BigInteger()),
        sa.Column("inbound_message_id", sa.BigInteger()),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("crm_now()"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["inbound_message_id"],
            ["mobiletech_inbound_messages.id"],
            name=op.f("fk_mobiletech_not_sent_inbound_message_id"),
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_mobiletech_not_sent_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mobiletech_not_sent")),
    )
    op.create_index(
        op.f("ix_mobiletech_not_sent_inbound_message_id"), "mobiletech_not_sent", ["inbound_message_id"]
    )
    op.create_index("ix_mobiletech_not_sent_newest", "mobiletech_not_sent", ["created_at", "id"])
    op.create_index(op.f("ix_mobiletech_not_sent_user_id"), "mobiletech_not_sent", ["user_id"])
    op.create_table(
        "mobiletech_outbound_messages",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("key", sa.Text()),
        sa.Column("user_id", sa.BigInteger()),
        sa.Column("mobiletech_id", sa.Text()),
        sa.Column("payment_id", sa.BigInteger()),
        sa.Column("mobiletech_template_id", sa.BigInteger()),
        sa.Column("template_version", sa.Integer()),
        sa.Column("status", sa.Text()),
        sa.Column("billing", sa.Text(), server_default="none", nullable=False),
        sa.Column("conflict", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("state", sa.Text(), server_default="queued", nullable=False),
        sa.Column("state_reason", sa.Text()),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("paid", sa.Boolean(), nullable=False),
        sa.Column("serv_id", sa.Text(), nullable=False),
        sa.Column("project_id", sa.Text()),
        sa.Column("rcv_msg_id", sa.Text()),
        sa.Column("from", sa.Text(), nullable=False),
        sa.Column("to", sa.Text(), nullable=False),
        sa.Column("billmsisdn", sa.Text()),
        sa.Column("billkey", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("content_length", sa.Integer(), nullable=False),
        sa.Column("encoding", sa.Text(), nullable=False),
        sa.Column("parts", sa.SmallInteger(), nullable=False),
        sa.Column("dcs", sa.Text()),
        sa.Column("esm", sa.Text()),
        sa.Column("expiration", sa.Integer(), nullable=False),
        sa.Column("operator_type", sa.Text(), nullable=False),
        sa.Column("context", sa.Text()),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("sending_at", sa.DateTime(timezone=True)),
        sa.Column("sent_at", sa.DateTime(timezone=True)),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("crm_now()"), nullable=False
        ),
        sa.Column(
            "updated_at", sa.DateTime(timezone=True), server_default=sa.text("crm_now()"), nullable=False
        ),
        sa.CheckConstraint(
            "billing IN ('none', 'failed', 'billed')", name=op.f("ck_mobiletech_outbound_messages_billing")
        ),
        sa.CheckConstraint(
            "purpose IN ('service', 'paid', 'test')", name=op.f("ck_mobiletech_outbound_messages_purpose")
        ),
        sa.CheckConstraint(
            "state IN ('queued', 'sending', 'accepted', 'rejected', 'unknown', 'held', 'expired',"
            " 'cancelled', 'not_sent')",
            name=op.f("ck_mobiletech_outbound_messages_state"),
        ),
        sa.ForeignKeyConstraint(
            ["mobiletech_template_id"],
            ["mobiletech_templates.id"],
            name=op.f("fk_mobiletech_outbound_messages_mobiletech_template_id"),
        ),
        sa.ForeignKeyConstraint(
            ["rcv_msg_id"],
            ["mobiletech_inbound_messages.mobiletech_id"],
            name=op.f("fk_mobiletech_outbound_messages_rcv_msg_id"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_mobiletech_outbound_messages_user_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mobiletech_outbound_messages")),
        sa.UniqueConstraint("key", name=op.f("uq_mobiletech_outbound_messages_key")),
        sa.UniqueConstraint("mobiletech_id", name=op.f("uq_mobiletech_outbound_messages_mobiletech_id")),
    )
    op.create_index(
        "ix_mobiletech_outbound_messages_conflict",
        "mobiletech_outbound_messages",
        ["id"],
        postgresql_where=sa.text("conflict"),
    )
    op.create_index(
        "ix_mobiletech_outbound_messages_newest", "mobiletech_outbound_messages", ["created_at", "id"]
    )
    op.create_index(
        "ix_mobiletech_outbound_messages_paid",
        "mobiletech_outbound_messages",
        ["to", "created_at"],
        postgresql_where=sa.text("paid"),
    )
    op.create_index(
        op.f("ix_mobiletech_outbound_messages_payment_id"), "mobiletech_outbound_messages", ["payment_id"]
    )
    op.create_index(
        op.f("ix_mobiletech_outbound_messages_rcv_msg_id"), "mobiletech_outbound_messages", ["rcv_msg_id"]
    )
    op.create_index(
        "ix_mobiletech_outbound_messages_sending",
        "mobiletech_outbound_messages",
        ["to"],
        postgresql_where=sa.text("state = 'sending'"),
    )
    op.create_index(
        "ix_mobiletech_outbound_messages_state_newest",
        "mobiletech_outbound_messages",
        ["state", "billing", "created_at", "id"],
    )
    op.create_index(
        "ix_mobiletech_outbound_messages_template",
        "mobiletech_outbound_messages",
        ["mobiletech_template_id", "created_at", "id"],
    )
    op.create_index("ix_mobiletech_outbound_messages_to", "mobiletech_outbound_messages", ["to", "id"])
    op.create_index(
        op.f("ix_mobiletech_outbound_messages_user_id"), "mobiletech_outbound_messages", ["user_id"]
    )
    op.create_index(
        "uq_mobiletech_outbound_messages_live_payment",
        "mobiletech_outbound_messages",
        ["payment_id"],
        unique=True,
        postgresql_where=sa.text(
            "payment_id IS NOT NULL AND state NOT IN ('rejected', 'expired', 'cancelled', 'not_sent')"
            " AND billing <> 'failed'"
        ),
    )
    op.create_table(
        "mobiletech_send_attempts",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("outbound_message_id", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("http_status", sa.Integer()),
        sa.Column("reply", sa.Text()),
        sa.Column("took_ms", sa.Integer(), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("crm_now()"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["outbound_message_id"],
            ["mobiletech_outbound_messages.id"],
            name=op.f("fk_mobiletech_send_attempts_outbound_message_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mobiletech_send_attempts")),
    )
    op.create_index(
        op.f("ix_mobiletech_send_attempts_outbound_message_id"),
        "mobiletech_send_attempts",
        ["outbound_message_id"],
    )


def downgrade() -> None:
    op.drop_table("mobiletech_send_attempts")
    op.drop_table("mobiletech_outbound_messages")
    op.drop_table("mobiletech_not_sent")
    op.drop_table("mobiletech_inbound_messages")
    op.drop_table("mobiletech_status_log")
    op.drop_table("mobiletech_gateway_state")
