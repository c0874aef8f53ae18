"""What stands in the outbox, for people and for metrics, and what they may do about failed work."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from crm.core.clock import db_now
from crm.core.db import after_commit
from crm.core.errors import N_, NotFoundError
from crm.events import doorbell
from crm.events.models import EntryState, OutboxEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class Depth:
    """How much of an event waits, and since when the oldest is overdue (seconds, 0 when nothing is due)."""

    event: str
    state: str
    count: int
    overdue_seconds: float


def list_depths(session: Session) -> list[Depth]:
    """Return the open entries (ready and dead) by event."""
    overdue = func.coalesce(func.extract("epoch", db_now() - func.min(OutboxEntry.available_at)), 0)
    statement = (
        select(OutboxEntry.event, OutboxEntry.state, func.count(), func.greatest(overdue, 0))
        .where(OutboxEntry.state.in_([EntryState.READY, EntryState.DEAD]))
        .group_by(OutboxEntry.event, OutboxEntry.state)
        .order_by(OutboxEntry.event)
    )
    return [
        Depth(event=event, state=state, count=count, overdue_seconds=float(seconds))
        for event, state, count, seconds in session.execute(statement)
    ]


def list_failed(session: Session, *, limit: int = 1000) -> Sequence[OutboxEntry]:
    """Return what failed: first what waits for a person, then what will be tried again; oldest first."""
    failed = (OutboxEntry.state == EntryState.DEAD) | (
        (OutboxEntry.state == EntryState.READY) & (OutboxEntry.attempts > 0)
    )
    order = (OutboxEntry.state, OutboxEntry.id)
    return session.execute(select(OutboxEntry).where(failed).order_by(*order).limit(limit)).scalars().all()


def retry(session: Session, entry_id: int) -> None:
    """Make failed work due now, with all its tries again.

    Raises: NotFoundError if no failed work has that id.
    """
    _move(
        session,
        entry_id,
        state=EntryState.READY,
        attempts=0,
        crashes=0,
        available_at=db_now(),
        finished_at=None,
    )
    after_commit(session, doorbell.ring)


def discard(session: Session, entry_id: int) -> None:
    """Give failed work up; the row stays, with its reason.

    Raises: NotFoundError if no failed work has that id.
    """
    _move(session, entry_id, state=EntryState.DISCARDED, finished_at=db_now())


def _move(session: Session, entry_id: int, **values: object) -> None:
    open_failure = (OutboxEntry.state == EntryState.DEAD) | (
        (OutboxEntry.state == EntryState.READY) & (OutboxEntry.attempts > 0)
    )
    statement = update(OutboxEntry).where(OutboxEntry.id == entry_id, open_failure).values(**values)
    if session.execute(statement.returning(OutboxEntry.id)).scalar_one_or_none() is None:
        raise NotFoundError(
            N_("No failed work has the id %(id)s. `crm outbox list` shows what has."), id=entry_id
        )
