"""Find what a number wrote lately: by number and time, not by number and id"""

from alembic import op

revision = "0004_inbound_by_number"
down_revision = "0003_message_log"
branch_labels = None
depends_on = None

TABLE = "mobiletech_inbound_messages"
INDEX = "ix_mobiletech_inbound_messages_from"


def upgrade() -> None:
    op.drop_index(INDEX, TABLE)
    op.create_index(INDEX, TABLE, ["from", "created_at"])


def downgrade() -> None:
    op.drop_index(INDEX, TABLE)
    op.create_index(INDEX, TABLE, ["from", "id"])
