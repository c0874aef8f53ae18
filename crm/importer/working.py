"""Imports of uploaded files: the worker takes them forward, a step at a time, behind all that somebody waits for.

Each step is a piece of bulk work in the outbox, and publishes the one after it in its own transaction: there is
always exactly one, whoever dies when. What an import's row names as its step is it; any other is overtaken, such as
one that was given up before somebody resumed.
"""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.core.clock import db_now
from crm.core.db import current_session
from crm.core.errors import N_
from crm.events import queries
from crm.events.models import EntryState, OutboxEntry
from crm.events.publish import Work, publish_many
from crm.events.registry import Event
from crm.importer.entities import get_entity
from crm.importer.errors import ImportStateError
from crm.importer.events import IMPORT_STEP
from crm.importer.layouts import choose_columns, read_layout
from crm.importer.models import ImportFile, ImportRun
from crm.importer.running import LOCK, Runner
from crm.importer.runs import (
    ENDED,
    UNFINISHED,
    State,
    Wanted,
    find_done_anew,
    get_run,
    record_resumption,
    store,
    want_cancel,
)
from crm.importer.standing import Standing, find_step, read_progress, step_key
from crm.importer.uploads import examined_of, get_upload, look_into, open_upload
from crm.users.audit_log import Actor, acting

BATCH_ROWS = 1000  # a step takes a fraction of a second: nobody who waits for an answer notices
LATE = timedelta(seconds=2)  # while live work waits as long as this, imports stand back
PAUSE = timedelta(seconds=1)
STEPS_ASIDE = 10  # and yet every tenth step is taken


def begin_dry_run(session: Session, file: ImportFile, columns: Sequence[str]) -> ImportRun:
    """Begin the dry run of an uploaded file, with our column for each of the file's, "" to leave it out.

    Raises: SourceError, LayoutError.
    """
    layout = choose_columns(look_into(session, file), get_entity(file.entity), columns)
    wanted = Wanted(entity=file.entity, file_name=file.name, is_dry=True, file_id=file.id)
    run = store(session, wanted, examined_of(file), layout)
    _publish(session, run)
    return run


def begin_real_run(session: Session, dry_run_id: int, *, confirm_due: bool) -> ImportRun:
    """Begin the import of a file whose dry run was done, with its columns.

    Raises: ImportStateError if there was none, or the file is being imported already; UnknownImportError.
    """
    dry = get_run(session, dry_run_id, lock=True)  # who presses twice waits here
    refuse_real(session, dry)
    file = get_upload(session, dry.file_id or 0)
    wanted = Wanted(
        entity=dry.entity, file_name=dry.file_name, is_dry=False, confirm_due=confirm_due, file_id=file.id
    )
    run = store(session, wanted, examined_of(file), read_layout(dry.layout))
    _publish(session, run)
    return run


def refuse_real(session: Session, dry: ImportRun) -> None:
    """Refuse to import after what is no finished dry run, or beside the same. Raises: ImportStateError."""
    if not dry.is_dry or dry.state != State.DONE:
        raise ImportStateError(N_("Only after a dry run that was done can a file be imported for real."))
    if would_bring_nothing(dry):
        raise ImportStateError(N_("Nothing of this file would go in: there is nothing to import for real."))
    running = find_real_run(session, dry, states=UNFINISHED)
    if running is not None:
        raise ImportStateError(N_("This file is being imported already, as import %(id)s."), id=running.id)


def would_bring_nothing(dry: ImportRun) -> bool:
    """Return whether no row of a dry run would go in, whatever is confirmed."""
    return not (dry.inserted or dry.updated or dry.due_count)


def find_real_run(
    session: Session, dry: ImportRun, *, states: Sequence[State] = tuple(State)
) -> ImportRun | None:
    """Return the newest import for real of the file of a dry run."""
    found = select(ImportRun).where(
        ImportRun.file_id == dry.file_id,
        ImportRun.is_dry.is_(False),
        ImportRun.state.in_(states),
        ImportRun.id > dry.id,
    )
    return session.execute(found.order_by(ImportRun.id.desc()).limit(1)).scalar_one_or_none()


def take_steps(events: Sequence[Event]) -> None:
    """Take each import a step forward, and publish the next."""
    session = current_session()
    for event in events:
        run = get_run(session, event["import_id"], lock=True)
        if run.step == event["step"] and run.state not in ENDED:
            _take_step(session, run)


def resume(session: Session, run_id: int) -> ImportRun:
    """Let an import that stands go on where it was.

    Raises: ImportStateError if it has ended, goes on by itself, or is of a file that was not uploaded.
    """
    run = get_run(session, run_id, lock=True)
    if run.state in ENDED:
        raise ImportStateError(N_("This import has ended already."))
    anew = find_done_anew(session, run)
    if anew is not None:
        told = N_("This file was imported anew and is done, as import %(id)s: there is nothing to resume.")
        raise ImportStateError(told, id=anew.id)
    if run.file_id is None:
        told = N_("This import is of a file that is not here: resume it on the server, with --resume.")
        raise ImportStateError(told)
    if read_progress(session, run).standing == Standing.RUNS:
        raise ImportStateError(N_("This import goes on by itself."))
    _overtake(session, run)
    record_resumption(session, run)
    return run


def cancel(session: Session, run_id: int) -> ImportRun:
    """Let an import end after the batch that is being written, whoever works on it, or nobody.

    Raises: ImportStateError if it has ended.
    """
    run = get_run(session, run_id, lock=True)
    want_cancel(session, run)
    if run.state not in ENDED:
        _overtake(session, run)  # the step that ends it needs no file
    return run


def _take_step(session: Session, run: ImportRun) -> None:
    if _must_stand_back(session, run):
        _publish(session, run, after=PAUSE)
        return
    file_id = run.file_id
    runner = Runner(run.id, lambda: open_upload(session, file_id), batch_rows=BATCH_ROWS)
    try:
        with acting(Actor(name=run.started_by, user_id=run.user_id)):
            run = runner.step(session)
    finally:
        runner.close()
    if run.state not in ENDED:
        _publish(session, run)


def _must_stand_back(session: Session, run: ImportRun) -> bool:
    """Return whether another import has a batch in hand, or live work is late and this is no tenth step."""
    if not session.execute(select(func.pg_try_advisory_xact_lock(LOCK))).scalar_one():
        return True
    if run.step % STEPS_ASIDE == 0:
        return False
    late = select(OutboxEntry.id).where(
        OutboxEntry.state == EntryState.READY,
        ~OutboxEntry.is_bulk,
        OutboxEntry.event != IMPORT_STEP,  # a step that is tried again is no bulk work
        OutboxEntry.available_at < db_now() - LATE,
    )
    return session.execute(select(late.exists())).scalar_one()


def _publish(session: Session, run: ImportRun, *, after: timedelta | None = None) -> None:
    """Make the next step the one that counts."""
    run.step += 1
    session.flush()
    work = Work(key=step_key(run), payload={"import_id": run.id, "step": run.step}, lane=None, is_bulk=True)
    at = None if after is None else session.execute(select(db_now())).scalar_one() + after
    publish_many(session, IMPORT_STEP, [work], available_at=at)


def _overtake(session: Session, run: ImportRun) -> None:
    """Publish another step instead of the one that waits or was given up."""
    entry = find_step(session, run)
    if entry is not None and entry.state == EntryState.DEAD:
        queries.discard(session, entry.id)
    _publish(session, run)
