"""Write many rows at once with PostgreSQL's COPY, and look many up at once."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from psycopg import Connection, Error, sql
from sqlalchemy import ARRAY, ColumnElement, Text, cast, func, literal, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import InstrumentedAttribute, Session

_ESCAPED = re.compile(r'["\\]')
_WAYS = (
    "enable_seqscan",
    "enable_hashjoin",
    "enable_mergejoin",
)  # by which more than the rows wanted is read
_READ_WAYS = text("SELECT " + ", ".join(f"current_setting('{way}') AS {way}" for way in _WAYS))
_CHOOSE_WAYS = text("SELECT " + ", ".join(f"set_config('{way}', :{way}, true)" for way in _WAYS))


def copy_rows(session: Session, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Add rows to a table; values as psycopg adapts them (`Jsonb` for JSON).

    Raises: SQLAlchemy's DBAPIError, an IntegrityError where a row breaks a constraint.
    """
    connection = _driver(session)
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), names)
    try:
        with connection.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
    except Error as error:
        raise DBAPIError.instance(f"COPY {table}", None, error, Error, hide_parameters=True) from error


@contextmanager
def planned_anew(session: Session) -> Iterator[None]:
    """Let every statement of the block be planned for the tables as they are now.

    A plan that was kept from when a table was empty reads all of it for each batch once it has a million rows.
    """
    connection = _driver(session)
    before = connection.prepare_threshold
    connection.prepare_threshold = None
    try:
        yield
    finally:
        connection.prepare_threshold = before


@contextmanager
def by_indexes(session: Session, *, may_hash: bool = False) -> Iterator[None]:
    """Let the statements of the block, which ask for a batch of rows, look each of them up by an index.

    Of a table that is just being filled the planner believes that it is as small as when it was looked at last, and
    would rather read it from end to end, or an index from end to end to hash or merge it (unless it `may_hash`: of
    what a partial index has as well, loops could go through all of that for each row). Blocks may stand in blocks;
    what an error leaves switched off ends with the transaction.
    """
    off = dict.fromkeys(_WAYS[:1] if may_hash else _WAYS, "off")
    before = session.execute(_READ_WAYS).mappings().one()
    if off.items() <= before.items():
        yield
        return
    session.execute(_CHOOSE_WAYS, {**before, **off})
    yield
    session.execute(_CHOOSE_WAYS, dict(before))


def take_ids(session: Session, table: str, count: int) -> list[int]:
    """Return fresh ids of a table, for rows that others point to before they are written."""
    drawn = func.nextval(func.pg_get_serial_sequence(table, "id"))
    numbers = func.generate_series(1, count).table_valued("number")
    return list(session.execute(select(drawn).select_from(numbers)).scalars()) if count else []


def among(
    column: "ColumnElement[Any] | InstrumentedAttribute[Any]", values: Collection[object]
) -> ColumnElement[bool]:
    """Return the condition that a column of texts or whole numbers has one of many values.

    They go as one array in one piece, where IN would name each apart, and are joined: a scan that compares each
    row with each value, which is what `= ANY` becomes on a small table, takes seconds.
    """
    array = cast(literal(array_text(values), Text), ARRAY(column.type))
    return column.in_(select(func.unnest(array)))


def array_text(values: Iterable[object]) -> str:
    """Return an array as PostgreSQL reads it, for a parameter that is cast to one; many times faster than a list."""
    texts = [str(value) for value in values]
    if not texts:
        return "{}"
    joined = '","'.join(texts)
    if "\\" in joined or joined.count('"') > 2 * (len(texts) - 1):
        joined = '","'.join(_ESCAPED.sub(r"\\\g<0>", text) for text in texts)
    return f'{{"{joined}"}}'


def _driver(session: Session) -> "Connection[Any]":
    connection = session.connection().connection.driver_connection
    assert isinstance(connection, Connection)
    return connection
