"""Run what is due: in batches while all goes well, one by one as soon as something fails.

A batch is one transaction: the effects of its entries, at most one of each lane, and their mark "done". If
one of them fails, the whole batch is undone and each entry is run alone, so that the one at fault fails alone.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import cache, partial
from time import sleep
from typing import Any

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.orm import Session

from crm.core import metrics
from crm.core.clock import db_now, monotonic
from crm.core.db import after_commit, db, execute_committed, transaction
from crm.core.log import bound, get_logger
from crm.events.backoff import delay_after
from crm.events.claim import Entry, claim
from crm.events.models import EntryState, OutboxBatch, OutboxEntry
from crm.events.registry import Effect, Event, ManyHandler, registry

log = get_logger(__name__)

BATCH = 100
PARALLEL_EFFECTS = 32
PARALLEL_BULK = 4
BULK_SECONDS = 0.2  # somebody who waits for a code does not notice it
RECORD_FOR_SECONDS = 20  # how long an outcome is kept in hand while the database is away
LONGEST_ERROR = 4000

_NOTE_BATCH = insert(OutboxBatch).returning(OutboxBatch.id)
_MY_SESSION = text("SELECT pid, backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()")


def drain(*, for_seconds: float, should_stop: Callable[[], bool] = lambda: False) -> tuple[int, bool]:
    """Run due entries until none is left or time is up; return (how many, whether none is left)."""
    until, done = monotonic() + for_seconds, 0
    with closing(db.session):
        while monotonic() < until and not should_stop():
            count = _run_batch()
            count += sum(_run_effects(event, effect) for event, effect in registry.effects.items())
            count += _run_bulk(should_stop)
            if not count:
                return done, True
            done += count
    return done, False


def _run_bulk(should_stop: Callable[[], bool]) -> int:
    """Give bulk work a short while before the rest is looked at again: what follows of it then comes in batches."""
    until, done = monotonic() + BULK_SECONDS, _run_batch(bulk=True)
    for event, effect in registry.effects.items():
        while (count := _run_effects(event, effect, bulk=True)) and not should_stop():
            done += count
            if monotonic() > until:
                return done
    return done


def _run_batch(*, bulk: bool = False) -> int:
    others = OutboxEntry.event.not_in(list(registry.effects))
    entries: list[Entry] = []
    notes: list[int] = []
    try:
        with transaction() as session:
            entries = claim(session, limit=BATCH, matching=others, bulk=bulk)
            if entries:
                notes.append(_note_batch(session, entries))
                _run_handlers(entries)
                _mark_done(session, [entry.id for entry in entries])
                _forget_batch(session, notes)
    except Exception as error:
        if is_disconnect(error) or not notes:
            raise
        with transaction() as session:
            _forget_batch(session, notes)
        for entry in entries:
            _run_alone(entry.id)
    return len(entries)


def _run_handlers(entries: Sequence[Entry]) -> None:
    """Run the entries' handlers, each for all of its entries at once."""
    work: dict[tuple[str, str | None], list[Entry]] = {}
    for entry in entries:
        work.setdefault((entry.event, entry.handler), []).append(entry)
    for (event, only), same in work.items():
        events = [Event(entry.payload, entry_id=entry.id) for entry in same]
        for _, handler in _handlers_of(event, only):
            handler(events)


def _run_alone(entry_id: int) -> None:
    """Run one entry with each handler in a savepoint: a handler that fails undoes itself alone."""
    with transaction() as session:
        for entry in claim(session, limit=1, matching=OutboxEntry.id == entry_id, bulk=None):
            note = _note_batch(session, [entry])
            failures = _failures(session, entry)
            _settle(session, entry, failures)
            _forget_batch(session, [note])


def _failures(session: Session, entry: Entry) -> list[tuple[str, Exception]]:
    try:
        handlers = _handlers_of(entry.event, entry.handler)
    except LookupError as error:
        return [(entry.handler or "", error)]
    failures: list[tuple[str, Exception]] = []
    for name, handler in handlers:
        event = Event(entry.payload, entry_id=entry.id, failed_handlers=[failed for failed, _ in failures])
        try:
            with bound(entry_id=entry.id, event_name=entry.event, **entry.payload), session.begin_nested():
                handler([event])
        except Exception as error:
            if is_disconnect(error):
                raise
            log.exception("handler_failed", entry_id=entry.id, event_name=entry.event, handler=name)
            failures.append((name, error))
    return failures


def _settle(session: Session, entry: Entry, failures: Sequence[tuple[str, Exception]]) -> None:
    """Mark done what worked; what failed waits for its next try, handler by handler."""
    if entry.handler is not None or any(not name for name, _ in failures):
        if failures:
            _fail(session, entry, _told(failures[0][1]))
        else:
            _mark_done(session, [entry.id])
        return
    for name, error in failures:
        session.execute(
            insert(OutboxEntry)
            .values(
                key=f"{entry.key}/{name}",
                event=entry.event,
                handler=name,
                payload=entry.payload,
                lane=entry.lane,
                attempts=1,
                error=_told(error),
                available_at=db_now() + delay_after(1),
            )
            .on_conflict_do_nothing(index_elements=["key"])
        )
    _mark_done(session, [entry.id])


