"""Write many rows at once with PostgreSQL's COPY, and look many up at once."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from psycopg import Connection, Error, sql
from sqlalchemy import ARRAY, ColumnElement, any_, bindparam, cast, func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import InstrumentedAttribute, Session

SEPARATOR = "\x1f"


def copy_rows(session: Session, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Add rows to a table; values as psycopg adapts them (`Jsonb` for JSON).

    Raises: SQLAlchemy's DBAPIError, an IntegrityError where a row breaks a constraint.
    """
    connection = session.connection().connection.driver_connection
    assert isinstance(connection, Connection)
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), names)
    try:
        with connection.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
    except Error as error:
        raise DBAPIError.instance(f"COPY {table}", None, error, Error, hide_parameters=True) from error


def take_ids(session: Session, table: str, count: int) -> list[int]:
    """Return fresh ids of a table, for rows that others point to before they are written."""
    drawn = func.nextval(func.pg_get_serial_sequence(table, "id"))
    numbers = func.generate_series(1, count).table_valued("number")
    return list(session.execute(select(drawn).select_from(numbers)).scalars()) if count else []


def among(
    column: "ColumnElement[Any] | InstrumentedAttribute[Any]", values: Collection[Any]
) -> ColumnElement[bool]:
    """Return the condition that a column of texts or whole numbers has one of many values.

    All of them go as one text, which PostgreSQL takes apart: IN names each apart, and an array is slow to write.
    """
    array = ARRAY(column.type)
    texts = [str(value) for value in values]
    if any(SEPARATOR in text for text in texts):
        return column == any_(bindparam(None, list(values), type_=array))
    return column == any_(cast(func.string_to_array(SEPARATOR.join(texts), SEPARATOR), array))
