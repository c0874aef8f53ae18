"""When a period begins and ends: the original's table, and nights that have an hour more or less.

Source: behaviour.md 7.11 and 10.4 (SubscriptionsRepositoryAddStartTimeEndTimeTest, 24 sets).
"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from crm.subscriptions.extension import Extension
from crm.subscriptions.periods import Terms, Wish, end_of, length_in_days, moved, period_of

ZONE = ZoneInfo("Europe/Bratislava")
NOW = datetime(2021, 2, 1, 12, tzinfo=UTC)
LENGTH, EXTENDING = 31, 45
FRESH, AFTER_ANOTHER = 0, 7  # where the rule of extension puts it, in days from now


# explicit start and end, the type's fixed start and end, the extension's start -> start and end; days from now
@pytest.mark.parametrize(
    ("wished", "fixed", "extension", "expected"),
    [
        ((None, None), (None, None), FRESH, (0, 31)),
        ((None, None), (None, None), AFTER_ANOTHER, (7, 52)),
        ((None, None), (10, None), FRESH, (10, 41)),
        ((None, None), (10, None), AFTER_ANOTHER, (10, 41)),
        ((None, None), (-10, None), FRESH, (0, 31)),
        ((None, None), (-10, None), AFTER_ANOTHER, (0, 31)),
        ((None, None), (None, 20), FRESH, (0, 20)),
        ((None, None), (None, 20), AFTER_ANOTHER, (7, 20)),
        ((None, None), (None, 3), AFTER_ANOTHER, (7, 7)),
        ((None, None), (None, -3), FRESH, (0, 0)),
        ((None, None), (10, 20), FRESH, (10, 20)),
        ((None, None), (20, 10), FRESH, (20, 20)),
        ((5, None), (None, None), FRESH, (5, 36)),
        ((5, None), (None, None), AFTER_ANOTHER, (5, 36)),
        ((5, None), (10, None), FRESH, (5, 36)),
        ((5, None), (10, 20), FRESH, (5, 20)),
        ((5, None), (None, 3), FRESH, (5, 5)),
        ((-5, None), (None, None), FRESH, (-5, 26)),
        ((-5, None), (10, None), AFTER_ANOTHER, (-5, 26)),
        ((None, 15), (None, None), FRESH, (0, 15)),
        ((None, 15), (None, 20), AFTER_ANOTHER, (7, 15)),
        ((None, -15), (None, None), FRESH, (0, 0)),
        ((5, 15), (10, 20), AFTER_ANOTHER, (5, 15)),
        ((15, 5), (None, None), FRESH, (15, 15)),
    ],
)
def test_what_was_asked_for_beats_fixed_dates_and_these_beat_the_rules(
    wished: tuple[int | None, int | None],
    fixed: tuple[int | None, int | None],
    extension: int,
    expected: tuple[int, int],
) -> None:
    terms = Terms(
        length_method="fix_days",
        length=LENGTH,
        extending_length=EXTENDING,
        fixed_start=day(fixed[0]),
        fixed_end=day(fixed[1]),
    )
    rule = Extension(start=NOW + timedelta(days=extension), is_extending=extension != FRESH)

    period = period_of(terms, Wish(start=day(wished[0]), end=day(wished[1])), rule, now=NOW, zone=ZONE)

    assert (period.start, period.end) == (day(expected[0]), day(expected[1]))
    assert period.days == expected[1] - expected[0]


@pytest.mark.parametrize(
    ("method", "extending_length", "is_extending", "start", "days"),
    [
        ("fix_days", None, False, "2026-02-10T12:00", 30),
        ("fix_days", None, True, "2026-02-10T12:00", 30),
        ("fix_days", 45, False, "2026-02-10T12:00", 30),
        ("fix_days", 45, True, "2026-02-10T12:00", 45),
        ("calendar_days", 45, True, "2026-02-10T12:00", 28),
        ("calendar_days", None, False, "2024-02-29T12:00", 29),
        ("calendar_days", None, False, "2026-12-31T22:59", 31),
        ("calendar_days", None, False, "2027-01-31T23:30", 28),  # February has begun in Bratislava
        ("calendar_days", None, False, "2026-04-30T22:30", 31),  # so has May, in summer
    ],
)
def test_a_period_has_as_many_days_as_its_method_says(
    method: str, extending_length: int | None, is_extending: bool, start: str, days: int
) -> None:
    moment = datetime.fromisoformat(start).replace(tzinfo=UTC)

    found = length_in_days(method, 30, extending_length, moment, is_extending=is_extending, zone=ZONE)

    assert found == days


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-03-01T12:00", "2026-03-31T11:00"),  # an hour is lost on 29 March
        ("2026-10-01T12:00", "2026-10-31T13:00"),  # and comes back on 25 October
        ("2026-02-27T01:30", "2026-03-29T01:30"),  # 02:30 is not there on that day: 03:30 by the wall's clock
        ("2026-11-26T12:00", "2026-12-26T12:00"),
    ],
)
def test_thirty_days_end_at_the_same_time_by_the_clock_on_the_wall(start: str, end: str) -> None:
    assert end_of(utc(start), 30, ZONE) == utc(end)


def test_a_moved_period_stays_as_long_by_the_clock_on_the_wall() -> None:
    end = moved(utc("2026-03-10T12:00"), utc("2026-04-09T11:00"), to=utc("2026-02-10T12:00"), zone=ZONE)

    assert end == utc("2026-03-12T12:00")


def day(offset: int | None) -> datetime | None:
    """Return the moment that many days from now."""
    return None if offset is None else NOW + timedelta(days=offset)


def utc(written: str) -> datetime:
    """Read a moment."""
    return datetime.fromisoformat(written).replace(tzinfo=UTC)
