"""Days as the newsroom has them: from midnight to midnight on its wall, so two in a year have 23 or 25 hours."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

WEEK = timedelta(days=7)
DAY = timedelta(days=1)


def span_of(first: date, last: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return the first moment of the first day, and the first one after the last day."""
    return datetime.combine(first, time.min, zone), datetime.combine(last + DAY, time.min, zone)


def week_before(moment: datetime, zone: ZoneInfo) -> datetime:
    """Return when the clock on the wall showed the same a week ago."""
    local = moment.astimezone(zone)
    return datetime.combine(local.date() - WEEK, local.time(), zone)


def list_days(first: date, last: date) -> list[date]:
    """Return the days from the first to the last."""
    return [first + DAY * number for number in range((last - first).days + 1)]


def join_days(days: Iterable[date]) -> Iterator[tuple[date, date]]:
    """Give the first and the last of each run of days that follow one another; the days are in order."""
    run: list[date] = []
    for day in days:
        if run and day - run[-1] > DAY:
            yield run[0], run[-1]
            run = []
        run.append(day)
    if run:
        yield run[0], run[-1]
