"""How many readers have a subscription: at the end of each day, each reader once, and now."""

from datetime import date, timedelta

import pytest

from crm.core.db import current_session, transaction
from crm.payments.figures.keeping import count_subscribers
from crm.payments.figures.models import SubscriberDay
from crm.payments.figures.subscribers import Subscribers, read_subscribers
from crm.subscriptions.models import Subscription
from tests.conftest import Clock
from tests.factories.moments import ZONE, set_clock
from tests.factories.money import make_type
from tests.factories.money_history import make_period, make_person

TODAY = date(2026, 12, 3)


@pytest.fixture(autouse=True)
def _noon(clock: Clock) -> None:
    set_clock(clock, "2026-12-03 12:00")
    make_type()


def read(days: int = 7) -> Subscribers:
    current_session().rollback()
    return read_subscribers(current_session(), TODAY - timedelta(days=days - 1), ZONE)


def counts(days: int = 7) -> list[int]:
    return [count for _day, count in sorted(read(days).by_day.items())]


def test_a_reader_counts_on_the_days_at_whose_end_a_subscription_runs() -> None:
    make_period(make_person(), "2026-11-29 10:00", 2)
    make_period(make_person(), "2026-12-01 00:00", 10)

    assert counts() == [0, 0, 1, 1, 1, 1, 1]


def test_a_subscription_that_ends_at_midnight_ran_until_the_end_of_the_day() -> None:
    make_period(make_person(), "2026-11-28 00:00", 2)

    assert counts() == [0, 1, 1, 0, 0, 0, 0]


def test_a_reader_with_two_at_once_or_one_after_the_other_is_one() -> None:
    reader = make_person()
    make_period(reader, "2026-11-20 10:00", 10)
    make_period(reader, "2026-11-30 10:00", 10)
    make_period(reader, "2026-11-28 10:00", 1)
    make_period(reader, "2026-12-01 10:00", 30)

    assert counts() == [1] * 7


def test_a_gap_is_a_gap() -> None:
    reader = make_person()
    make_period(reader, "2026-11-20 10:00", 9)
    make_period(reader, "2026-12-01 10:00", 10)

    assert counts() == [1, 1, 0, 0, 1, 1, 1]


def test_what_has_not_begun_or_is_over_is_not_counted_now() -> None:
    make_period(make_person(), "2026-12-03 11:59", 1)
    make_period(make_person(), "2026-12-03 12:30", 1)
    make_period(make_person(), "2026-12-02 11:59", 1)

    assert read().today == 1


def test_kept_days_are_those_that_were_counted(clock: Clock) -> None:
    make_period(make_person(), "2026-11-29 10:00", 30)
    before = counts()
    count_subscribers()
    with transaction() as session:
        session.query(Subscription).delete()

    assert counts() == before


def test_today_is_counted_anew_when_what_is_kept_is_old(clock: Clock) -> None:
    count_subscribers()
    make_period(make_person(), "2026-12-03 11:00", 30)
    assert read().today == 0
    clock.advance(timedelta(minutes=31))

    assert read().today == 1


def test_a_day_that_was_counted_before_its_end_is_counted_again(clock: Clock) -> None:
    count_subscribers()
    make_period(make_person(), "2026-12-03 20:00", 30)
    clock.advance(timedelta(days=1))
    count_subscribers()

    with transaction() as session:
        assert session.get_one(SubscriberDay, TODAY).readers == 1


@pytest.mark.parametrize("day", [date(2026, 3, 29), date(2026, 10, 25)])
def test_days_of_23_and_25_hours_end_at_midnight(clock: Clock, day: date) -> None:
    make_period(make_person(), f"{day} 23:30", 1)
    make_period(make_person(), f"{day + timedelta(days=1)} 00:30", 1)

    days = read_subscribers(current_session(), day - timedelta(days=1), ZONE).by_day

    assert [days[day + timedelta(days=add)] for add in (-1, 0, 1, 2)] == [0, 1, 1, 0]
