"""Imports as rows: begun, found again, resumed, cancelled; each with who and when."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import BinaryIO

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session, aliased

from crm.core.clock import db_now
from crm.core.errors import N_
from crm.importer.entities import get_entity
from crm.importer.errors import ImportStateError, UnknownImportError
from crm.importer.layouts import Layout, find_layout, read_layout
from crm.importer.models import ImportRun
from crm.importer.sources.examining import Examined
from crm.users.audit_log import acting, find_actor, find_doer, record_act

Opener = Callable[[], BinaryIO]
CANCEL = "import.cancel"  # the act of who wants an import to end
LATELY = timedelta(hours=24)  # what a dry run told of renewals that are due counts as known


class State(StrEnum):
    """waiting -> checking -> loading -> done | refused | cancelled; interrupted can be resumed."""

    WAITING = "waiting"
    CHECKING = "checking"
    LOADING = "loading"
    INTERRUPTED = "interrupted"
    CANCELLED = "cancelled"
    REFUSED = "refused"
    DONE = "done"


ENDED = (State.CANCELLED, State.REFUSED, State.DONE)
UNFINISHED = (State.WAITING, State.CHECKING, State.LOADING, State.INTERRUPTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """An import to be. `mapping` names our column for one of the file's, "" to leave it out."""

    entity: str
    file_name: str
    is_dry: bool
    confirm_due: bool = False
    mapping: Mapping[str, str] = field(default_factory=dict)
    file_id: int | None = None


def begin(session: Session, wanted: Wanted, examined: Examined, open_stream: Opener) -> ImportRun:
    """Store an import that has not read a row yet.

    Raises: SourceError, LayoutError if the file's columns are not those of the entity; UnknownEntityError.
    """
    entity = get_entity(wanted.entity)
    with open_stream() as stream:
        layout = find_layout(stream, examined.encoding, entity, wanted.mapping)
    return store(session, wanted, examined, layout)


def resume(session: Session, wanted: Wanted, examined: Examined, open_stream: Opener) -> ImportRun:
    """Return the import of just this file that was begun and has not ended; it goes on as it began.

    Raises: ImportStateError if there is none, or it was begun in another way; SourceError, LayoutError.
    """
    run = find_unfinished(session, wanted.entity, examined, is_dry=wanted.is_dry)
    if run is None:
        raise _nothing_to_resume(session, wanted, examined)
    if wanted.confirm_due and not run.confirm_due:
        told = N_(
            "The import was begun without --confirm-due: it goes on without it, or ends and begins anew."
        )
        raise ImportStateError(told)
    if wanted.mapping:
        with open_stream() as stream:
            layout = find_layout(stream, examined.encoding, get_entity(wanted.entity), wanted.mapping)
        if layout != read_layout(run.layout):
            raise ImportStateError(N_("The import was begun with other columns: resume it without --map."))
    run.cancel_wanted = False
    wake(run)
    look_back(session, run)  # before the time of its last batch is forgotten
    run.beat_at = session.execute(select(db_now())).scalar_one()  # from now on somebody works on it
    record_resumption(session, run)
    return run


def record_resumption(session: Session, run: ImportRun) -> None:
    """Write down who let an import go on, in the browser or by the command."""
    record_act(session, "import.resume", subject_of(run))


def store(session: Session, wanted: Wanted, examined: Examined, layout: Layout) -> ImportRun:
    """Store an import whose layout is known."""
    actor = find_actor()
    run = ImportRun(
        entity=wanted.entity,
        file_name=shown_name(wanted.file_name),
        file_id=wanted.file_id,
        sha256=examined.sha256,
        size=examined.size,
        layout=layout.as_json(),
        is_dry=wanted.is_dry,
        confirm_due=wanted.confirm_due,
        position=layout.position,
        line=layout.line,
        started_by=actor.name if actor else "",
        user_id=actor.user_id if actor else None,
    )
    session.add(run)
    session.flush()
    if not wanted.is_dry:
        record_act(
            session, "import.start", subject_of(run), after={"entity": run.entity, "file": run.file_name}
        )
    return run


def get_run(session: Session, run_id: int, *, lock: bool = False) -> ImportRun:
    """Return an import. Raises: UnknownImportError."""
    run = session.get(ImportRun, run_id, with_for_update=lock, populate_existing=True)
    if run is None:
        raise UnknownImportError(N_("There is no import %(id)s."), id=run_id)
    return run


def find_unfinished(session: Session, entity: str, examined: Examined, *, is_dry: bool) -> ImportRun | None:
    """Return the newest import of just this file that was begun and has not ended, nor was done anew since."""
    found = select(ImportRun).where(
        ImportRun.sha256 == examined.sha256,
        ImportRun.entity == entity,
        ImportRun.is_dry == is_dry,
        ImportRun.state.in_(UNFINISHED),
        ~is_done_anew(),
    )
    return session.execute(found.order_by(ImportRun.id.desc()).limit(1)).scalar_one_or_none()


