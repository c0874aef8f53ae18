"""A file that was begun anew: what was left of it before is over, for resuming that would repeat what is done."""

from contextlib import suppress

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core.clock import db_now
from crm.core.errors import NotFoundError
from crm.events import queries
from crm.events.models import EntryState
from crm.importer.models import ImportRun
from crm.importer.runs import UNFINISHED, State, end
from crm.importer.standing import Standing, find_step, read_progress


def end_left(session: Session, run: ImportRun) -> None:
    """Cancel the older imports of the same file, entity and kind that nobody works on."""
    older = select(ImportRun).where(
        ImportRun.sha256 == run.sha256,
        ImportRun.entity == run.entity,
        ImportRun.is_dry == run.is_dry,
        ImportRun.id < run.id,
        ImportRun.state.in_(UNFINISHED),
    )
    # whose row is locked is in the midst of a step
    for left in session.scalars(older.with_for_update(skip_locked=True)).all():
        if read_progress(session, left).standing in (Standing.QUIET, Standing.DEAD):
            _give_up_step(session, left)
            end(session, left, State.CANCELLED, session.execute(select(db_now())).scalar_one())


def _give_up_step(session: Session, run: ImportRun) -> None:
    entry = find_step(session, run) if run.step else None
    if entry is not None and entry.state == EntryState.DEAD:
        with suppress(NotFoundError):  # somebody tries it again: it will find that the import has ended
            queries.discard(session, entry.id)
