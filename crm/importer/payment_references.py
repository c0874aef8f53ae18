"""Which payment a row speaks of: named by its id of the old system or its variable symbol, and by both only one."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core.copying import among, by_indexes
from crm.core.errors import N_
from crm.importer import kinds
from crm.importer.batches import Batch
from crm.importer.columns import Column, Line
from crm.payments.models import Payment

L = TypeVar("L", bound=Line[Any])

EXTERNAL_ID, VARIABLE_SYMBOL = "payment_external_id", "payment_variable_symbol"

_UNKNOWN = {  # by the prefix of the columns
    "": N_("There is no such payment; import payments first."),
    "parent_": N_(
        "There is no such payment; import payments first. If it failed, it is not imported: leave this empty, and the"
        " renewal follows the reader's last paid payment."
    ),
}


def payment_columns(prefix: str, told: str) -> tuple[Column, Column]:
    """Return the two columns that name a payment; `prefix` says whose it is, such as `parent_`."""
    return (
        Column(
            name=f"{prefix}{EXTERNAL_ID}",
            read=kinds.external_id,
            told=told,
            other_names=(f"{prefix}payment_id",),
        ),
        Column(name=f"{prefix}{VARIABLE_SYMBOL}", read=kinds.code, told=told),
    )


def find_payments(
    batch: Batch, lines: Iterable[L], prefix: str, *, must: bool
) -> dict[int, Mapping[str, Any]]:
    """Return the rows of payments by line; a line whose payment is unknown, or two, is refused.

    Without `must` a line may speak of none. A record has the columns of `payment_columns` as fields. Ask before
    any line is settled: one that is refused for something else is told about its payment as well.
    """
    named = {line.number: _named(line.record, prefix) for line in lines}
    known = _look_up(batch.session, named.values())
    found: dict[int, Mapping[str, Any]] = {}
    for number, names in named.items():
        rows = {column: known.get((column, value)) for column, value in names.items()}
        unknown = [column for column, row in rows.items() if row is None]
        for column in unknown:
            batch.refuse(number, prefix + column, "unknown_payment", _UNKNOWN[prefix], value=names[column])
        if unknown:
            continue
        payments = {row["id"]: row for row in rows.values() if row is not None}
        if len(payments) > 1:
            columns = ", ".join(prefix + column for column in rows)
            told = N_("%(columns)s name different payments.")
            batch.refuse(number, prefix + EXTERNAL_ID, "payment_differs", told, columns=columns)
        elif payments:
            found[number] = next(iter(payments.values()))
        elif must:
            told = N_("Say which payment: %(first)s or %(second)s.")
            names_of = {"first": prefix + EXTERNAL_ID, "second": prefix + VARIABLE_SYMBOL}
            batch.refuse(number, prefix + EXTERNAL_ID, "missing", told, **names_of)
    return found


def _named(record: Any, prefix: str) -> dict[str, str]:
    values = {column: getattr(record, prefix + column) for column in (EXTERNAL_ID, VARIABLE_SYMBOL)}
    return {column: value for column, value in values.items() if value}


def _look_up(
    session: Session, named: Collection[Mapping[str, str]]
) -> Mapping[tuple[str, str], Mapping[str, Any]]:
    """Return the payments by each of their names; each is looked up by its own index, so apart from the other."""
    known: dict[tuple[str, str], Mapping[str, Any]] = {}
    columns = Payment.__table__.columns
    with by_indexes(session):
        for name, column in {
            EXTERNAL_ID: columns.external_id,
            VARIABLE_SYMBOL: columns.variable_symbol,
        }.items():
            wanted = {each[name] for each in named if name in each}
            found = select(*columns).where(among(column, wanted))
            for values in session.execute(found) if wanted else ():
                row = dict(zip(columns.keys(), values, strict=True))
                known[name, row[column.name]] = row
    return known