def was_tried(session: Session, entity: str, examined: Examined) -> bool:
    """Return whether a dry run of just this file has been done of late: it told how much is due by now."""
    found = select(ImportRun.id).where(
        ImportRun.sha256 == examined.sha256,
        ImportRun.entity == entity,
        ImportRun.is_dry,
        ImportRun.state == State.DONE,
        ImportRun.finished_at > db_now() - LATELY,
    )
    return session.execute(found.limit(1)).first() is not None


def is_done_anew() -> ColumnElement[bool]:
    """Say in SQL that a later import of the same file, entity and kind is done."""
    later = aliased(ImportRun)
    return select(later.id).where(*_is_done_later(later, ImportRun)).exists()


def find_done_anew(session: Session, run: ImportRun) -> ImportRun | None:
    """Return the newest later import of the same file, entity and kind that is done."""
    found = select(ImportRun).where(*_is_done_later(ImportRun, run))
    return session.scalars(found.order_by(ImportRun.id.desc()).limit(1)).first()


def _is_done_later(
    later: type[ImportRun], run: ImportRun | type[ImportRun]
) -> tuple[ColumnElement[bool], ...]:
    return (
        later.sha256 == run.sha256,
        later.entity == run.entity,
        later.is_dry == run.is_dry,
        later.id > run.id,
        later.state == State.DONE,
    )


def _nothing_to_resume(session: Session, wanted: Wanted, examined: Examined) -> ImportStateError:
    """Say why: it has ended, the file has changed, or there never was one."""
    found = select(ImportRun).where(ImportRun.entity == wanted.entity, ImportRun.is_dry == wanted.is_dry)
    newest = found.order_by(ImportRun.created_at.desc(), ImportRun.id.desc()).limit(1)
    same = session.scalars(newest.where(ImportRun.sha256 == examined.sha256)).first()
    if same is not None:
        return ImportStateError(
            N_("The import of this file has ended (%(state)s). Import it anew: what is in stays as it is."),
            state=same.state,
        )
    named = newest.where(ImportRun.file_name == shown_name(wanted.file_name), ImportRun.state.in_(UNFINISHED))
    if session.scalars(named).first() is not None:
        return ImportStateError(
            N_(
                "The file is another one than when its import began. Import it anew: what is in stays as it is."
            )
        )
    return ImportStateError(
        N_("There is nothing to resume: no import of just this file was begun and not ended.")
    )


def want_cancel(session: Session, run: ImportRun) -> None:
    """Let an import end after the batch that is being written; at once if nobody works on it.

    Raises: ImportStateError if it has ended.
    """
    if run.state in ENDED:
        raise ImportStateError(N_("This import has ended already."))
    run.cancel_wanted = True
    record_act(session, CANCEL, subject_of(run))
    if run.state == State.INTERRUPTED:
        end(session, run, State.CANCELLED, session.execute(select(db_now())).scalar_one())


def interrupt(session: Session, run_id: int) -> ImportRun:
    """Say that nobody works on an import for now; it can be resumed."""
    run = get_run(session, run_id, lock=True)
    if run.state not in ENDED:
        look_back(session, run)
        run.state = State.INTERRUPTED
    return run


def looks_back(run: ImportRun) -> bool:
    """Return whether what came beside a batch matters to its entity."""
    return not run.is_dry and get_entity(run.entity).look_back is not None


def look_back(session: Session, run: ImportRun) -> None:
    """Let the entity look for what came beside the batch before, if there was one; that could not see it."""
    looks = get_entity(run.entity).look_back
    if looks is not None and looks_back(run) and run.beat_at is not None and run.rows_done:
        looks(session, run.beat_at)


def wake(run: ImportRun) -> None:
    """Let an import that was interrupted go on in its phase."""
    if run.state == State.INTERRUPTED:
        run.state = State.CHECKING if run.rows_total is None else State.LOADING


def end(session: Session, run: ImportRun, state: State, at: datetime | None) -> None:
    """Let an import have ended; one that somebody wanted to end was ended by them, whoever works on it."""
    run.state, run.finished_at = state, at
    if run.is_dry:
        return
    counts = {name: getattr(run, name) for name in ("inserted", "updated", "unchanged", "refused")}
    wanted_by = find_doer(session, CANCEL, subject_of(run)) if run.cancel_wanted else None
    with acting(wanted_by or find_actor()):
        record_act(session, f"import.{state}", subject_of(run), after=counts)


def subject_of(run: ImportRun) -> str:
    """Return how the audit log calls an import."""
    return f"import {run.id}"


def shown_name(path: str) -> str:
    """Return the last part of a file's name, as it is safe to show: no path, no control characters."""
    last = path.replace("\\", "/").rpartition("/")[2]
    return "".join(sign for sign in last if sign.isprintable())[:200] or "unnamed"
