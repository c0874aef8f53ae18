"""Tables of imports: each run and how far it is, what it refused, the files that were uploaded."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Numeric,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from crm.core.db import Base

NOW = text("crm_now()")
IS_UNFINISHED = "state IN ('waiting', 'checking', 'loading', 'interrupted')"


class ImportFile(Base):
    """A file that somebody uploaded, unpacked; its bytes are in chunks, for whichever worker reads them."""

    __tablename__ = "import_files"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(Text)  # to be shown; never a path
    entity: Mapped[str] = mapped_column(Text)
    size: Mapped[int] = mapped_column(BigInteger)  # bytes, unpacked
    sha256: Mapped[bytes] = mapped_column(LargeBinary)
    encoding: Mapped[str] = mapped_column(Text)
    uploaded_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=NOW, index=True)


class ImportChunk(Base):
    """A piece of an uploaded file; all but the last have the same length."""

    __tablename__ = "import_chunks"

    file_id: Mapped[int] = mapped_column(ForeignKey("import_files.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class ImportRun(Base):
    """One import of one file, or its dry run; its counts and its place are committed with the rows."""

    __tablename__ = "imports"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    entity: Mapped[str] = mapped_column(Text)
    file_name: Mapped[str] = mapped_column(Text)  # to be shown; never a path
    file_id: Mapped[int | None] = mapped_column(
        ForeignKey("import_files.id", ondelete="SET NULL"), index=True
    )
    sha256: Mapped[bytes] = mapped_column(
        LargeBinary
    )  # of the unpacked bytes: the same file, whatever its name
    size: Mapped[int] = mapped_column(BigInteger)  # bytes, unpacked
    layout: Mapped[dict[str, Any]] = mapped_column(JSONB)  # layouts.Layout
    is_dry: Mapped[bool] = mapped_column()
    confirm_due: Mapped[bool] = mapped_column(server_default=text("false"))
    state: Mapped[str] = mapped_column(Text, server_default="waiting")
    position: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))  # bytes of the unpacked file
    line: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))  # lines before it
    rows_done: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    rows_total: Mapped[int | None] = mapped_column(BigInteger)  # known once the file was checked
    inserted: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    updated: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    unchanged: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    refused: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    due_count: Mapped[int] = mapped_column(
        BigInteger, server_default=text("0")
    )  # renewals that are due at once
    due_amounts: Mapped[dict[str, str]] = mapped_column(
        JSONB, server_default=text("'{}'")
    )  # their sum by currency: {"EUR": "4.99"}
    stopped: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))  # renewals that break a rule
    rows_here: Mapped[int | None] = mapped_column(BigInteger)  # of the entity, when its dry run was done
    error: Mapped[str | None] = mapped_column(Text)  # why it ended early
    cancel_wanted: Mapped[bool] = mapped_column(server_default=text("false"))
    step: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))  # of the outbox; 0: a terminal's
    started_by: Mapped[str] = mapped_column(Text)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=NOW)
    beat_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))  # the last step
    worked_seconds: Mapped[Decimal] = mapped_column(Numeric(12, 3), server_default=text("0"))  # of this phase
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    __table_args__ = (
        CheckConstraint(
            "state IN ('waiting', 'checking', 'loading', 'interrupted', 'cancelled', 'refused', 'done')",
            name="state",
        ),
        Index("ix_imports_newest", "created_at", "id"),
        Index("ix_imports_unfinished", "sha256", "entity", "id", postgresql_where=text(IS_UNFINISHED)),
    )


class ImportRefusal(Base):
    """A row that did not go in: what is wrong with it, and what stood in it, to be mended."""

    __tablename__ = "import_refusals"

    import_id: Mapped[int] = mapped_column(ForeignKey("imports.id", ondelete="CASCADE"), primary_key=True)
    line: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    faults: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)  # faults.Fault
    cells: Mapped[list[str]] = mapped_column(ARRAY(Text))  # as they were, in the order of the layout's header


class ImportDifference(Base):
    """A row by which a dry run would change what is here: one of the first of its outcome."""

    __tablename__ = "import_differences"

    import_id: Mapped[int] = mapped_column(ForeignKey("imports.id", ondelete="CASCADE"), primary_key=True)
    line: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    outcome: Mapped[str] = mapped_column(Text)  # batches.Outcome: inserted or updated
    columns: Mapped[list[str]] = mapped_column(ARRAY(Text))  # that would change; none if nobody can say
    cells: Mapped[list[str]] = mapped_column(
        ARRAY(Text)
    )  # in the order of the layout's header; a secret one is empty


class ImportClaim(Base):
    """Something that only one row of a file may have, such as a gateway's id, and the line that has it.

    `key` is a hash of what is claimed, `digest` one of the whole row: the same row again is no fault.
    """

    __tablename__ = "import_claims"

    # no foreign key: a million rows would ask a million times for the one run; housekeeping removes them
    import_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    key: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    line: Mapped[int] = mapped_column(BigInteger)
    digest: Mapped[int] = mapped_column(BigInteger)


class ImportStop(Base):
    """A renewal that an import keeps stopped, for it breaks rules; mended and imported again, it becomes active.

    Without a rule that is left only its date, which is past, keeps it.
    """

    __tablename__ = "import_stops"

    recurrent_payment_id: Mapped[int] = mapped_column(ForeignKey("recurrent_payments.id"), primary_key=True)
    import_id: Mapped[int | None] = mapped_column(ForeignKey("imports.id", ondelete="SET NULL"), index=True)
    rules: Mapped[list[str]] = mapped_column(ARRAY(Text))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=NOW)


class ImportCheck(Base):
    """What the last check of one integrity rule found."""

    __tablename__ = "import_checks"

    rule: Mapped[str] = mapped_column(Text, primary_key=True)
    count: Mapped[int] = mapped_column(BigInteger)
    rows: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)  # the first of them
    took_ms: Mapped[int] = mapped_column(Integer)
    checked_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=NOW, onupdate=func.crm_now()
    )