def _fail(session: Session, entry: Entry, error: str) -> None:
    attempts = entry.attempts + 1
    delay = delay_after(attempts)
    values: dict[str, Any] = {"attempts": attempts, "error": error}
    if delay is None:
        values |= {"state": EntryState.DEAD, "finished_at": db_now()}
        after_commit(session, partial(metrics.count, "outbox_dead_total", event=entry.event))
    else:
        values["available_at"] = db_now() + delay
    session.execute(update(OutboxEntry).where(OutboxEntry.id == entry.id).values(**values))


def _mark_done(session: Session, ids: Sequence[int]) -> None:
    statement = update(OutboxEntry).where(OutboxEntry.id.in_(ids))
    session.execute(statement.values(state=EntryState.DONE, finished_at=db_now(), error=None))


def _handlers_of(event: str, only: str | None) -> list[tuple[str, ManyHandler]]:
    handlers = registry.handlers_of(event, only)
    if not handlers and event not in registry.unheard:
        wanted = only or f"the event {event}"
        raise LookupError(
            f"No handler is registered for {wanted}. Is an extension missing in CRM_EXTENSIONS?"
        )
    return handlers


def _note_batch(session: Session, entries: Sequence[Entry]) -> int:
    """Commit, aside from the open transaction, what this database session is about to run."""
    known = session.connection().info  # lives as long as the connection
    if "backend" not in known:
        known["backend"] = session.execute(_MY_SESSION).one()
    pid, started = known["backend"]
    values = {"entry_ids": [entry.id for entry in entries], "backend_pid": pid, "backend_start": started}
    noted = execute_committed(_NOTE_BATCH, values)
    assert noted is not None
    return int(noted.id)


def _forget_batch(session: Session, notes: Sequence[int]) -> None:
    session.execute(delete(OutboxBatch).where(OutboxBatch.id.in_(notes)))


def _run_effects(event: str, effect: Effect, *, bulk: bool = False) -> int:
    limit = PARALLEL_BULK if bulk else PARALLEL_EFFECTS
    with transaction() as session:
        entries = claim(session, limit=limit, matching=OutboxEntry.event == event, bulk=bulk)
        claimed = list(effect.claim(session, entries)) if entries else []
    if claimed:
        _record(effect, _performed(effect, claimed))
    return len(entries)


def _performed(effect: Effect, claimed: Sequence[Any]) -> list[tuple[Any, Any]]:
    if len(claimed) == 1:
        return [(claimed[0], effect.perform(claimed[0]))]
    return list(zip(claimed, _threads().map(effect.perform, claimed), strict=True))


@cache
def _threads() -> ThreadPoolExecutor:
    """Return the threads of this process; they start with the first calls and stay."""
    return ThreadPoolExecutor(max_workers=PARALLEL_EFFECTS, thread_name_prefix="effect")


def _record(effect: Effect, results: Sequence[tuple[Any, Any]]) -> None:
    """Write the outcomes down; while the database is away keep them, up to a limit below the lease."""
    until, pause = monotonic() + RECORD_FOR_SECONDS, 0.1
    while True:
        try:
            with transaction() as session:
                effect.record(session, results)
        except DBAPIError as error:
            if not isinstance(error, OperationalError | InterfaceError) or monotonic() > until:
                raise  # a deadlock or a lock is waited out as well: an outcome that is lost needs a person
            log.warning("outcome_waits_for_database", count=len(results))
            sleep(pause)
            pause = min(pause * 2, 2.0)
        else:
            return


def is_disconnect(error: BaseException) -> bool:
    """Return whether the connection is lost: only an operational error is, any other may quote that word."""
    if not isinstance(error, (OperationalError, InterfaceError)):
        return False
    return error.connection_invalidated or "connection" in str(error.orig)


def _told(error: Exception) -> str:
    """Return the reason as PostgreSQL can keep it: one that cannot be written would stop the whole drain."""
    told = f"{type(error).__name__}: {error}"[:LONGEST_ERROR]
    return told.encode(errors="replace").decode().replace("\0", "\ufffd")


def count_crashes(session: Session, *, dead_after: int) -> int:
    """Blame the entries that a worker had in hand when its database session ended; return how many.

    An entry blamed `dead_after` times is kept for a person: it may be what kills the workers.
    """
    alive = (
        select(1)
        .select_from(text("pg_stat_activity AS alive"))
        .where(
            text(
                "alive.pid = outbox_batches.backend_pid AND alive.backend_start = outbox_batches.backend_start"
            )
        )
    )
    statement = delete(OutboxBatch).where(~alive.exists()).returning(OutboxBatch.entry_ids)
    blamed = [entry_id for ids in session.execute(statement).scalars() for entry_id in ids]
    waiting = OutboxEntry.id.in_(blamed) & (OutboxEntry.state == EntryState.READY)
    session.execute(update(OutboxEntry).where(waiting).values(crashes=OutboxEntry.crashes + 1))
    told = f"The worker died {dead_after} times while it ran this."
    session.execute(
        update(OutboxEntry)
        .where(waiting, OutboxEntry.crashes >= dead_after)
        .values(
            state=EntryState.DEAD, error=func.concat_ws(" ", OutboxEntry.error, told), finished_at=db_now()
        )
    )
    return len(blamed)
