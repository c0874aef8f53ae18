"""The tables of the outbox."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, DateTime, Identity, Index, Integer, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from crm.core.db import Base

NOW = text("crm_now()")
WAITING = "state = 'ready'"


class EntryState(StrEnum):
    """ready -> done | dead; dead -> ready (a person retries) | discarded (a person gives up)."""

    READY = "ready"
    DONE = "done"
    DEAD = "dead"
    DISCARDED = "discarded"


class OutboxEntry(Base):
    """One piece of work. `lane` is the phone number it concerns: what is due in a lane runs in order of id."""

    __tablename__ = "outbox"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    key: Mapped[str] = mapped_column(Text, unique=True)
    event: Mapped[str] = mapped_column(Text)
    handler: Mapped[str | None] = mapped_column(Text)  # None: all of the event's handlers
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
    lane: Mapped[str | None] = mapped_column(Text)
    # One of many that nobody waits for, such as a charge: it stands behind all that is due for a number.
    is_bulk: Mapped[bool] = mapped_column(server_default=text("false"))
    state: Mapped[str] = mapped_column(Text, server_default=EntryState.READY)
    available_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=NOW)
    attempts: Mapped[int] = mapped_column(Integer, server_default=text("0"))  # failures with a reason
    crashes: Mapped[int] = mapped_column(
        Integer, server_default=text("0")
    )  # runs whose worker never came back
    error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=NOW)
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    __table_args__ = (
        CheckConstraint("state IN ('ready', 'done', 'dead', 'discarded')", name="state"),
        Index("ix_outbox_due", "available_at", "id", postgresql_where=text(WAITING)),
        Index(
            "ix_outbox_due_first", "available_at", "id", postgresql_where=text(f"{WAITING} AND NOT is_bulk")
        ),
        Index("ix_outbox_due_bulk", "available_at", "id", postgresql_where=text(f"{WAITING} AND is_bulk")),
        CheckConstraint("(state = 'ready') = (finished_at IS NULL)", name="finished"),
        Index("ix_outbox_lane", "lane", "id", postgresql_where=text("finished_at IS NULL")),
        Index("ix_outbox_dead", "id", postgresql_where=text("state = 'dead'")),
    )


class OutboxBatch(Base):
    """What a worker has in hand: committed before it runs, removed with the effects.

    A note whose database session is gone tells of a worker that died in the middle.
    """

    __tablename__ = "outbox_batches"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    entry_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    backend_pid: Mapped[int] = mapped_column(Integer)
    backend_start: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class PeriodicRun(Base):
    """When a periodic task ran last, whoever ran it."""

    __tablename__ = "periodic_runs"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    started_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    error: Mapped[str | None] = mapped_column(Text)
    # The last time that nobody ran it for long, or that the clock went back: when that ended, and how long it was.
    gap_ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    gap_seconds: Mapped[int | None] = mapped_column(Integer)
