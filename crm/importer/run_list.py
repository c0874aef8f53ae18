"""The history of imports: newest first, page by page, by what was imported and what became of it."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from crm.core.clock import db_now
from crm.core.keyset import KeysetPage, Place, read_page
from crm.importer.layouts import ERROR_COLUMNS
from crm.importer.models import ImportRun
from crm.importer.runs import ENDED, UNFINISHED, State, is_done_anew

TOLD_FOR = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFilter:
    """What to list; None is "any"."""

    entity: str | None = None
    state: State | None = None
    is_dry: bool | None = None


def list_runs(
    session: Session,
    wanted: RunFilter,
    *,
    limit: int,
    after: Place | None = None,
    before: Place | None = None,
) -> KeysetPage[ImportRun]:
    """Return one page of the history, newest first."""
    found = select(ImportRun)
    if wanted.entity is not None:
        found = found.where(ImportRun.entity == wanted.entity)
    if wanted.state is not None:
        found = found.where(ImportRun.state == wanted.state)
    if wanted.is_dry is not None:
        found = found.where(ImportRun.is_dry == wanted.is_dry)
    key = (ImportRun.created_at, ImportRun.id)
    return read_page(session, found, key, limit=limit, after=after, before=before)


def list_with_refusals(session: Session) -> list[ImportRun]:
    """Return the imports of the last days that left rows out, or ended early, and whose mended rows have not come."""
    later = aliased(ImportRun)
    mended = (
        select(later.id)
        .where(
            later.entity == ImportRun.entity,
            later.id > ImportRun.id,
            later.is_dry.is_(False),
            (later.state == State.DONE) & later.layout["header"].contains([ERROR_COLUMNS[-1]])
            | (later.sha256 == ImportRun.sha256)
            & (
                (later.state == State.DONE)
                | (ImportRun.state == State.CANCELLED) & (later.state != State.CANCELLED)
            ),
        )
        .exists()
    )
    found = select(ImportRun).where(
        ImportRun.is_dry.is_(False),
        ImportRun.state.in_(ENDED),
        (ImportRun.refused > 0) | (ImportRun.state == State.REFUSED),
        func.coalesce(ImportRun.finished_at, ImportRun.created_at) > db_now() - TOLD_FOR,
        ~mended,
    )
    return list(session.execute(found.order_by(ImportRun.id.desc())).scalars())


def list_unfinished(session: Session) -> list[ImportRun]:
    """Return the imports that have not ended, nor were done anew since, the oldest first."""
    found = select(ImportRun).where(ImportRun.state.in_(UNFINISHED), ~is_done_anew()).order_by(ImportRun.id)
    return list(session.execute(found).scalars())
