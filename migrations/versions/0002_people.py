"""People: users, phone numbers, tokens of other systems; settings that people change"""

import sqlalchemy as sa
from alembic import op

revision = "0002_people"
down_revision = "0001_clock"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "api_tokens",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("token_sha256", sa.Text(), nullable=False),
        sa.Column("scopes", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("networks", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True)),
        sa.Column("revoked_at", sa.DateTime(timezone=True)),
        sa.Column("last_used_at", sa.DateTime(timezone=True)),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("crm_now()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_tokens")),
        sa.UniqueConstraint("name", name=op.f("uq_api_tokens_name")),
        sa.UniqueConstraint("token_sha256", name=op.f("uq_api_tokens_token_sha256")),
    )
    op.create_table(
        "configs",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("crm_now()"), nullable=False
        ),
        sa.Column(
            "updated_at", sa.DateTime(timezone=True), server_default=sa.text("crm_now()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_configs")),
        sa.UniqueConstraint("name", name=op.f("uq_configs_name")),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("email", sa.Text()),
        sa.Column("first_name", sa.Text()),
        sa.Column("last_name", sa.Text()),
        sa.Column("public_name", sa.Text(), nullable=False),
        sa.Column("password", sa.Text(), server_default="!", nullable=False),
        sa.Column("ext_id", sa.Integer()),
        sa.Column("uuid", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("role", sa.Text(), server_default="customer", nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True)),
        sa.Column("email_validated_at", sa.DateTime(timezone=True)),
        sa.Column("current_sign_in_at", sa.DateTime(timezone=True)),
        sa.Column("current_sign_in_ip", sa.Text()),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("crm_now()"), nullable=False
        ),
        sa.Column(
            "modified_at", sa.DateTime(timezone=True), server_default=sa.text("crm_now()"), nullable=False
        ),
        sa.Column("invoice", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("note", sa.Text()),
        sa.Column("locale", sa.Text(), server_default="sk_SK", nullable=False),
        sa.Column("is_institution", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("institution_name", sa.Text()),
        sa.Column("supporter", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("source", sa.Text(), server_default="unknown", nullable=False),
        sa.Column("registration_channel", sa.Text(), server_default="crm", nullable=False),
        sa.Column("referer", sa.Text()),
        sa.Column("disable_auto_invoice", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint(
            "role IN ('customer', 'support', 'editor', 'billing', 'admin')", name=op.f("ck_users_role")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("uuid", name=op.f("uq_users_uuid")),
    )
    op.create_index(op.f("ix_users_active"), "users", ["active"])
    op.create_index(op.f("ix_users_created_at"), "users", ["created_at"])
    op.create_index(op.f("ix_users_ext_id"), "users", ["ext_id"])
    op.create_index(op.f("ix_users_public_name"), "users", ["public_name"])
    op.create_index(op.f("ix_users_source"), "users", ["source"])
    op.create_index("uq_users_email", "users", [sa.literal_column("lower(email)")], unique=True)
    op.create_table(
        "mobiletech_phone_numbers",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("phone_number", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("crm_now()"), nullable=False
        ),
        sa.Column(
            "updated_at", sa.DateTime(timezone=True), server_default=sa.text("crm_now()"), nullable=False
        ),
        sa.CheckConstraint(
            "phone_number ~ '^09[0-9]{8}$'", name=op.f("ck_mobiletech_phone_numbers_local_form")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_mobiletech_phone_numbers_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mobiletech_phone_numbers")),
        sa.UniqueConstraint("phone_number", name=op.f("uq_mobiletech_phone_numbers_phone_number")),
        sa.UniqueConstraint("user_id", name=op.f("uq_mobiletech_phone_numbers_user_id")),
    )


def downgrade() -> None:
    op.drop_table("mobiletech_phone_numbers")
    op.drop_table("users")
    op.drop_table("configs")
    op.drop_table("api_tokens")
