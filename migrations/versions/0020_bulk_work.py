"""Work of which there are many and nobody waits for: it stands behind all the rest"""

import sqlalchemy as sa
from alembic import op

revision = "0020_bulk_work"
down_revision = "0019_sms_billing"
branch_labels = None
depends_on = None


def upgrade() -> None:
    bulk = sa.Column("is_bulk", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    op.add_column("outbox", bulk)
    for name, which in (("first", "NOT is_bulk"), ("bulk", "is_bulk")):
        op.create_index(
            f"ix_outbox_due_{name}",
            "outbox",
            ["available_at", "id"],
            postgresql_where=sa.text(f"state = 'ready' AND {which}"),
        )


def downgrade() -> None:
    op.drop_column("outbox", "is_bulk")
