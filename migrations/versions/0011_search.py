"""The words of the messages of the last 90 days"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011_search"
down_revision = "0010_texts"
branch_labels = None
depends_on = None

FUNCTIONS = (
    """CREATE FUNCTION crm_day(at timestamptz) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
       $$ SELECT floor(extract(epoch FROM at) / 86400)::integer $$""",
    # Capitals without diacritics and punctuation: what crm.mobiletech.stop_words.fold_words makes.
    """CREATE FUNCTION crm_fold(content text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
           SELECT btrim(regexp_replace(
               upper(regexp_replace(normalize(content, NFKD), '[\u0300-\u036f]', '', 'g')), '[^A-Z0-9]+', ' ', 'g'
           ))
       $$""",
    """CREATE FUNCTION crm_words(content text, at timestamptz) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
       $$
           SELECT array_to_tsvector(ARRAY(
               SELECT DISTINCT crm_day(at) || ':' || word
               FROM regexp_split_to_table(crm_fold(left(content, 1000)), ' ') AS word WHERE word <> ''
           ))
       $$""",
    # Every word of what is sought, each as the beginning of one: in messages of one day.
    """CREATE FUNCTION crm_words_query(sought text, day integer) RETURNS tsquery LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
       $$
           SELECT string_agg(quote_literal(day || ':' || word) || ':*', ' & ')::tsquery
           FROM regexp_split_to_table(crm_fold(sought), ' ') AS word WHERE word <> ''
       $$""",
)
FILL = (
    """INSERT INTO mobiletech_message_words (kind, message_id, at, words)
       SELECT 1, id, created_at, crm_words(content, created_at) FROM mobiletech_inbound_messages
       WHERE created_at > crm_now() - interval '90 days'""",
    """INSERT INTO mobiletech_message_words (kind, message_id, at, words)
       SELECT 3, id, created_at, crm_words(content, created_at) FROM mobiletech_outbound_messages
       WHERE created_at > crm_now() - interval '90 days' AND NOT is_secret""",
)


def upgrade() -> None:
    for function in FUNCTIONS:
        op.execute(function)
    op.create_table(
        "mobiletech_message_words",
        sa.Column("kind", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("message_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("words", postgresql.TSVECTOR(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "message_id", name=op.f("pk_mobiletech_message_words")),
    )
    op.create_index(
        "ix_mobiletech_message_words_at", "mobiletech_message_words", ["at"], postgresql_using="brin"
    )
    op.create_index(
        "ix_mobiletech_message_words_words",
        "mobiletech_message_words",
        ["words"],
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": 256},
    )
    op.create_index(
        "ix_mobiletech_outbound_messages_failed",
        "mobiletech_outbound_messages",
        ["status", "created_at", "id"],
        postgresql_where=sa.text("billing = 'failed'"),
    )
    for statement in FILL:
        op.execute(statement)


def downgrade() -> None:
    op.drop_index("ix_mobiletech_outbound_messages_failed", "mobiletech_outbound_messages")
    op.drop_table("mobiletech_message_words")
    for name in ("words_query(text, integer)", "words(text, timestamptz)", "fold(text)", "day(timestamptz)"):
        op.execute(f"DROP FUNCTION crm_{name}")
