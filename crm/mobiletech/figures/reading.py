"""Read the figures of the last days: those that are kept, and the rest counted on the spot."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core.clock import db_now
from crm.core.days import DAY, WEEK, join_days, list_days, span_of, week_before
from crm.mobiletech.figures.counting import Alike, count_alike
from crm.mobiletech.figures.housekeeping import LIVE_DAYS
from crm.mobiletech.figures.models import DailyCount


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """The counts of each day, today the last; and those of this weekday a week ago, by this time of day."""

    now: datetime
    today: date
    rows: Sequence[Alike]
    by_now: Sequence[Alike]
    kept_until: date | None  # the last day that was counted some time ago

    def of_days(self, first: date, last: date) -> list[Alike]:
        """Return the counts of some days."""
        return [row for row in self.rows if first <= row.day <= last]


def read_figures(session: Session, *, days: int, zone: ZoneInfo) -> Figures:
    """Return the figures of that many days, and in any case of the week since the same day of the last one."""
    now: datetime = session.execute(select(db_now())).scalar_one()
    today = now.astimezone(zone).date()
    first = min(today - DAY * (days - 1), today - WEEK)
    kept = _read_kept(session, first, today - DAY * LIVE_DAYS)
    counted = {row.day for row in kept}
    rows = list(kept)
    for span in join_days(day for day in list_days(first, today) if day not in counted):
        rows += count_alike(session, *span_of(*span, zone), zone)
    a_week_ago, _ = span_of(today - WEEK, today, zone)
    return Figures(
        now=now,
        today=today,
        rows=rows,
        by_now=count_alike(session, a_week_ago, week_before(now, zone), zone),
        kept_until=max(counted, default=None),
    )


def _read_kept(session: Session, first: date, last: date) -> list[Alike]:
    statement = select(
        DailyCount.day,
        DailyCount.kind,
        DailyCount.operator,
        DailyCount.template,
        DailyCount.billkey,
        DailyCount.state,
        DailyCount.code,
        DailyCount.count,
    ).where(DailyCount.day.between(first, last))
    return [Alike(*row) for row in session.execute(statement)]
