"""Few messages, of some numbers or found by a search: gathered first, put in order then.

No index of all messages is walked for them.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import (
    ARRAY,
    CTE,
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    SelectBase,
    any_,
    cast,
    func,
    literal,
    null,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.orm import Session

from crm.mobiletech.message_filter import Found, Kind, LogFilter, LogPage, Position
from crm.mobiletech.message_ranges import Range, is_like, table_of, within
from crm.mobiletech.models import InboundMessage, NotSent, OutboundMessage

_NUMBER: dict[Kind, Any] = {
    Kind.INBOUND: InboundMessage.from_,
    Kind.NOT_SENT: NotSent.to,
    Kind.OUTBOUND: OutboundMessage.to,
}


def gather(ranges: Sequence[Range], wanted: LogFilter) -> CTE:
    """Return the places of what stands in the ranges and is of the wanted numbers, or was found."""
    chosen = [_chosen(each, wanted, source) for each in ranges for source in _sources(each.kind, wanted)]
    return materialize(chosen)


def materialize(chosen: Iterable[SelectBase]) -> CTE:
    """Put rows of `at`, `kind` and `id` together, each once."""
    nowhere = select(
        func.crm_now().label("at"), cast(null(), Integer).label("kind"), literal(0).label("id")
    ).where(literal(False))
    return union_all(nowhere, *chosen).cte("gathered").prefix_with("MATERIALIZED")


def page_of(
    session: Session, gathered: CTE, *, limit: int, after: Position | None, before: Position | None
) -> LogPage:
    """Return one page of what was gathered, newest first."""
    if before is not None:
        newer = _read(session, gathered, limit=limit, beyond=before, older=False)
        if len(newer) > limit:
            shown = newer[:limit][::-1]
            return LogPage(positions=shown, newer=shown[0], older=shown[-1])
        after = None  # the top is reached: show all of the first page
    found = _read(session, gathered, limit=limit, beyond=after, older=True)
    shown = found[:limit]
    return LogPage(
        positions=shown,
        newer=(shown[0] if shown else after) if after is not None else None,
        older=shown[-1] if len(found) > limit else None,
    )


def count_gathered(session: Session, gathered: CTE, *, most: int, newer_than: Position | None) -> int:
    """Return how many were gathered, at most `most`."""
    rows = select(gathered.c.id)
    if newer_than is not None:
        rows = rows.where(_place(gathered) > _at(newer_than))
    return session.execute(select(func.count()).select_from(rows.limit(most).subquery())).scalar_one()


def _chosen(each: Range, wanted: LogFilter, source: ColumnElement[bool]) -> Select[Any]:
    table = table_of(each.kind)
    conditions = [
        *each.served,
        *(is_like(column, value) for column, value in each.looked_at),
        *within(table, wanted),
        source,
    ]
    if wanted.number is not None:
        conditions.append(_NUMBER[each.kind] == wanted.number)
    kind = cast(literal(int(each.kind)), Integer).label("kind")
    return select(table.created_at.label("at"), kind, table.id.label("id")).where(*conditions)


def _sources(kind: Kind, wanted: LogFilter) -> Iterable[ColumnElement[bool]]:
    """Yield conditions that exclude each other, so that nothing is gathered twice."""
    if wanted.found is None:
        yield literal(True)
        return
    found: Found = wanted.found
    of_number: ColumnElement[bool] = _NUMBER[kind].in_(found.numbers)
    if found.numbers:
        yield of_number
    ids = [each.id for each in found.messages if each.kind == kind]
    if ids:
        # One array: a thousand values of their own take longer to send than to look up.
        single: ColumnElement[bool] = table_of(kind).id == any_(literal(ids, ARRAY(BigInteger)))
        yield (single & of_number.is_not(True)) if found.numbers else single


def _read(
    session: Session, gathered: CTE, *, limit: int, beyond: Position | None, older: bool
) -> list[Position]:
    """Return up to limit + 1 positions away from `beyond`."""
    columns = (gathered.c.at, gathered.c.kind, gathered.c.id)
    statement = select(*columns)
    if beyond is not None:
        place, there = _place(gathered), _at(beyond)
        statement = statement.where(place < there if older else place > there)
    order = [column.desc() if older else column.asc() for column in columns]
    rows = session.execute(statement.order_by(*order).limit(limit + 1))
    return [Position(row.at, row.kind, row.id) for row in rows]


def _place(gathered: CTE) -> ColumnElement[Any]:
    return tuple_(gathered.c.at, gathered.c.kind, gathered.c.id)


def _at(position: Position) -> ColumnElement[Any]:
    return tuple_(literal(position.at), literal(int(position.kind)), literal(position.id))
