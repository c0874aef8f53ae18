"""Whether the work gets done: when periodic work ran, what is overdue, what was given up; each by an index."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.core.clock import db_now
from crm.events.models import EntryState, OutboxEntry, PeriodicRun
from crm.events.periodic import TICK, TICK_LATE

STUCK_AFTER = timedelta(hours=1)
NOTHING = timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """When a worker last ticked; `is_silent` if that is too long ago, or never was. What failed or never ended."""

    last_at: datetime | None
    is_silent: bool
    failed: Sequence[PeriodicRun]
    stuck: Sequence[PeriodicRun]


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """For how long the oldest due work has waited, bulk work aside; how much was given up, and the first of it."""

    overdue: timedelta
    dead: int
    first_dead: OutboxEntry | None


def read_heartbeat(session: Session) -> Heartbeat:
    """Return how the periodic work does."""
    now: datetime = session.execute(select(db_now())).scalar_one()
    runs = session.execute(select(PeriodicRun).order_by(PeriodicRun.name)).scalars().all()
    last_at = next((run.started_at for run in runs if run.name == TICK), None)
    return Heartbeat(
        last_at=last_at,
        is_silent=last_at is None or now - last_at > TICK_LATE,
        failed=[run for run in runs if run.error is not None],
        stuck=[run for run in runs if run.finished_at is None and now - run.started_at > STUCK_AFTER],
    )


def read_backlog(session: Session) -> Backlog:
    """Return how the work in the outbox does."""
    oldest = select(func.min(OutboxEntry.available_at), db_now()).where(
        OutboxEntry.state == EntryState.READY, ~OutboxEntry.is_bulk
    )
    due_at, now = session.execute(oldest).one()
    dead = OutboxEntry.state == EntryState.DEAD
    return Backlog(
        overdue=NOTHING if due_at is None else max(now - due_at, NOTHING),
        dead=session.execute(select(func.count()).where(dead)).scalar_one(),
        first_dead=session.execute(
            select(OutboxEntry).where(dead).order_by(OutboxEntry.id).limit(1)
        ).scalar(),
    )
