"""The list of messages: both directions and what was not sent, newest first, equally fast at any depth.

Each page is a few index ranges, each cut off, merged. Filters that no index serves look at no more than
SCANNED rows of each range; a page that ends there says how far it has looked, and the next goes on from it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from crm.mobiletech.models import InboundMessage, NotSent, OutboundMessage
from crm.mobiletech.outbound import OutboundState
from crm.mobiletech.sms_templates import find_template
from crm.mobiletech.wire.delivery_status import Billing
from crm.mobiletech.wire.operators import Operator
from crm.mobiletech.wishes import Reason
from crm.mobiletech.words import MessageState

SCANNED = 10_000
COUNTED = 1000


class Kind(IntEnum):
    """Which table a row is from; of rows of one moment the higher kind is listed first."""

    INBOUND = 1
    NOT_SENT = 2
    OUTBOUND = 3


class Direction(StrEnum):
    """From a reader, or to one (sent or not)."""

    IN = "in"
    OUT = "out"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFilter:
    """What to list; None is "any". `since` is the first moment, `until` the first one after."""

    direction: Direction | None = None
    state: MessageState | None = None
    reason: Reason | None = None
    template: str | None = None
    billkey: str | None = None
    operator: Operator | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """Where a row stands: later is newer."""

    at: datetime
    kind: int
    id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPage:
    """One page, newest first. `is_cut`: the search stopped at `older`, and nothing is known beyond it."""

    positions: Sequence[Position]
    newer: Position | None
    older: Position | None
    is_cut: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Range:
    """An index range (`served`), and columns of its rows that no index serves (`looked_at`)."""

    kind: Kind
    served: tuple[ColumnElement[bool], ...] = ()
    looked_at: tuple[tuple[InstrumentedAttribute[Any], Any], ...] = ()


_TABLES: dict[Kind, Any] = {
    Kind.INBOUND: InboundMessage,
    Kind.NOT_SENT: NotSent,
    Kind.OUTBOUND: OutboundMessage,
}
_BILLING_OF = {
    MessageState.SENT: Billing.NONE,
    MessageState.BILLED: Billing.BILLED,
    MessageState.FAILED: Billing.FAILED,
}


def list_messages(
    session: Session,
    wanted: LogFilter,
    *,
    limit: int,
    after: Position | None = None,
    before: Position | None = None,
) -> LogPage:
    """Return one page: the newest, what comes after (is older than) a position, or before (is newer)."""
    ranges = _ranges(session, wanted)
    if before is not None:
        page = _read(session, wanted, ranges, limit=limit, start=before, older=False)
        if page.newer is not None:
            return page
        after = None  # the top is reached: show all of the first page, not the piece above
    page = _read(session, wanted, ranges, limit=limit, start=after, older=True)
    return page if after is not None else replace(page, newer=None)


def count_messages(session: Session, wanted: LogFilter) -> int | None:
    """Return how many match, at most COUNTED + 1; None if that cannot be told cheaply."""
    ranges = _ranges(session, wanted)
    if any(each.looked_at for each in ranges):
        return None
    total = 0
    for each in ranges:
        rows = _rows(each, wanted, start=None, older=True).limit(COUNTED + 1).subquery()
        total += session.execute(select(func.count()).select_from(rows)).scalar_one()
    return min(total, COUNTED + 1)


def _read(
    session: Session,
    wanted: LogFilter,
    ranges: Sequence[_Range],
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
    session: Session, each: _Range, wanted: LogFilter, *, limit: int, start: Position | None, older: bool
) -> tuple[list[Position], Position | None]:
    """Return up to limit + 1 positions of a range, and where the search gave up, if it did."""
    rows = _rows(each, wanted, start=start, older=older)
    if not each.looked_at:
        return _positions(session, rows.limit(limit + 1), each.kind), None
    columns = [column for column, _ in each.looked_at]
    scanned = rows.add_columns(*columns).limit(SCANNED).subquery()
    conditions = [scanned.c[column.key] == value for column, value in each.looked_at]
    order = _order(scanned.c, older=older)
    matching = select(scanned.c.created_at, scanned.c.id).where(*conditions).order_by(*order).limit(limit + 1)
    positions = _positions(session, matching, each.kind)
    if len(positions) > limit:
        return positions, None
    return positions, next(iter(_positions(session, rows.offset(SCANNED - 1).limit(1), each.kind)), None)


def _rows(each: _Range, wanted: LogFilter, *, start: Position | None, older: bool) -> Select[Any]:
    table = _TABLES[each.kind]
    conditions = list(each.served)
    if wanted.since is not None:
        conditions.append(table.created_at >= wanted.since)
    if wanted.until is not None:
        conditions.append(table.created_at < wanted.until)
    if start is not None:
        conditions.append(_beyond(each.kind, start, older=older))
    return select(table.created_at, table.id).where(*conditions).order_by(*_order(table, older=older))


def _order(columns: Any, *, older: bool) -> Iterable[ColumnElement[Any]]:
    return [column.desc() if older else column.asc() for column in (columns.created_at, columns.id)]


def _beyond(kind: Kind, start: Position, *, older: bool) -> ColumnElement[bool]:
    """Return what is beyond a position in one table: of one moment, only kinds on that side are."""
    table = _TABLES[kind]
    if kind == start.kind:
        here, there = tuple_(table.created_at, table.id), tuple_(literal(start.at), literal(start.id))
        return here < there if older else here > there
    same_moment_too = kind < start.kind if older else kind > start.kind
    at: ColumnElement[datetime] = table.created_at
    if older:
        return at <= start.at if same_moment_too else at < start.at
    return at >= start.at if same_moment_too else at > start.at


def _positions(session: Session, statement: Select[Any], kind: Kind) -> list[Position]:
    return [Position(row.created_at, int(kind), row.id) for row in session.execute(statement)]


def _ranges(session: Session, wanted: LogFilter) -> list[_Range]:
    """Return the index ranges that hold everything wanted."""
    return [*_inbound(wanted), *_outbound(session, wanted), *_not_sent(wanted)]


def _inbound(wanted: LogFilter) -> Iterable[_Range]:
    if (
        wanted.direction is Direction.OUT
        or wanted.state
        or wanted.reason
        or wanted.template
        or wanted.billkey
    ):
        return []
    return [_Range(kind=Kind.INBOUND, looked_at=_given((InboundMessage.operator_type, wanted.operator)))]


def _not_sent(wanted: LogFilter) -> Iterable[_Range]:
    other_state = wanted.state not in (None, MessageState.NOT_SENT)
    if wanted.direction is Direction.IN or other_state or wanted.operator:
        return []
    looked_at = _given(
        (NotSent.reason, wanted.reason),
        (NotSent.template_code, wanted.template),
        (NotSent.billkey, wanted.billkey),
    )
    return [_Range(kind=Kind.NOT_SENT, looked_at=looked_at)]


def _outbound(session: Session, wanted: LogFilter) -> Iterable[_Range]:
    if wanted.direction is Direction.IN or wanted.reason:
        return []
    by_template = OutboundMessage.mobiletech_template_id
    template = find_template(session, wanted.template) if wanted.template else None
    if wanted.template and template is None:
        return []
    template_id = template.id if template else None
    looked_at = _given(
        (OutboundMessage.billkey, wanted.billkey), (OutboundMessage.operator_type, wanted.operator)
    )
    if template_id and wanted.state is None:
        return [_Range(kind=Kind.OUTBOUND, served=(by_template == template_id,), looked_at=looked_at)]
    looked_at += _given((by_template, template_id))
    return [_Range(kind=Kind.OUTBOUND, served=pair, looked_at=looked_at) for pair in _states(wanted.state)]


def _given(
    *columns: tuple[InstrumentedAttribute[Any], Any],
) -> tuple[tuple[InstrumentedAttribute[Any], Any], ...]:
    return tuple((column, value) for column, value in columns if value is not None)


def _states(state: MessageState | None) -> list[tuple[ColumnElement[bool], ...]]:
    """Return what the index on state and billing serves; each pair is a range that is in order of time."""
    if state is None:
        return [()]
    if state in _BILLING_OF:
        pairs = [(OutboundState.ACCEPTED, _BILLING_OF[state])]
    else:
        pairs = [(OutboundState(state), billing) for billing in Billing]
    return [(OutboundMessage.state == way, OutboundMessage.billing == billing) for way, billing in pairs]
