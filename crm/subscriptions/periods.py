"""When a period begins and when it ends. Pure: time and zone come in as arguments.

A day is one of the newsroom's calendar: what begins at noon ends at noon, though a night in between had an hour
more or less. Moments go in and come out aware; those that come out are UTC.
Source: behaviour.md 7.11 and 10.4 (SubscriptionsRepositoryAddStartTimeEndTimeTest).
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from crm.subscriptions.extension import Extension


class LengthMethod(StrEnum):
    """How the length of a period is found."""

    FIX_DAYS = "fix_days"
    CALENDAR_DAYS = "calendar_days"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a type says of its periods. Units: `length` and `extending_length` in days."""

    length_method: str
    length: int
    extending_length: int | None = None
    fixed_start: datetime | None = None
    fixed_end: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What was asked for explicitly; it beats what the type says. A start in the past is meant."""

    start: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A time that somebody has. Shape: `end` is the first moment after it. Units: `days` whole ones."""

    start: datetime
    end: datetime
    days: int


def period_of(terms: Terms, wish: Wish, extension: Extension, *, now: datetime, zone: ZoneInfo) -> Period:
    """Return the period that a wish, the type's fixed dates, and the rules of extension and length make.

    A fixed start is never before `now`, and no end before its start.
    """
    start, is_extending = _start_of(terms, wish, extension, now)
    end = wish.end or terms.fixed_end
    if end is not None:
        end = max(end, start)
        return Period(start=_utc(start), end=_utc(end), days=days_between(start, end, zone))
    days = length_in_days(
        terms.length_method,
        terms.length,
        terms.extending_length,
        start,
        is_extending=is_extending,
        zone=zone,
    )
    return Period(start=_utc(start), end=end_of(start, days, zone), days=days)


def length_in_days(
    method: str,
    length: int,
    extending_length: int | None,
    start: datetime,
    *,
    is_extending: bool,
    zone: ZoneInfo,
) -> int:
    """Return how many days a period that begins at `start` has."""
    if method == LengthMethod.CALENDAR_DAYS:
        local = start.astimezone(zone)
        return monthrange(local.year, local.month)[1]
    return extending_length if is_extending and extending_length is not None else length


def end_of(start: datetime, days: int, zone: ZoneInfo) -> datetime:
    """Return the first moment after so many days: the same time by the wall's clock."""
    return _utc(start.astimezone(zone) + timedelta(days=days))


def days_between(start: datetime, end: datetime, zone: ZoneInfo) -> int:
    """Return how many whole days by the wall's clock lie between."""
    return (_wall(end, zone) - _wall(start, zone)).days


def moved(start: datetime, end: datetime, *, to: datetime, zone: ZoneInfo) -> datetime:
    """Return the end of a period that begins at `to` instead, as long by the wall's clock as it was."""
    by = _wall(to, zone) - _wall(start, zone)
    return max(_utc((_wall(end, zone) + by).replace(tzinfo=zone)), to)


def _start_of(terms: Terms, wish: Wish, extension: Extension, now: datetime) -> tuple[datetime, bool]:
    if wish.start is not None:
        return wish.start, False
    if terms.fixed_start is not None:
        return max(terms.fixed_start, now), False
    return extension.start, extension.is_extending


def _wall(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None)


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)
