"""The sweep: each second look at the table, ring for what is due, and run the periodic tasks whose time has come.

Any number of pumps may run. When Redis cannot be reached, or bells are not answered, the pump does the work
itself.
"""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from time import sleep

from redis import Redis
from sqlalchemy import func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from crm.core.clock import db_now
from crm.core.db import db, transaction
from crm.core.log import get_logger
from crm.events import doorbell
from crm.events.backoff import MAX_CRASHES
from crm.events.drain import count_crashes, drain
from crm.events.models import EntryState, OutboxEntry, PeriodicRun
from crm.events.periodic import Periodic

log = get_logger(__name__)

TICK_SECONDS = 1.0
DRAIN_SECONDS = 5.0
BURST_SECONDS = 60.0
BEHIND_ANOTHER_SECONDS = 0.1
# Bells are rung and nobody comes: the RQ workers may be waiting out their own retries after Redis was away.
UNANSWERED = timedelta(seconds=5)
TICK_GAP = timedelta(hours=1)
# Two pumps that start their turn at once differ by less; only a larger step is a clock that went back.
WENT_BACK = timedelta(minutes=1)


def run_pump(redis: "Redis", periodic: tuple[Periodic, ...], stopped: threading.Event) -> None:
    """Tick until told to stop; whatever fails is logged and tried at the next tick."""
    while not stopped.is_set():
        try:
            tick(redis, periodic, should_stop=stopped.is_set)
        except Exception:
            log.exception("pump_tick_failed")
        finally:
            db.session.remove()
        stopped.wait(TICK_SECONDS)


def run_everything_due(periodic: tuple[Periodic, ...]) -> None:
    """Run the periodic tasks whose time has come, then all that is due, and return once nothing is.

    What another worker has in hand is due until that one is done with it, so it is waited for.
    """
    _blame_crashes()
    for task in periodic:
        run_if_due(task)
    while find_overdue() is not None:
        count, _ = drain(for_seconds=BURST_SECONDS)
        if not count:
            sleep(BEHIND_ANOTHER_SECONDS)


def tick(redis: "Redis", periodic: tuple[Periodic, ...], *, should_stop: Callable[[], bool]) -> None:
    """Do one round."""
    _blame_crashes()
    overdue = find_overdue()
    if overdue is not None and (not doorbell.ring_now(redis) or overdue > UNANSWERED):
        drain(for_seconds=DRAIN_SECONDS, should_stop=should_stop)
    for task in periodic:
        if not should_stop():
            run_if_due(task)


def _blame_crashes() -> None:
    with transaction() as session:
        blamed = count_crashes(session, dead_after=MAX_CRASHES)
    if blamed:
        log.error("worker_died", entries=blamed)


def find_overdue() -> timedelta | None:
    """Return for how long the oldest due entry has waited, None if nothing is due; bulk work has not waited."""
    with transaction() as session:
        due = select(func.min(OutboxEntry.available_at)).where(
            OutboxEntry.state == EntryState.READY, OutboxEntry.available_at <= db_now()
        )
        first, bulk = due.where(~OutboxEntry.is_bulk), due.where(OutboxEntry.is_bulk)
        asked = select(first.scalar_subquery(), bulk.scalar_subquery(), db_now())
        row = session.execute(asked).one()
        oldest: datetime | None = row[0]
        if oldest is not None:
            waited: timedelta = row[2] - oldest
            return waited
        return None if row[1] is None else timedelta(0)


def run_if_due(task: Periodic) -> bool:
    """Run the task if its time has come and no other pump has taken this turn."""
    if not _take_turn(task):
        return False
    error: str | None = None
    try:
        error = task.run()
    except Exception as failure:
        log.exception("periodic_task_failed", task=task.name)
        error = f"{type(failure).__name__}: {failure}"
    finally:
        db.session.remove()
    with transaction() as session:
        finished = update(PeriodicRun).where(PeriodicRun.name == task.name)
        session.execute(finished.values(finished_at=db_now(), error=error))
    return True


def _take_turn(task: Periodic) -> bool:
    """One statement decides: the row is moved on only if the last turn is long enough ago."""
    with transaction() as session:
        last = session.execute(
            select(PeriodicRun.started_at, db_now()).where(PeriodicRun.name == task.name)
        ).one_or_none()
        turn = insert(PeriodicRun).values(name=task.name, started_at=db_now())
        turn = turn.on_conflict_do_update(
            index_elements=["name"],
            set_={"started_at": db_now(), "finished_at": None, "error": None},
            # A clock that went back must not silence the task until it has caught up.
            where=or_(
                PeriodicRun.started_at <= db_now() - task.every, PeriodicRun.started_at > db_now() + WENT_BACK
            ),
        )
        taken = session.execute(turn.returning(text("1"))).scalar_one_or_none()
        if taken and last is not None:
            _note_gap(session, task, last[1] - last[0])
    return bool(taken)


def _note_gap(session: Session, task: Periodic, gap: timedelta) -> None:
    """Log and keep a long absence of all workers, or a clock that went back; it holds nothing by itself."""
    if timedelta(0) <= gap <= TICK_GAP + task.every:
        return
    seconds = int(gap.total_seconds())
    log.warning("tick_gap", task=task.name, gap_seconds=seconds)
    noted = update(PeriodicRun).where(PeriodicRun.name == task.name)
    session.execute(noted.values(gap_ended_at=db_now(), gap_seconds=seconds))
