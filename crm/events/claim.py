"""Take due entries so that nobody else does: of each lane the oldest, and no other until it is finished.

Rows are locked with SKIP LOCKED, lanes with an advisory lock until the transaction ends. When the oldest
due entry of a lane is not among the rows taken, another worker has it: the lane is left alone.

Bulk work (a hundred thousand charges) is claimed apart, behind everything else that is due for its number: a
STOP that comes meanwhile is heeded before the charge leaves.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, TextClause, bindparam, or_, select, text
from sqlalchemy.orm import Session

from crm.core.clock import db_now
from crm.events.models import EntryState, OutboxEntry

MAX_ROUNDS = 3

# Asked so that only the index of lanes can answer: "the first from this lane on" for "the oldest of this lane",
# and "not finished" for "ready". With plain words and the statistics of a quiet hour (no row is ready) the
# planner walks all that is due, once for each lane: 0.7 s for a hundred lanes of twenty thousand rows.
_OLDEST = """
    WITH mine AS MATERIALIZED (
        SELECT lane FROM unnest(CAST(:lanes AS text[])) AS lane
        WHERE pg_try_advisory_xact_lock(hashtextextended(lane, 8877))
    )
    SELECT oldest.id
    FROM mine, LATERAL (
        SELECT lane, id FROM outbox
        WHERE (outbox.lane, outbox.id) >= (mine.lane, 0)
          AND finished_at IS NULL AND available_at <= crm_now() AND {which}
        ORDER BY lane, id LIMIT 1
    ) AS oldest
    WHERE oldest.lane = mine.lane
"""
_OLDEST_IN_MY_LANES = text(_OLDEST.format(which="NOT is_bulk")).bindparams(bindparam("lanes"))
_NOTHING_ELSE = """ AND NOT EXISTS (
    SELECT 1 FROM outbox
    WHERE outbox.lane = mine.lane AND finished_at IS NULL AND available_at <= crm_now() AND NOT is_bulk
)"""
_OLDEST_BULK_IN_MY_LANES = text(_OLDEST.format(which="is_bulk") + _NOTHING_ELSE).bindparams(
    bindparam("lanes")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A claimed piece of work; its row and its lane are ours until the transaction ends."""

    id: int
    key: str
    event: str
    handler: str | None
    payload: dict[str, Any]
    lane: str | None
    is_bulk: bool
    attempts: int
    crashes: int


def claim(
    session: Session, *, limit: int, matching: ColumnElement[bool], bulk: bool | None = False
) -> list[Entry]:
    """Lock and return due entries in order of id; one that may have killed a worker comes alone.

    Of bulk work only if `bulk`, and then of nothing else; None takes either, for a single entry.
    """
    if bulk is not None:
        matching &= OutboxEntry.is_bulk if bulk else ~OutboxEntry.is_bulk
    found = _due_of_many_lanes(session, limit, matching)
    oldest = _OLDEST_BULK_IN_MY_LANES if any(entry.is_bulk for entry in found) else _OLDEST_IN_MY_LANES
    first = _oldest_of_lanes(session, found, matching, oldest)
    suspects = [entry for entry in first if entry.crashes]
    return suspects[:1] or sorted(first, key=lambda entry: entry.id)


def _due_of_many_lanes(session: Session, limit: int, matching: ColumnElement[bool]) -> list[Entry]:
    """Look past numbers that fill the batch alone: a flood from one must not starve the others."""
    found: list[Entry] = []
    for _ in range(MAX_ROUNDS):
        # Our own locks do not keep a row from being found again, and it must not run twice.
        others: ColumnElement[bool] = OutboxEntry.id.not_in([entry.id for entry in found])
        lanes = {entry.lane for entry in found if entry.lane is not None}
        if lanes:
            others &= or_(OutboxEntry.lane.is_(None), OutboxEntry.lane.not_in(lanes))
        order = (OutboxEntry.available_at, OutboxEntry.id)
        rows = _lock(session, _due(matching).where(others).order_by(*order).limit(limit))
        found += rows
        if len(rows) < limit or len({entry.lane or entry.id for entry in found}) > limit // 2:
            break
    return found


def _due(matching: ColumnElement[bool]) -> Select[Any]:
    table = OutboxEntry
    columns = (table.id, table.key, table.event, table.handler, table.payload, table.lane, table.is_bulk)
    return select(*columns, table.attempts, table.crashes).where(
        table.state == EntryState.READY, table.available_at <= db_now(), matching
    )


def _lock(session: Session, chosen: Select[Any]) -> list[Entry]:
    rows = session.execute(chosen.with_for_update(skip_locked=True)).all()
    return [Entry(**row._mapping) for row in rows]


def _oldest_of_lanes(
    session: Session, entries: Sequence[Entry], matching: ColumnElement[bool], which: TextClause
) -> list[Entry]:
    """Lock the lanes and keep of each the oldest due entry, or nothing if somebody else has that one."""
    lanes = sorted({entry.lane for entry in entries if entry.lane is not None})
    if not lanes:
        return list(entries)
    oldest = set(session.execute(which, {"lanes": lanes}).scalars())
    kept = [entry for entry in entries if entry.lane is None or entry.id in oldest]
    # The oldest may have become due after all the others, and so stand further behind.
    absent = oldest - {entry.id for entry in entries}
    return kept + (_lock(session, _due(matching).where(OutboxEntry.id.in_(absent))) if absent else [])
