"""Pages of a long list by the place of a row instead of a count of rows: as fast on the last page as on the first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeVar

from sqlalchemy import Select, literal, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

Row = TypeVar("Row")


class Place(NamedTuple):
    """Where a row stands: later is newer, of one moment the higher id."""

    at: datetime
    id: int


class ById(NamedTuple):
    """The columns of a table whose ids are in order of time, and which no index orders by the time itself."""

    at: InstrumentedAttribute[datetime]
    id: InstrumentedAttribute[int]


Key = tuple[InstrumentedAttribute[datetime], InstrumentedAttribute[int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysetPage(Generic[Row]):
    """One page in the order of its list, and the places from which the newer and the older ones go on."""

    rows: Sequence[Row]
    newer: Place | None
    older: Place | None


def read_oldest_first(
    session: Session,
    found: Select[Any],
    key: Key,
    *,
    limit: int,
    after: Place | None = None,
    before: Place | None = None,
) -> KeysetPage[Any]:
    """Return the oldest rows of one entity, oldest first; `after` a place is here too what is older than it."""
    if after is not None:
        rows = read_rows(session, found, key, limit=limit + 1, start=after, older=True)
        if len(rows) > limit:
            shown = rows[:limit][::-1]
            return KeysetPage(rows=shown, newer=_place(shown[-1], key), older=_place(shown[0], key))
        before = None  # the beginning is reached: show all of the first page, not the piece before
    rows = read_rows(session, found, key, limit=limit + 1, start=before, older=False)
    shown = rows[:limit]
    return KeysetPage(
        rows=shown,
        newer=_place(shown[-1], key) if len(rows) > limit else None,
        older=(_place(shown[0], key) if shown else before) if before is not None else None,
    )


def read_page(
    session: Session,
    found: Select[Any],
    key: Key,
    *,
    limit: int,
    after: Place | None = None,
    before: Place | None = None,
) -> KeysetPage[Any]:
    """Return the newest rows of one entity, what comes after (is older than) a place, or before (is newer)."""
    if before is not None:
        rows = read_rows(session, found, key, limit=limit + 1, start=before, older=False)
        if len(rows) > limit:
            shown = rows[:limit][::-1]
            return KeysetPage(rows=shown, newer=_place(shown[0], key), older=_place(shown[-1], key))
        after = None  # the top is reached: show all of the first page, not the piece above
    rows = read_rows(session, found, key, limit=limit + 1, start=after, older=True)
    shown = rows[:limit]
    return KeysetPage(
        rows=shown,
        newer=(_place(shown[0], key) if shown else after) if after is not None else None,
        older=_place(shown[-1], key) if len(rows) > limit else None,
    )


def read_rows(
    session: Session,
    found: Select[Any],
    key: Key,
    *,
    limit: int,
    start: Place | None,
    older: bool,
) -> Sequence[Any]:
    """Return up to `limit` rows away from the place, the nearest first; older ones or newer ones."""
    columns, place = (key[1:], start[1:] if start else ()) if isinstance(key, ById) else (key, start or ())
    if start is not None:
        here, there = tuple_(*columns), tuple_(*map(literal, place))
        found = found.where(here < there if older else here > there)
    order = [column.desc() if older else column.asc() for column in columns]
    return session.execute(found.order_by(*order).limit(limit)).scalars().all()


def _place(row: Any, key: Key) -> Place:
    at, row_id = key
    return Place(getattr(row, at.key), getattr(row, row_id.key))
