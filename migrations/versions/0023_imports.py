"""Imports: their runs, refused rows, uploaded files, and what they keep stopped"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0023_imports"
down_revision = "0022_external_ids"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "import_checks",
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("rows", postgresql.JSONB(), nullable=False),
        sa.Column("took_ms", sa.Integer(), nullable=False),
        sa.Column(
            "checked_at", sa.DateTime(timezone=True), server_default=sa.text("crm_now()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("rule", name="pk_import_checks"),
    )
    op.create_table(
        "import_claims",
        sa.Column("import_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("import_id", "key", name="pk_import_claims"),
    )
    op.create_table(
        "import_files",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("encoding", sa.Text(), nullable=False),
        sa.Column("uploaded_by", sa.BigInteger(), nullable=True),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("crm_now()"), nullable=False
        ),
        sa.ForeignKeyConstraint(["uploaded_by"], ["users.id"], name="fk_import_files_uploaded_by"),
        sa.PrimaryKeyConstraint("id", name="pk_import_files"),
    )
    op.create_index("ix_import_files_created_at", "import_files", ["created_at"], unique=False)
    op.create_table(
        "import_chunks",
        sa.Column("file_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["file_id"], ["import_files.id"], name="fk_import_chunks_file_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("file_id", "number", name="pk_import_chunks"),
    )
    op.create_table(
        "imports",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("file_id", sa.BigInteger(), nullable=True),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("layout", postgresql.JSONB(), nullable=False),
        sa.Column("is_dry", sa.Boolean(), nullable=False),
        sa.Column("confirm_due", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("position", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("line", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("rows_done", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("rows_total", sa.BigInteger(), nullable=True),
        sa.Column("inserted", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("updated", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("unchanged", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("refused", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("due_count", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("due_amounts", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("stopped", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("rows_here", sa.BigInteger(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("cancel_wanted", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("step", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("started_by", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("crm_now()"), nullable=False
        ),
        sa.Column("beat_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "worked_seconds", sa.Numeric(precision=12, scale=3), server_default=sa.text("0"), nullable=False
        ),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'checking', 'loading', 'interrupted', 'cancelled', 'refused', 'done')",
            name="state",
        ),
        sa.ForeignKeyConstraint(
            ["file_id"], ["import_files.id"], name="fk_imports_file_id", ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_imports_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_imports"),
    )
    op.create_index("ix_imports_file_id", "imports", ["file_id"], unique=False)
    op.create_index("ix_imports_newest", "imports", ["created_at", "id"], unique=False)
    op.create_index(
        "ix_imports_unfinished",
        "imports",
        ["sha256", "entity", "id"],
        unique=False,
        postgresql_where=sa.text("state IN ('waiting', 'checking', 'loading', 'interrupted')"),
    )
    op.create_table(
        "import_differences",
        sa.Column("import_id", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("columns", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("cells", sa.ARRAY(sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["import_id"], ["imports.id"], name="fk_import_differences_import_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("import_id", "line", name="pk_import_differences"),
    )
    op.create_table(
        "import_refusals",
        sa.Column("import_id", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("faults", postgresql.JSONB(), nullable=False),
        sa.Column("cells", sa.ARRAY(sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["import_id"], ["imports.id"], name="fk_import_refusals_import_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("import_id", "line", name="pk_import_refusals"),
    )
    op.create_table(
        "import_stops",
        sa.Column("recurrent_payment_id", sa.BigInteger(), nullable=False),
        sa.Column("import_id", sa.BigInteger(), nullable=True),
        sa.Column("rules", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("crm_now()"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["import_id"], ["imports.id"], name="fk_import_stops_import_id", ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["recurrent_payment_id"], ["recurrent_payments.id"], name="fk_import_stops_recurrent_payment_id"
        ),
        sa.PrimaryKeyConstraint("recurrent_payment_id", name="pk_import_stops"),
    )
    op.create_index("ix_import_stops_import_id", "import_stops", ["import_id"], unique=False)


def downgrade() -> None:
    op.drop_table("import_stops")
    op.drop_table("import_refusals")
    op.drop_table("import_differences")
    op.drop_table("imports")
    op.drop_table("import_chunks")
    op.drop_table("import_files")
    op.drop_table("import_claims")
    op.drop_table("import_checks")
