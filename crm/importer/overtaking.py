"""A file that was begun anew: what was left of it before is over, for resuming that would repeat what is done."""

from contextlib import suppress

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from crm.core.clock import db_now
from crm.core.errors import NotFoundError
from crm.events import queries
from crm.events.models import EntryState
from crm.importer.models import ImportRun
from crm.importer.runs import UNFINISHED, State, end, find_done_anew, is_done_anew
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
    _end_quiet(session, older)


def end_overtaken(session: Session) -> None:
    """Cancel what is left of files that are done since: who was killed a moment ago did not look dead then."""
    _end_quiet(session, select(ImportRun).where(ImportRun.state.in_(UNFINISHED), is_done_anew()))


def find_overtaker(session: Session, run: ImportRun) -> ImportRun | None:
    """Return the later import by which the file is done, for one that has not ended and that nobody works on."""
    if run.state not in UNFINISHED or not _is_left(session, run):
        return None
    return find_done_anew(session, run)


def _end_quiet(session: Session, found: Select[ImportRun]) -> None:
    # whose row is locked is in the midst of a step
    for left in session.scalars(found.with_for_update(skip_locked=True)).all():
        if _is_left(session, left):
            _give_up_step(session, left)
            end(session, left, State.CANCELLED, session.execute(select(db_now())).scalar_one())


def _is_left(session: Session, run: ImportRun) -> bool:
    return read_progress(session, run).standing in (Standing.QUIET, Standing.DEAD)


def _give_up_step(session: Session, run: ImportRun) -> None:
    entry = find_step(session, run) if run.step else None
    if entry is not None and entry.state == EntryState.DEAD:
        with suppress(NotFoundError):  # somebody tries it again: it will find that the import has ended
            queries.discard(session, entry.id)
