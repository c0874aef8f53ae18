"""The conversation with one number as one line of time: SMS, what was not sent, notes, whose the number was.

No index of all messages is walked for it: a page takes what is nearest from each kind, by the number's own
indexes, and puts that in order. Our own SMS have no index by number and time, so all of a number's are taken.
A change of operator has no place of its own: it is told before the SMS that shows it (see entries.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    cast,
    func,
    literal,
    literal_column,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.orm import Session

from crm.core.phone import find_slovak_mobile
from crm.mobiletech.conversations.by_number import BEGINNING, END
from crm.mobiletech.conversations.errors import ThreadNotFoundError
from crm.mobiletech.conversations.models import InboxItem, Note
from crm.mobiletech.message_log import Position
from crm.mobiletech.models import InboundMessage, NotSent, OutboundMessage
from crm.users.models import KnownNumber, PhoneLink


class LineKind(IntEnum):
    """What stands on the line; of one moment the lower kind stands first."""

    UNLINKED = 1
    LINKED = 2
    INBOUND = 3
    NOT_SENT = 4
    OUTBOUND = 5
    NOTE = 6
    DONE = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class LinePage:
    """A piece of the line, oldest first, and the places from which it goes on either way."""

    positions: Sequence[Position]
    earlier: Position | None
    later: Position | None


class Counts(NamedTuple):
    """How many SMS came from a number, were made for it, and were not."""

    received: int
    made: int
    not_sent: int


def get_thread(session: Session, number_id: int) -> KnownNumber:
    """Return the number whose conversation it is.

    Raises: ThreadNotFoundError.
    """
    number = session.get(KnownNumber, number_id)
    if number is None:
        raise ThreadNotFoundError(number_id)
    return number


def list_line(
    session: Session,
    number: KnownNumber,
    *,
    limit: int,
    before: Position | None = None,
    after: Position | None = None,
) -> LinePage:
    """Return the end of the line, what stands before a place, or what stands after it."""
    if after is not None:
        later = _read(session, number, limit=limit, beyond=after, forward=True)
        if len(later) > limit:
            shown = later[:limit]
            return LinePage(positions=shown, earlier=shown[0], later=shown[-1])
        before = None  # the end is reached: show all of the last page
    found = _read(session, number, limit=limit, beyond=before, forward=False)
    shown = found[:limit][::-1]
    return LinePage(
        positions=shown,
        earlier=shown[0] if len(found) > limit else None,
        later=shown[-1] if before is not None and shown else None,
    )


def count_messages(session: Session, number: KnownNumber) -> Counts:
    """Return how many SMS there are each way, and how many were not sent."""
    of_it = (
        select(func.count()).where(InboundMessage.from_ == number.number),
        select(func.count()).where(OutboundMessage.to == number.number),
        select(func.count()).where(NotSent.to == number.number),
    )
    return Counts(*session.execute(select(*(each.scalar_subquery() for each in of_it))).one())


def _read(
    session: Session, number: KnownNumber, *, limit: int, beyond: Position | None, forward: bool
) -> list[Position]:
    """Return up to limit + 1 positions away from `beyond`, the nearest first."""
    way = _Way(limit=limit, beyond=beyond, forward=forward)
    line = union_all(*_list_pieces(number, way)).cte("line").prefix_with("MATERIALIZED")
    columns = (line.c.at, line.c.kind, line.c.id)
    statement: Select[Any] = select(*columns)
    if beyond is not None:
        here = tuple_(*columns)
        there = tuple_(literal(beyond.at), literal(int(beyond.kind)), literal(beyond.id))
        statement = statement.where(here > there if forward else here < there)
    rows = session.execute(statement.order_by(*way.in_order(*columns)).limit(limit + 1))
    return [Position(row.at, row.kind, row.id) for row in rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """Which way the line is read, from where, and how much of it is wanted."""

    limit: int
    beyond: Position | None
    forward: bool

    def in_order(self, *columns: ColumnElement[Any]) -> list[ColumnElement[Any]]:
        return [column.asc() if self.forward else column.desc() for column in columns]


def _list_pieces(number: KnownNumber, way: _Way) -> list[Select[Any]]:
    local = find_slovak_mobile(number.number)
    linked = PhoneLink.phone_number == local
    done_at = InboxItem.done_at
    is_done: ColumnElement[bool] = literal_column("state = 'done'")
    return [
        _nearest(LineKind.INBOUND, InboundMessage, InboundMessage.from_, number.number, way),
        _nearest(LineKind.NOT_SENT, NotSent, NotSent.to, number.number, way),
        _piece(LineKind.OUTBOUND, OutboundMessage).where(OutboundMessage.to == number.number),
        _piece(LineKind.NOTE, Note).where(Note.number_id == number.id, Note.withdrawn_at.is_(None)),
        # What one press has closed is one event.
        _place(LineKind.DONE, done_at, func.max(InboxItem.id))
        .where(InboxItem.number_id == number.id, is_done)
        .group_by(done_at),
        _place(LineKind.LINKED, PhoneLink.since, PhoneLink.id).where(linked),
        _place(LineKind.UNLINKED, PhoneLink.until, PhoneLink.id).where(linked, PhoneLink.until.is_not(None)),
    ]


def _nearest(kind: LineKind, table: Any, column: Any, number: str, way: _Way) -> Select[Any]:
    """Return the nearest rows of a table with an index by number and time.

    A range that holds one number only, in the order of that index: with a plain equality the planner may walk
    the whole table by time. Rows of the moment where it is cut off come all, since the index knows no ids.
    """
    moment = table.created_at
    edge = literal(number)
    ends = BEGINNING if way.forward else END
    start = tuple_(edge, ends if way.beyond is None else literal(way.beyond.at))
    here = tuple_(column, moment)
    rows = _piece(kind, table).where(
        *((here >= start, column <= edge) if way.forward else (here <= start, column >= edge)),
        *_exactly_beyond(kind, table, way),
    )
    ordered = rows.order_by(*way.in_order(column, moment)).fetch(way.limit + 1, with_ties=True).subquery()
    return select(ordered)


def _exactly_beyond(kind: LineKind, table: Any, way: _Way) -> list[ColumnElement[bool]]:
    """Return what is beyond the position in one table: of its own moment, only kinds on that side are."""
    if way.beyond is None:
        return []
    at, row_id = literal(way.beyond.at), literal(way.beyond.id)
    if kind == way.beyond.kind:
        here, there = tuple_(table.created_at, table.id), tuple_(at, row_id)
        return [here > there if way.forward else here < there]
    moment: ColumnElement[datetime] = table.created_at
    if kind > way.beyond.kind:
        return [moment >= at if way.forward else moment < at]
    return [moment > at if way.forward else moment <= at]


def _piece(kind: LineKind, table: Any) -> Select[Any]:
    return _place(kind, table.created_at, table.id)


def _place(kind: LineKind, at: Any, row_id: Any) -> Select[Any]:
    return select(at.label("at"), cast(literal(int(kind)), Integer).label("kind"), row_id.label("id"))
