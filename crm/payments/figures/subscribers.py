"""How many readers have a subscription: now, and how many had at the end of each day.

A reader with two subscriptions at once is one reader. Days that are over do not change, so each is counted once;
today is counted anew every few minutes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from crm.core.clock import db_now
from crm.core.days import list_days, span_of
from crm.payments.figures.models import SubscriberDay

FRESH = timedelta(minutes=30)

# What several subscriptions of one reader cover together counts once; each stretch adds one reader at the first of
# the moments that is in it and takes one away after the last. A subscription that ends at a moment is in force in it.
_STEPS = text("""
    WITH held AS (
        SELECT start_time, end_time, max(end_time) OVER (
            PARTITION BY user_id ORDER BY start_time, id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS covered
        FROM subscriptions
        WHERE end_time >= :first AND start_time < :last AND end_time > start_time
    ), stretches AS (
        SELECT greatest(start_time, coalesce(covered, start_time)) AS start_time, end_time
        FROM held WHERE covered IS NULL OR end_time > covered
    ), moments AS (SELECT CAST(:moments AS timestamptz[]) AS all_)
    SELECT place, sum(step) FROM stretches, moments, LATERAL (VALUES
        (width_bucket(start_time, moments.all_), 1), (width_bucket(end_time, moments.all_), -1)
    ) AS steps (place, step)
    GROUP BY place ORDER BY place
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscribers:
    """Readers with a subscription at the end of each day, of the last day at `counted_at`."""

    by_day: Mapping[date, int]
    counted_at: datetime

    @property
    def today(self) -> int:
        """Return how many there are now."""
        return self.by_day[max(self.by_day)]


def count_readers(session: Session, moments: Sequence[datetime]) -> list[int]:
    """Return how many readers had a subscription at each of some moments, which are in order."""
    if not moments:
        return []
    values = {"moments": list(moments), "first": moments[0], "last": moments[-1]}
    steps = {place: int(step) for place, step in session.execute(_STEPS, values)}
    counts, there = [], 0
    for place in range(len(moments)):
        there += steps.get(place, 0)
        counts.append(there)
    return counts


def read_subscribers(session: Session, first: date, zone: ZoneInfo) -> Subscribers:
    """Return the counts from a day until now; those that are not kept are counted on the spot."""
    now: datetime = session.execute(select(db_now())).scalar_one()
    today = now.astimezone(zone).date()
    kept, counted_at = _read_kept(session, first, today, zone), now
    if today in kept and now - kept[today][1] < FRESH:
        counted_at = kept[today][1]
    else:
        kept.pop(today, None)
    missing = [day for day in list_days(first, today) if day not in kept]
    counts = count_readers(session, _moments(missing, today, now, zone))
    by_day = {day: count for day, (count, _at) in kept.items()} | dict(zip(missing, counts, strict=True))
    return Subscribers(by_day=by_day, counted_at=counted_at)


def keep_subscribers(session: Session, *, days: int, zone: ZoneInfo) -> None:
    """Count today, and those of the last days that are not counted to their end yet."""
    now: datetime = session.execute(select(db_now())).scalar_one()
    today = now.astimezone(zone).date()
    first = today - timedelta(days=days - 1)
    kept = _read_kept(session, first, today, zone)
    missing = [day for day in list_days(first, today) if day == today or day not in kept]
    counts = count_readers(session, _moments(missing, today, now, zone))
    rows = [
        {"day": day, "readers": count, "counted_at": now} for day, count in zip(missing, counts, strict=True)
    ]
    statement = insert(SubscriberDay).values(rows)
    fresh = {"readers": statement.excluded.readers, "counted_at": statement.excluded.counted_at}
    session.execute(statement.on_conflict_do_update(index_elements=["day"], set_=fresh))


def _read_kept(
    session: Session, first: date, today: date, zone: ZoneInfo
) -> dict[date, tuple[int, datetime]]:
    """Return what is kept of today, and of the days that were counted to their end, with when."""
    kept = SubscriberDay
    rows = session.execute(select(kept.day, kept.readers, kept.counted_at).where(kept.day >= first))
    return {
        row.day: (row.readers, row.counted_at)
        for row in rows
        if row.day == today or row.counted_at >= span_of(row.day, row.day, zone)[1]
    }


def _moments(days: Sequence[date], today: date, now: datetime, zone: ZoneInfo) -> list[datetime]:
    return [now if day == today else span_of(day, day, zone)[1] for day in days]
