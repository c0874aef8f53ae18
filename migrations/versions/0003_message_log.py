"""Indexes for the list of messages: newest first by what became of them and by template."""

from alembic import op
from sqlalchemy import text

revision = "0003_message_log"
down_revision = "0002_tables"
branch_labels = None
depends_on = None

TABLE = "mobiletech_outbound_messages"
STATE = f"ix_{TABLE}_state_newest"
TEMPLATE = f"ix_{TABLE}_template"
CONFLICT = f"ix_{TABLE}_conflict"


def upgrade() -> None:
    op.drop_index(STATE, TABLE)
    op.create_index(STATE, TABLE, ["state", "billing", "created_at", "id"])
    op.drop_index(TEMPLATE, TABLE)
    op.create_index(TEMPLATE, TABLE, ["mobiletech_template_id", "created_at", "id"])
    op.create_index(CONFLICT, TABLE, ["id"], postgresql_where=text("conflict"))


def downgrade() -> None:
    op.drop_index(CONFLICT, TABLE)
    op.drop_index(TEMPLATE, TABLE)
    op.create_index(TEMPLATE, TABLE, ["mobiletech_template_id", "created_at"])
    op.drop_index(STATE, TABLE)
    op.create_index(STATE, TABLE, ["state", "created_at", "id"])
