"""The numbers that we know, each with an id, whose they were when, and people as they are searched for"""

import sqlalchemy as sa
from alembic import op

revision = "0009_numbers"
down_revision = "0008_checks"
branch_labels = None
depends_on = None


SEARCH_TEXT = """translate(lower(
    public_name || chr(10) || coalesce(first_name, '') || ' ' || coalesce(last_name, '')
    || chr(10) || coalesce(email, '')
), 'áäčďéěíĺľňóôöőŕřšťúůüűýž', 'aacdeeillnoooorrstuuuuyz')"""


def upgrade() -> None:
    op.add_column(
        "users",
        sa.Column("search_text", sa.Text(), sa.Computed(SEARCH_TEXT, persisted=True), nullable=False),
    )
    op.create_table(
        "known_numbers",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("reversed", sa.Text(), sa.Computed("reverse(number)", persisted=True), nullable=False),
        sa.Column(
            "local",
            sa.Text(),
            sa.Computed("CASE WHEN number LIKE '+421%' THEN '0' || substr(number, 5) END", persisted=True),
        ),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("crm_now()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_known_numbers")),
        sa.UniqueConstraint("number", name=op.f("uq_known_numbers_number")),
    )
    op.create_index("ix_known_numbers_newest", "known_numbers", ["created_at", "id"])
    op.create_index(
        "ix_known_numbers_reversed",
        "known_numbers",
        ["reversed"],
        postgresql_ops={"reversed": "text_pattern_ops"},
    )
    op.create_table(
        "phone_number_links",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("phone_number", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), server_default=sa.text("crm_now()"), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True)),
        sa.Column("linked_by", sa.Text(), server_default="", nullable=False),
        sa.Column("link_reason", sa.Text(), server_default="", nullable=False),
        sa.Column("unlinked_by", sa.Text(), server_default="", nullable=False),
        sa.Column("unlink_reason", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_phone_number_links_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_phone_number_links")),
    )
    op.create_index("ix_phone_number_links_phone_number", "phone_number_links", ["phone_number", "id"])
    op.create_index(op.f("ix_phone_number_links_user_id"), "phone_number_links", ["user_id"])
    op.create_index(
        "uq_phone_number_links_open",
        "phone_number_links",
        ["phone_number"],
        unique=True,
        postgresql_where=sa.text("until IS NULL"),
    )
    op.create_index(
        "uq_phone_number_links_open_user_id",
        "phone_number_links",
        ["user_id"],
        unique=True,
        postgresql_where=sa.text("until IS NULL"),
    )
    op.execute("""
        INSERT INTO known_numbers (number, created_at)
        SELECT number, min(seen_at) FROM (
            SELECT "from", created_at FROM mobiletech_inbound_messages
            UNION ALL SELECT "to", created_at FROM mobiletech_outbound_messages
            UNION ALL SELECT "to", created_at FROM mobiletech_not_sent WHERE "to" IS NOT NULL
            UNION ALL SELECT '+421' || substr(phone_number, 2), created_at FROM mobiletech_phone_numbers
        ) AS seen (number, seen_at)
        GROUP BY number ORDER BY min(seen_at), number
    """)
    op.execute("""
        INSERT INTO phone_number_links (phone_number, user_id, since)
        SELECT phone_number, user_id, created_at FROM mobiletech_phone_numbers ORDER BY id
    """)


def downgrade() -> None:
    op.drop_table("phone_number_links")
    op.drop_table("known_numbers")
    op.drop_column("users", "search_text")
