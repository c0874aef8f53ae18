"""Templates in two languages, the values that a text was made of, what was not sent by number"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010_texts"
down_revision = "0009_numbers"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_mobiletech_not_sent_to", "mobiletech_not_sent", ["to", "created_at"])
    op.add_column(
        "mobiletech_outbound_messages", sa.Column("params", postgresql.JSONB(astext_type=sa.Text()))
    )
    op.add_column("mobiletech_outbound_messages", sa.Column("language", sa.Text()))
    op.add_column("mobiletech_template_versions", sa.Column("content_en", sa.Text()))
    op.add_column("mobiletech_templates", sa.Column("content_en", sa.Text()))


def downgrade() -> None:
    op.drop_index("ix_mobiletech_not_sent_to", "mobiletech_not_sent")
    op.drop_column("mobiletech_outbound_messages", "language")
    op.drop_column("mobiletech_outbound_messages", "params")
    op.drop_column("mobiletech_template_versions", "content_en")
    op.drop_column("mobiletech_templates", "content_en")
