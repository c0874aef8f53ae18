"""What stands in the outbox, for people and for metrics, and what they may do about failed work."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, Interval, func, literal, select, type_coerce, update
from sqlalchemy.orm import Session

from crm.core.clock import db_now
from crm.core.db import after_commit
from crm.core.errors import N_, NotFoundError
from crm.events import doorbell
from crm.events.models import EntryState, OutboxEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class Depth:
    """How much of an event waits, and since when the oldest is overdue (seconds, 0 when nothing is due).

    Bulk work waits its turn: it is counted, and not overdue.
    """

    event: str
    state: str
    count: int
    overdue_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """The open work of one event.

    `due` and `retried` are parts of what waits; `oldest_due` is how long the oldest of it is overdue, bulk work aside.
    """

    event: str
    waiting: int
    due: int
    oldest_due: timedelta | None
    retried: int
    dead: int


def list_depths(session: Session) -> list[Depth]:
    """Return the open entries (ready and dead) by event."""
    overdue = func.coalesce(
        func.extract("epoch", db_now() - func.min(OutboxEntry.available_at).filter(~OutboxEntry.is_bulk)), 0
    )
    return sorted(
        (
            Depth(event=event, state=state, count=count, overdue_seconds=float(seconds))
            for state in (EntryState.READY, EntryState.DEAD)  # one by one: each has an index of its own
            for event, count, seconds in session.execute(
                select(OutboxEntry.event, func.count(), func.greatest(overdue, 0))
                .where(_in_state(state))
                .group_by(OutboxEntry.event)
            )
        ),
        key=lambda depth: depth.event,
    )


def list_loads(session: Session) -> list[Load]:
    """Return what is open of each event that has anything open."""
    is_due = OutboxEntry.available_at <= db_now()
    oldest = type_coerce(
        db_now() - func.min(OutboxEntry.available_at).filter(is_due, ~OutboxEntry.is_bulk), Interval()
    )
    ready = select(
        OutboxEntry.event,
        func.count(),
        func.count().filter(is_due),
        oldest,
        func.count().filter(OutboxEntry.attempts > 0),
    ).where(_in_state(EntryState.READY))
    dead = (
        select(OutboxEntry.event, func.count()).where(_in_state(EntryState.DEAD)).group_by(OutboxEntry.event)
    )
    given_up = dict(session.execute(dead).all())
    waiting = session.execute(ready.group_by(OutboxEntry.event)).all()
    loads = {
        event: Load(
            event=event, waiting=count, due=due, oldest_due=age, retried=retried, dead=given_up.get(event, 0)
        )
        for event, count, due, age, retried in waiting
    }
    for event in given_up.keys() - loads.keys():
        loads[event] = Load(event=event, waiting=0, due=0, oldest_due=None, retried=0, dead=given_up[event])
    return [loads[event] for event in sorted(loads)]


def list_failed(session: Session, *, limit: int = 1000) -> Sequence[OutboxEntry]:
    """Return what failed: first what waits for a person, then what will be tried again; oldest first."""
    found: list[OutboxEntry] = []
    for failed in (
        _in_state(EntryState.DEAD),
        _in_state(EntryState.READY) & (OutboxEntry.attempts > 0),
    ):
        rest = select(OutboxEntry).where(failed).order_by(OutboxEntry.id).limit(limit - len(found))
        found += session.execute(rest).scalars()
    return found


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
    """Change failed work, unless a worker has it in hand this moment."""
    failed = _in_state(EntryState.DEAD) | (_in_state(EntryState.READY) & (OutboxEntry.attempts > 0))
    chosen = select(OutboxEntry.id).where(OutboxEntry.id == entry_id, failed)
    if session.execute(chosen.with_for_update(skip_locked=True)).scalar_one_or_none() is None:
        raise NotFoundError(
            N_("No failed work has the id %(id)s. `crm outbox list` shows what has."), id=entry_id
        )
    session.execute(update(OutboxEntry).where(OutboxEntry.id == entry_id).values(**values))


def _in_state(state: EntryState) -> ColumnElement[bool]:
    """Say the state in the statement itself: with a value beside it the planner may not see the state's index."""
    return OutboxEntry.state == literal(state, literal_execute=True)
