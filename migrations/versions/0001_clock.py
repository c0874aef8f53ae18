"""The database's clock: now(), which tests may shift by the session setting crm.clock_offset"""

from alembic import op

revision = "0001_clock"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE FUNCTION crm_now() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE AS
        $$ SELECT now() + coalesce(nullif(current_setting('crm.clock_offset', true), '')::interval, interval '0') $$
    """)


def downgrade() -> None:
    op.execute("DROP FUNCTION crm_now()")
