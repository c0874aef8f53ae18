"""Who works on an import that has not ended: a terminal, workers, or nobody."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core.clock import db_now
from crm.events.models import EntryState, OutboxEntry
from crm.importer.models import ImportRun
from crm.importer.runs import State

HANDLER = "import_step"  # its retries in the outbox are named so


class Standing(StrEnum):
    """How the work of an import stands."""

    RUNS = "runs"
    RETRIED = "retried"  # a step failed, and is tried again by itself
    DEAD = "dead"  # a step failed too often: a person decides
    QUIET = "quiet"  # nobody works on it


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How an import that has not ended stands: why it waits, and until when."""

    standing: Standing
    reason: str = ""
    next_at: datetime | None = None


QUIET_AFTER = timedelta(minutes=1)  # a terminal that works says so with each batch


def read_progress(session: Session, run: ImportRun) -> Progress:
    """Return how an import that has not ended stands."""
    if not run.step:
        now = session.execute(select(db_now())).scalar_one()
        is_quiet = run.state == State.INTERRUPTED or now - (run.beat_at or run.created_at) > QUIET_AFTER
        return Progress(standing=Standing.QUIET if is_quiet else Standing.RUNS)
    entry = find_step(session, run)
    if entry is None:
        return Progress(standing=Standing.QUIET)
    if entry.state == EntryState.DEAD:
        return Progress(standing=Standing.DEAD, reason=entry.error or "")
    if entry.attempts:
        return Progress(standing=Standing.RETRIED, reason=entry.error or "", next_at=entry.available_at)
    return Progress(standing=Standing.RUNS)


def find_step(session: Session, run: ImportRun) -> OutboxEntry | None:
    """Return the open piece of work of an import: its step, or the retry of it."""
    key = step_key(run)
    found = select(OutboxEntry).where(
        OutboxEntry.key.in_([key, f"{key}/{HANDLER}"]),
        OutboxEntry.state.in_([EntryState.READY, EntryState.DEAD]),
    )
    return session.execute(found.order_by(OutboxEntry.id.desc()).limit(1)).scalar_one_or_none()


def step_key(run: ImportRun) -> str:
    """Return how the outbox calls the step that counts."""
    return f"import:{run.id}:{run.step}"
