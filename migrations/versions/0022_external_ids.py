"""What an import brought: its id in the old system, and by which import it came"""

import sqlalchemy as sa
from alembic import op

revision = "0022_external_ids"
down_revision = "0021_money_figures"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("mobiletech_inbound_messages", sa.Column("external_id", sa.Text(), nullable=True))
    op.add_column("mobiletech_inbound_messages", sa.Column("import_id", sa.BigInteger(), nullable=True))
    op.create_index(
        "uq_mobiletech_inbound_messages_external_id",
        "mobiletech_inbound_messages",
        ["external_id"],
        unique=True,
        postgresql_where=sa.text("external_id IS NOT NULL"),
    )
    op.add_column("mobiletech_outbound_messages", sa.Column("external_id", sa.Text(), nullable=True))
    op.add_column("mobiletech_outbound_messages", sa.Column("import_id", sa.BigInteger(), nullable=True))
    op.create_index(
        "uq_mobiletech_outbound_messages_external_id",
        "mobiletech_outbound_messages",
        ["external_id"],
        unique=True,
        postgresql_where=sa.text("external_id IS NOT NULL"),
    )
    op.add_column("mobiletech_templates", sa.Column("external_id", sa.Text(), nullable=True))
    op.create_index(
        "uq_mobiletech_templates_external_id",
        "mobiletech_templates",
        ["external_id"],
        unique=True,
        postgresql_where=sa.text("external_id IS NOT NULL"),
    )
    op.add_column("payments", sa.Column("external_id", sa.Text(), nullable=True))
    op.add_column("payments", sa.Column("import_id", sa.BigInteger(), nullable=True))
    op.create_index(
        "uq_payments_external_id",
        "payments",
        ["external_id"],
        unique=True,
        postgresql_where=sa.text("external_id IS NOT NULL"),
    )
    op.add_column("recurrent_payments", sa.Column("external_id", sa.Text(), nullable=True))
    op.add_column("recurrent_payments", sa.Column("import_id", sa.BigInteger(), nullable=True))
    op.create_index(
        "uq_recurrent_payments_external_id",
        "recurrent_payments",
        ["external_id"],
        unique=True,
        postgresql_where=sa.text("external_id IS NOT NULL"),
    )
    op.add_column("subscription_types", sa.Column("external_id", sa.Text(), nullable=True))
    op.create_index(
        "uq_subscription_types_external_id",
        "subscription_types",
        ["external_id"],
        unique=True,
        postgresql_where=sa.text("external_id IS NOT NULL"),
    )
    op.add_column("users", sa.Column("external_id", sa.Text(), nullable=True))
    op.add_column("users", sa.Column("import_id", sa.BigInteger(), nullable=True))
    op.create_index(
        "uq_users_external_id",
        "users",
        ["external_id"],
        unique=True,
        postgresql_where=sa.text("external_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_column("users", "import_id")
    op.drop_column("users", "external_id")
    op.drop_column("subscription_types", "external_id")
    op.drop_column("recurrent_payments", "import_id")
    op.drop_column("recurrent_payments", "external_id")
    op.drop_column("payments", "import_id")
    op.drop_column("payments", "external_id")
    op.drop_column("mobiletech_templates", "external_id")
    op.drop_column("mobiletech_outbound_messages", "import_id")
    op.drop_column("mobiletech_outbound_messages", "external_id")
    op.drop_column("mobiletech_inbound_messages", "import_id")
    op.drop_column("mobiletech_inbound_messages", "external_id")
