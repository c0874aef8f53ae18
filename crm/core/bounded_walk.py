"""Pages of rows that meet a condition which no index serves: the list is walked, and only so far for one page.

A page whose walk ended before it was full says so, and the next one goes on from there. So no page takes long,
however rare the rows are.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Select, literal, tuple_
from sqlalchemy.orm import Session

from crm.core.keyset import Key, KeysetPage, Place, read_rows

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Walk:
    """What to read: the rows of the list, the condition that is tried on each, and how many are tried for a page."""

    found: Select[Any]
    condition: ColumnElement[bool]
    key: Key
    most: int


@dataclass(frozen=True, slots=True)
class WalkedPage(Generic[Row]):
    """One page, newest first. `is_cut`: the walk stopped at its older end, and nothing is known beyond it."""

    page: KeysetPage[Row]
    is_cut: bool = False


def walk_page(
    session: Session, walk: Walk, *, limit: int, after: Place | None = None, before: Place | None = None
) -> WalkedPage[Any]:
    """Return the newest rows that meet the condition, after (older than) a place, or before (newer than) one."""
    if before is not None:
        rows, horizon = _walk(session, walk, limit, start=before, older=False)
        shown, newer = rows[:limit], _onward(rows, horizon, walk, limit)
        if newer is not None:
            oldest = (
                _place(shown[0], walk) if shown else Place(before.at, before.id + 1)
            )  # with that row itself
            return WalkedPage(KeysetPage(rows=shown[::-1], newer=newer, older=oldest))
        after = None  # the top is reached: show all of the first page, not the piece above
    rows, horizon = _walk(session, walk, limit, start=after, older=True)
    shown = rows[:limit]
    page: KeysetPage[Any] = KeysetPage(rows=shown, newer=None, older=_onward(rows, horizon, walk, limit))
    if after is not None:
        page = replace(page, newer=_place(shown[0], walk) if shown else Place(after.at, after.id - 1))
    return WalkedPage(page, is_cut=len(rows) <= limit and horizon is not None)


def _walk(
    session: Session, walk: Walk, limit: int, *, start: Place | None, older: bool
) -> tuple[Sequence[Any], Place | None]:
    """Return up to limit + 1 rows, the nearest first, and the last place that was looked at if there are more."""
    horizon = _find_horizon(session, walk, start=start, older=older)
    found = walk.found.where(walk.condition)
    if horizon is not None:
        here, there = tuple_(*walk.key), tuple_(*map(literal, horizon))
        found = found.where(here >= there if older else here <= there)
    return read_rows(session, found, walk.key, limit=limit + 1, start=start, older=older), horizon


def _find_horizon(session: Session, walk: Walk, *, start: Place | None, older: bool) -> Place | None:
    """Return the place of the last row that this page may look at; None if the list ends before it."""
    found = walk.found.with_only_columns(*walk.key)
    if start is not None:
        here, there = tuple_(*walk.key), tuple_(*map(literal, start))
        found = found.where(here < there if older else here > there)
    order = [column.desc() if older else column.asc() for column in walk.key]
    row = session.execute(found.order_by(*order).offset(walk.most - 1).limit(1)).one_or_none()
    return Place(*row) if row is not None else None


def _onward(rows: Sequence[Any], horizon: Place | None, walk: Walk, limit: int) -> Place | None:
    return _place(rows[limit - 1], walk) if len(rows) > limit else horizon


def _place(row: Any, walk: Walk) -> Place:
    at, row_id = walk.key
    return Place(getattr(row, at.key), getattr(row, row_id.key))
