"""Work that failed, for people: found by what it is, newest first, page by page."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Select, literal, select
from sqlalchemy.orm import Session

from crm.core.keyset import ById, KeysetPage, Place, read_page
from crm.events.models import EntryState, OutboxEntry

LOOKED_AT = 20_000  # of what waits: what is tried again stands among it, and no index tells it apart
SHOWN_EVENTS = 50


class FailedState(StrEnum):
    """Given up and kept for a person, or tried again by itself."""

    DEAD = "dead"
    RETRYING = "retrying"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkFilter:
    """What to list; None is "any"."""

    state: FailedState | None = None
    event: str | None = None
    handler: str | None = None


def list_work(
    session: Session,
    wanted: WorkFilter,
    *,
    limit: int,
    after: Place | None = None,
    before: Place | None = None,
) -> KeysetPage[OutboxEntry]:
    """Return one page of failed work, newest first."""
    found = _found(wanted)
    key = ById(OutboxEntry.created_at, OutboxEntry.id)
    return read_page(session, found, key, limit=limit, after=after, before=before)


def list_kinds(session: Session) -> Sequence[tuple[str, str | None]]:
    """Return the (event, handler) that failed work has, for a person to choose from."""
    failed = _found(WorkFilter()).subquery()
    kinds = select(failed.c.event, failed.c.handler).distinct().order_by(failed.c.event, failed.c.handler)
    return [(event, handler) for event, handler in session.execute(kinds.limit(SHOWN_EVENTS))]


def find_work(session: Session, entry_ids: Sequence[int]) -> Sequence[OutboxEntry]:
    """Return the entries with those ids, whatever their state, the oldest first."""
    found = select(OutboxEntry).where(OutboxEntry.id.in_(entry_ids)).order_by(OutboxEntry.id)
    return session.execute(found).scalars().all()


def has_failed(entry: OutboxEntry) -> bool:
    """Return whether a person may decide about it."""
    return entry.state == EntryState.DEAD or (entry.state == EntryState.READY and entry.attempts > 0)


def _found(wanted: WorkFilter) -> Select[Any]:
    ids = {FailedState.DEAD: _dead(), FailedState.RETRYING: _retrying()}
    chosen = [ids[wanted.state]] if wanted.state else list(ids.values())
    found = select(OutboxEntry).where(OutboxEntry.id.in_(chosen[0].union_all(*chosen[1:])))
    if wanted.event is not None:
        found = found.where(OutboxEntry.event == wanted.event)
    if wanted.handler is not None:
        found = found.where(OutboxEntry.handler == wanted.handler)
    return found


def _dead() -> Select[int]:
    return select(OutboxEntry.id).where(OutboxEntry.state == _word(EntryState.DEAD))


def _retrying() -> Select[int]:
    """Look at what waits longest to come first: a wait after a failure is up to three hours."""
    waiting = (
        select(OutboxEntry.id, OutboxEntry.attempts)
        .where(OutboxEntry.state == _word(EntryState.READY))
        .order_by(OutboxEntry.available_at.desc(), OutboxEntry.id.desc())
        .limit(LOOKED_AT)
        .subquery()
    )
    return select(waiting.c.id).where(waiting.c.attempts > 0)


def _word(state: EntryState) -> Any:
    """Say the state in the statement itself, so that the planner sees the state's index."""
    return literal(state, literal_execute=True)
