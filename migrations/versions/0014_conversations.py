"""Staff notes about numbers, and the inbox"""

import sqlalchemy as sa
from alembic import op

revision = "0014_conversations"
down_revision = "0013_rules"
branch_labels = None
depends_on = None

OPEN, DONE = "state = 'open'", "state = 'done'"
INDEXES = (
    ("open_number_id", ["number_id", "created_at", "id"], OPEN),
    ("done_number_id", ["number_id", "done_at", "id"], DONE),
    ("open", ["created_at", "id"], OPEN),
    ("open_reason", ["reason", "created_at", "id"], OPEN),
    ("open_short_number", ["short_number", "created_at", "id"], OPEN),
    ("open_assigned_to", ["assigned_to", "created_at", "id"], f"{OPEN} AND assigned_to IS NOT NULL"),
    ("done", ["done_at", "id"], DONE),
    ("done_reason", ["reason", "done_at", "id"], DONE),
    ("done_short_number", ["short_number", "done_at", "id"], DONE),
    ("done_by", ["done_by", "done_at", "id"], DONE),
)


def upgrade() -> None:
    op.create_table(
        "number_notes",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("number_id", sa.BigInteger(), nullable=False),
        sa.Column("author_id", sa.BigInteger()),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("crm_now()"), nullable=False
        ),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(["author_id"], ["users.id"], name=op.f("fk_number_notes_author_id")),
        sa.ForeignKeyConstraint(["number_id"], ["known_numbers.id"], name=op.f("fk_number_notes_number_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_number_notes")),
    )
    op.create_index("ix_number_notes_number_id", "number_notes", ["number_id", "created_at", "id"])
    op.create_table(
        "inbox_items",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("inbound_message_id", sa.BigInteger(), nullable=False),
        sa.Column("number_id", sa.BigInteger(), nullable=False),
        sa.Column("short_number", sa.Text(), server_default="", nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("assigned_to", sa.BigInteger()),
        sa.Column("done_at", sa.DateTime(timezone=True)),
        sa.Column("done_by", sa.BigInteger()),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("crm_now()"), nullable=False
        ),
        sa.CheckConstraint("(state = 'done') = (done_at IS NOT NULL)", name=op.f("ck_inbox_items_done")),
        sa.CheckConstraint(
            "reason IN ('unmatched', 'rule', 'stop', 'looped', 'refused')", name=op.f("ck_inbox_items_reason")
        ),
        sa.CheckConstraint("state IN ('open', 'done')", name=op.f("ck_inbox_items_state")),
        sa.ForeignKeyConstraint(["assigned_to"], ["users.id"], name=op.f("fk_inbox_items_assigned_to")),
        sa.ForeignKeyConstraint(["done_by"], ["users.id"], name=op.f("fk_inbox_items_done_by")),
        sa.ForeignKeyConstraint(
            ["inbound_message_id"],
            ["mobiletech_inbound_messages.id"],
            name=op.f("fk_inbox_items_inbound_message_id"),
        ),
        sa.ForeignKeyConstraint(["number_id"], ["known_numbers.id"], name=op.f("fk_inbox_items_number_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbox_items")),
        sa.UniqueConstraint("inbound_message_id", name=op.f("uq_inbox_items_inbound_message_id")),
    )
    for name, columns, condition in INDEXES:
        op.create_index(f"ix_inbox_items_{name}", "inbox_items", columns, postgresql_where=sa.text(condition))


def downgrade() -> None:
    op.drop_table("inbox_items")
    op.drop_table("number_notes")
