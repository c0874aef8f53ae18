"""Days begin and end at the newsroom's midnight, also when its clock is put on or back."""

from datetime import UTC, date, datetime, timedelta

import pytest

from crm.core.days import join_days, list_days, span_of, week_before
from tests.factories.moments import ZONE, on_the_wall


@pytest.mark.parametrize(
    ("day", "hours"),
    [
        pytest.param(date(2026, 3, 29), 23, id="the clock is put on"),
        pytest.param(date(2026, 10, 25), 25, id="the clock is put back"),
        pytest.param(date(2026, 11, 26), 24, id="any other day"),
    ],
)
def test_a_day_is_as_long_as_the_wall_says(day: date, hours: int) -> None:
    since, until = (moment.astimezone(UTC) for moment in span_of(day, day, ZONE))

    assert until - since == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("now", "before"),
    [
        pytest.param("2026-11-26 10:30", "2026-11-19 10:30", id="any week"),
        pytest.param("2026-03-29 12:00", "2026-03-22 12:00", id="the clock was put on between"),
        pytest.param("2026-10-25 12:00", "2026-10-18 12:00", id="the clock was put back between"),
        pytest.param("2026-01-05 00:00", "2025-12-29 00:00", id="another year"),
    ],
)
def test_a_week_before_the_wall_showed_the_same(now: str, before: str) -> None:
    moment = week_before(on_the_wall(now).astimezone(UTC), ZONE)

    assert moment == on_the_wall(before)
    assert moment.replace(tzinfo=None) == datetime.fromisoformat(before)


def test_runs_of_days_are_joined() -> None:
    days = [*list_days(date(2026, 11, 20), date(2026, 11, 22)), date(2026, 11, 25)]

    assert list(join_days(days)) == [
        (date(2026, 11, 20), date(2026, 11, 22)),
        (date(2026, 11, 25), date(2026, 11, 25)),
    ]
    assert list(join_days([])) == []
