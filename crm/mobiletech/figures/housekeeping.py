"""Count the days that are over each hour, so that a month need not be counted for every look at the overview.

Reports come late and people settle what was unknown, so each day is counted anew until it is out of sight. The
newest days change most: they are never kept, the page counts them itself.
"""

from datetime import timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import delete, func, select, text
from sqlalchemy.orm import Session

from crm.core.clock import db_now
from crm.core.days import DAY, list_days, span_of
from crm.core.db import transaction
from crm.mobiletech.figures.counting import ALIKE, span_values
from crm.mobiletech.figures.models import DailyCount
from crm.mobiletech.wire.xml_codec import GATEWAY_ZONE

LIVE_DAYS = 3  # today and the two before it
KEPT_DAYS = 31
LOCK = 8877_0015  # two who count at once take turns

_KEEP = text(
    f"INSERT INTO mobiletech_daily_counts (day, kind, operator, template, billkey, state, code, count) {ALIKE}"
)
_zone = GATEWAY_ZONE


def configure(zone: ZoneInfo) -> None:
    """Say where the newsroom is: its midnight parts the days."""
    global _zone
    _zone = zone


def count_days() -> None:
    """Count the days that are over, each in a transaction of its own, and forget those out of sight."""
    with transaction() as session:
        today = session.execute(select(db_now())).scalar_one().astimezone(_zone).date()
    first = today - timedelta(days=KEPT_DAYS - 1)
    for day in list_days(first, today - DAY * LIVE_DAYS):
        with transaction() as session:
            _lock(session)
            session.execute(delete(DailyCount).where(DailyCount.day == day))
            session.execute(_KEEP, span_values(*span_of(day, day, _zone), _zone))
    with transaction() as session:
        _lock(session)
        session.execute(delete(DailyCount).where(DailyCount.day < first))


def _lock(session: Session) -> None:
    session.execute(select(func.pg_advisory_xact_lock(LOCK)))
