"""Signing in: sessions and tokens of people, attempts, one-time codes, remarks about people"""

import sqlalchemy as sa
from alembic import op

revision = "0006_sign_in"
down_revision = "0005_messages"
branch_labels = None
depends_on = None

NOW = sa.text("crm_now()")


def upgrade() -> None:
    op.create_table(
        "user_meta",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("is_public", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_user_meta_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_meta")),
        sa.UniqueConstraint("user_id", "key", name=op.f("uq_user_meta_user_id_key")),
    )
    op.create_index(op.f("ix_user_meta_key"), "user_meta", ["key"])
    op.create_table(
        "access_tokens",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("token_sha256", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("remembered", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True)),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("end_reason", sa.Text()),
        sa.Column("ip", sa.Text(), server_default="", nullable=False),
        sa.Column("user_agent", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint("kind IN ('web', 'api')", name=op.f("ck_access_tokens_kind")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_access_tokens_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_tokens")),
        sa.UniqueConstraint("token_sha256", name=op.f("uq_access_tokens_token_sha256")),
    )
    op.create_index("ix_access_tokens_user_id_created_at", "access_tokens", ["user_id", "created_at"])
    op.create_table(
        "login_attempts",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("user_id", sa.BigInteger()),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("identity", sa.Text()),
        sa.Column("place", sa.Text()),
        sa.Column("device_sha256", sa.Text()),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("message", sa.Text()),
        sa.Column("ip", sa.Text(), nullable=False),
        sa.Column("user_agent", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login_attempts")),
    )
    for first, second in (
        ("identity", "created_at"),
        ("place", "created_at"),
        ("user_id", "created_at"),
        ("created_at", "status"),
    ):
        op.create_index(f"ix_login_attempts_{first}_{second}", "login_attempts", [first, second])
    op.create_table(
        "one_time_codes",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger()),
        sa.Column("phone_number", sa.Text()),
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("code_hash", sa.Text()),
        sa.Column("tries", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("purpose IN ('sign_in', 'phone')", name=op.f("ck_one_time_codes_purpose")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_one_time_codes_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_one_time_codes")),
    )
    op.create_index(op.f("ix_one_time_codes_user_id"), "one_time_codes", ["user_id"])
    for first in ("identity", "place", "phone_number"):
        op.create_index(f"ix_one_time_codes_{first}_created_at", "one_time_codes", [first, "created_at"])
    op.add_column(
        "mobiletech_outbound_messages",
        sa.Column("is_secret", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    # Until now nobody could choose a language: what stands there is only the default.
    op.alter_column("users", "locale", nullable=True, server_default=None)
    op.execute("UPDATE users SET locale = NULL")


def downgrade() -> None:
    op.execute("UPDATE users SET locale = 'sk_SK' WHERE locale IS NULL")
    op.alter_column("users", "locale", nullable=False, server_default="sk_SK")
    op.drop_column("mobiletech_outbound_messages", "is_secret")
    op.drop_table("one_time_codes")
    op.drop_table("login_attempts")
    op.drop_table("access_tokens")
    op.drop_table("user_meta")
