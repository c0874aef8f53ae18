"""SMS templates and their versions"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004_templates"
down_revision = "0003_outbox"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "mobiletech_templates",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), server_default="service", nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("crm_now()"), nullable=False
        ),
        sa.Column(
            "updated_at", sa.DateTime(timezone=True), server_default=sa.text("crm_now()"), nullable=False
        ),
        sa.CheckConstraint("purpose IN ('service', 'paid')", name=op.f("ck_mobiletech_templates_purpose")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mobiletech_templates")),
        sa.UniqueConstraint("code", name=op.f("uq_mobiletech_templates_code")),
    )
    op.create_table(
        "mobiletech_template_versions",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("template_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("parameters", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("author_id", sa.BigInteger()),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("crm_now()"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["author_id"], ["users.id"], name=op.f("fk_mobiletech_template_versions_author_id")
        ),
        sa.ForeignKeyConstraint(
            ["template_id"],
            ["mobiletech_templates.id"],
            name=op.f("fk_mobiletech_template_versions_template_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mobiletech_template_versions")),
        sa.UniqueConstraint(
            "template_id", "version", name=op.f("uq_mobiletech_template_versions_template_id_version")
        ),
    )


def downgrade() -> None:
    op.drop_table("mobiletech_template_versions")
    op.drop_table("mobiletech_templates")
