"""Take due entries so that nobody else does: of each lane the oldest, and no other until it is finished.

Rows are locked with SKIP LOCKED, lanes with an advisory lock until the transaction ends. When the oldest
due entry of a lane is not among the rows taken, another worker has it: the lane is left alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, select, text
from sqlalchemy.orm import Session, aliased

from crm.core.clock import db_now
from crm.events.models import EntryState, OutboxEntry

_OLDEST_IN_MY_LANES = text("""
    WITH mine AS MATERIALIZED (
        SELECT lane FROM unnest(CAST(:lanes AS text[])) AS lane
        WHERE pg_try_advisory_xact_lock(hashtextextended(lane, 8877))
    )
    SELECT mine.lane, oldest.id
    FROM mine, LATERAL (
        SELECT id FROM outbox
        WHERE outbox.lane = mine.lane AND state = 'ready' AND available_at <= crm_now()
        ORDER BY id LIMIT 1
    ) AS oldest
""").bindparams(bindparam("lanes"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A claimed piece of work; its row and its lane are ours until the transaction ends."""

    id: int
    key: str
    event: str
    handler: str | None
    payload: dict[str, Any]
    lane: str | None
    attempts: int
    crashes: int


def claim(session: Session, *, limit: int, matching: ColumnElement[bool]) -> list[Entry]:
    """Lock and return due entries in order of id; one that may have killed a worker comes alone."""
    rows = session.execute(_due(limit).where(matching)).all()
    entries = [Entry(**row._mapping) for row in rows]
    if entries and entries[0].crashes:
        entries = entries[:1]
    calm = [entry for entry in entries if not entry.crashes] or entries
    return _not_taken(session, sorted(calm, key=lambda entry: entry.id))


def _due(limit: int) -> Select[Any]:
    """Only the oldest of each lane: a flood from one number must not fill the batch and starve the others."""
    table, older = OutboxEntry, aliased(OutboxEntry)
    columns = (table.id, table.key, table.event, table.handler, table.payload, table.lane)
    goes_first = select(older.id).where(
        older.lane == table.lane,
        older.id < table.id,
        older.state == EntryState.READY,
        older.available_at <= db_now(),
    )
    return (
        select(*columns, table.attempts, table.crashes)
        .where(table.state == EntryState.READY, table.available_at <= db_now(), ~goes_first.exists())
        .order_by(table.available_at, table.id)
        .limit(limit)
        .with_for_update(skip_locked=True, of=table)
    )


def _not_taken(session: Session, entries: Sequence[Entry]) -> list[Entry]:
    """Lock the lanes and look again: another worker may have been about to take an older entry."""
    lanes = sorted({entry.lane for entry in entries if entry.lane is not None})
    if not lanes:
        return list(entries)
    oldest = {entry_id for _, entry_id in session.execute(_OLDEST_IN_MY_LANES, {"lanes": lanes})}
    return [entry for entry in entries if entry.lane is None or entry.id in oldest]
