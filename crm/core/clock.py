"""What time it is: the database's clock, so that all processes and hosts agree.

Every comparison that decides something is made in SQL with `crm_now()`. It is `now()` shifted by the
session setting `crm.clock_offset`, which nobody sets but tests, which move time instead of sleeping, and the demo,
whose money has a past.
Python's own clock serves only logs, measurements and deadlines of a network call.
"""

from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any

from sqlalchemy import ColumnElement, DateTime, Interval, SQLColumnExpression, func, type_coerce

__all__ = ["db_now", "monotonic", "now", "time_since", "time_until"]


def now() -> datetime:
    """Return this process's time, aware, in UTC: for logs and pages, never for a decision about money."""
    return datetime.now(UTC)


def db_now() -> ColumnElement[datetime]:
    """Return the SQL expression of the database's time at the start of the transaction."""
    return func.crm_now(type_=DateTime(timezone=True))


def time_since(moment: SQLColumnExpression[Any]) -> ColumnElement[timedelta]:
    """Return the SQL expression of how long ago something was."""
    return type_coerce(db_now() - moment, Interval())


def time_until(moment: SQLColumnExpression[Any]) -> ColumnElement[timedelta]:
    """Return the SQL expression of how long something is off."""
    return type_coerce(moment - db_now(), Interval())
