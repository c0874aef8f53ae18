"""What time it is: the database's clock, so that all processes and hosts agree.

Every comparison that decides something is made in SQL with `crm_now()`. It is `now()` shifted by the
session setting `crm.clock_offset`, which nobody sets but tests: they move time instead of sleeping.
Python's own clock serves only logs, measurements and deadlines of a network call.
"""

from datetime import UTC, datetime
from time import monotonic

from sqlalchemy import ColumnElement, DateTime, func

__all__ = ["db_now", "monotonic", "now"]


def now() -> datetime:
    """Return this process's time, aware, in UTC: for logs and pages, never for a decision about money."""
    return datetime.now(UTC)


def db_now() -> ColumnElement[datetime]:
    """Return the SQL expression of the database's time at the start of the transaction."""
    return func.crm_now(type_=DateTime(timezone=True))
