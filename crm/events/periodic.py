"""Work of every so often: what it is, and when it ran last, whoever ran it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core.clock import time_since
from crm.events.models import PeriodicRun

TICK = "tick"  # does nothing each minute: it shows that a worker is alive
TICK_LATE = timedelta(minutes=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Periodic:
    """A task for every so often; it opens its own transactions and may be run twice without harm.

    `run` returns what it found wrong, for people; None when all is well.
    """

    name: str
    every: timedelta
    run: Callable[[], str | None]


@dataclass(frozen=True, slots=True)
class LastRun:
    """The last run of a task, and how long ago it began by the database's clock."""

    row: PeriodicRun
    ago: timedelta


def list_last_runs(session: Session) -> dict[str, LastRun]:
    """Return the last run of each task that ever ran, by name."""
    found = session.execute(select(PeriodicRun, time_since(PeriodicRun.started_at)))
    return {row.name: LastRun(row, ago) for row, ago in found}


def is_late(task: Periodic, last: LastRun | None) -> bool:
    """Return whether a task should have run again by now; one that never ran is late too."""
    return last is None or last.ago > task.every + TICK_LATE
