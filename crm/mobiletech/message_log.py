"""The list of messages: both directions and what was not sent, newest first, equally fast at any depth.

Each page is a few index ranges, each cut off, merged. Filters that no index serves look at no more than
SCANNED rows of each range; a page that ends there says how far it has looked, and the next goes on from it.
Few messages, of a number or of a search, are gathered instead.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from crm.mobiletech.message_filter import Direction, Found, Kind, LogFilter, LogPage, Position
from crm.mobiletech.message_gathering import count_gathered, gather, page_of
from crm.mobiletech.message_ranges import Range, in_order, is_like, list_ranges, rows_of

__all__ = [
    "COUNTED",
    "Direction",
    "Found",
    "Kind",
    "LogFilter",
    "LogPage",
    "Position",
    "count_messages",
    "count_newer",
    "list_messages",
]

SCANNED = 50_000  # rows of a range that a page looks at: some ten milliseconds
LOOKED_AT = 10_000  # rows of a range that are looked at for a count
COUNTED = 1000


def list_messages(
    session: Session,
    wanted: LogFilter,
    *,
    limit: int,
    after: Position | None = None,
    before: Position | None = None,
) -> LogPage:
    """Return one page: the newest, what comes after (is older than) a position, or before (is newer)."""
    ranges = list_ranges(session, wanted)
    if wanted.is_gathered:
        return page_of(session, gather(ranges, wanted), limit=limit, after=after, before=before)
    if before is not None:
        page = _read(session, wanted, ranges, limit=limit, start=before, older=False)
        if page.newer is not None:
            return page
        after = None  # the top is reached: show all of the first page, not the piece above
    page = _read(session, wanted, ranges, limit=limit, start=after, older=True)
    return page if after is not None else replace(page, newer=None)


def count_messages(session: Session, wanted: LogFilter) -> int | None:
    """Return how many match, at most COUNTED + 1; None if that cannot be told cheaply."""
    count, is_exact = _count(session, wanted, newer_than=None)
    return count if is_exact or count > COUNTED else None


def count_newer(session: Session, wanted: LogFilter, than: Position) -> int:
    """Return how many that match are newer than a position, at most COUNTED + 1; of many, those found cheaply."""
    return _count(session, wanted, newer_than=than)[0]


def _count(session: Session, wanted: LogFilter, *, newer_than: Position | None) -> tuple[int, bool]:
    """Return how many match, at most COUNTED + 1, and whether all were looked at."""
    ranges = list_ranges(session, wanted)
    if wanted.is_gathered:
        gathered = gather(ranges, wanted)
        return count_gathered(session, gathered, most=COUNTED + 1, newer_than=newer_than), True
    counts = [_count_range(session, each, wanted, newer_than=newer_than) for each in ranges]
    total = sum(count for count, _ in counts)
    return min(total, COUNTED + 1), all(is_whole for _, is_whole in counts)


def _count_range(
    session: Session, each: Range, wanted: LogFilter, *, newer_than: Position | None
) -> tuple[int, bool]:
    """Return how many match, and whether the range was counted to its end."""
    rows = rows_of(each, wanted, start=newer_than, older=newer_than is None)
    if not each.looked_at:
        counted = select(func.count()).select_from(rows.limit(COUNTED + 1).subquery())
        return session.execute(counted).scalar_one(), True
    scanned = rows.add_columns(*(column for column, _ in each.looked_at)).limit(LOOKED_AT).subquery()
    conditions = [is_like(scanned.c[column.key], value) for column, value in each.looked_at]
    both = select(func.count().filter(*conditions), func.count()).select_from(scanned)
    count, looked_at = session.execute(both).one()
    return count, looked_at < LOOKED_AT


def _read(
    session: Session,
    wanted: LogFilter,
    ranges: Sequence[Range],
    *,
    limit: int,
    start: Position | None,
    older: bool,
) -> LogPage:
    """Read one page away from `start`."""
    found, horizon = [], None
    for each in ranges:
        positions, end = _read_range(session, each, wanted, limit=limit, start=start, older=older)
        found += positions
        if end is not None:
            horizon = end if horizon is None else (max if older else min)(horizon, end)
    found.sort(reverse=older)
    if horizon is not None:
        # Beyond it another range was not looked at: its rows could stand between these.
        found = [each for each in found if (each >= horizon if older else each <= horizon)]
    shown, is_cut = found[:limit], len(found) <= limit and horizon is not None
    onward = horizon if is_cut else (shown[-1] if len(found) > limit else None)
    backward = shown[0] if shown else start
    if older:
        return LogPage(positions=shown, newer=backward if start else None, older=onward, is_cut=is_cut)
    return LogPage(positions=shown[::-1], newer=onward, older=backward, is_cut=is_cut)


def _read_range(
    session: Session, each: Range, wanted: LogFilter, *, limit: int, start: Position | None, older: bool
) -> tuple[list[Position], Position | None]:
    """Return up to limit + 1 positions of a range, and where the search gave up, if it did."""
    rows = rows_of(each, wanted, start=start, older=older)
    if not each.looked_at:
        return _positions(session, rows.limit(limit + 1), each.kind), None
    columns = [column for column, _ in each.looked_at]
    scanned = rows.add_columns(*columns).limit(SCANNED).subquery()
    conditions = [is_like(scanned.c[column.key], value) for column, value in each.looked_at]
    order = in_order(scanned.c, older=older)
    matching = select(scanned.c.created_at, scanned.c.id).where(*conditions).order_by(*order).limit(limit + 1)
    positions = _positions(session, matching, each.kind)
    if len(positions) > limit:
        return positions, None
    return positions, next(iter(_positions(session, rows.offset(SCANNED - 1).limit(1), each.kind)), None)


def _positions(session: Session, statement: Select[Any], kind: Kind) -> list[Position]:
    return [Position(row.created_at, int(kind), row.id) for row in session.execute(statement)]
