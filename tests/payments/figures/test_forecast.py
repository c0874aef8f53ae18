"""What is planned costs what it will be charged: by hour, by type, with trials and amounts of their own."""

from collections import Counter
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select, update

from crm.core.db import current_session, transaction
from crm.payments.due import read_due
from crm.payments.figures.counting import Alike
from crm.payments.figures.forecast import Forecast, SuccessRate, read_due_within, read_forecast, success_rate
from crm.payments.models import RecurrentPayment
from crm.subscriptions.models import SubscriptionType
from tests.conftest import Clock
from tests.factories.moments import ZONE, set_clock
from tests.factories.money import make_type
from tests.factories.money_history import find_type_id, make_payment, make_person, make_renewal

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _noon(clock: Clock) -> None:
    set_clock(clock, "2026-12-03 12:00")
    make_type()


def read(days: int = 30) -> Forecast:
    return read_forecast(current_session(), days=days, zone=ZONE)


def plan(charge: str, **values: Any) -> int:
    return make_renewal(make_person(), charge, **values)


def sums(forecast: Forecast) -> list[tuple[str, bool, int, str]]:
    return [
        (f"{row.hour.astimezone(ZONE):%d %H:%M}", row.is_overdue, row.count, str(row.amount))
        for row in forecast.planned
    ]


def test_planned_charges_stand_in_their_hour_and_overdue_ones_in_that_of_now() -> None:
    plan("2026-12-01 09:00")
    plan("2026-12-03 12:30")
    plan("2026-12-04 09:05")
    plan("2026-12-04 09:55")

    assert sums(read()) == [
        ("03 12:00", True, 1, "4.99"),
        ("03 12:00", False, 1, "4.99"),
        ("04 09:00", False, 2, "9.98"),
    ]


def test_the_last_day_is_in_it_to_its_end_and_the_next_is_not() -> None:
    plan("2027-01-01 23:59")
    plan("2027-01-02 00:00")

    assert sum(row.count for row in read(30).planned) == 1


def test_only_what_will_be_charged_by_itself_is_planned() -> None:
    plan("2026-12-04 09:00", paused_at=None)
    plan("2026-12-04 09:00", paused_at=read().now, pause_reason="near stop")
    for state in ("user_stop", "admin_stop", "system_stop", "charge_failed"):
        plan("2026-12-04 09:00", state=state)
    reader = make_person()
    plan("2026-12-03 11:00", state="pending", payment_id=make_payment(reader, status="form"))

    forecast = read()

    assert (sum(row.count for row in forecast.planned), forecast.paused, forecast.pending) == (1, 1, 1)


def test_the_forecast_of_every_renewal_is_what_charging_it_would_take() -> None:
    make_type("year", price="39.00", billkey=None)
    make_type(
        "trial", price="1.00", billkey=None, next_subscription_type_id=find_type_id("month"), trial_periods=2
    )
    make_type("once", price="0.50", billkey=None, next_subscription_type_id=find_type_id("year"))
    make_type(
        "for_ever",
        price="2.00",
        billkey=None,
        next_subscription_type_id=find_type_id("year"),
        trial_periods=0,
    )
    _reader_of("trial", periods=1)
    _reader_of("trial", periods=2)
    _reader_of("trial", periods=3, custom_amount="0.70")
    _reader_of("trial", periods=1, custom_amount="0.70")
    _reader_of("once", periods=1)
    _reader_of("for_ever", periods=4)
    _reader_of("month", periods=2, custom_amount="3.33")
    _reader_of("month", periods=1, next_subscription_type_id=find_type_id("year"), custom_amount="3.33")

    session = current_session()
    rows = session.execute(select(RecurrentPayment).where(RecurrentPayment.state == "active")).scalars().all()
    types = {each.id: each for each in session.execute(select(SubscriptionType)).scalars()}
    expected: Counter[tuple[int, Decimal]] = Counter()
    for due in read_due(session, rows, types):
        expected[due.charge.type.id, Decimal(0)] += 1
        expected[due.charge.type.id, Decimal(1)] += due.charge.amount  # type: ignore[assignment]

    found: Counter[tuple[int, Decimal]] = Counter()
    for row in read().planned:
        found[row.type_id, Decimal(0)] += row.count
        found[row.type_id, Decimal(1)] += row.amount  # type: ignore[assignment]

    assert len(rows) == 8
    assert found == expected


def _reader_of(type_code: str, *, periods: int, **values: Any) -> None:
    """Plan a charge of a reader who has paid some periods of a type."""
    reader = make_person()
    period = make_payment(reader, "2026-09-01 10:00", type_code=type_code)
    for _ in range(periods - 1):
        paid = make_payment(reader, "2026-10-01 10:00", renewal=True, type_code=type_code)
        make_renewal(
            reader, "2026-10-01 10:00", state="charged", period=period, payment_id=paid, type_code=type_code
        )
        period = paid
    make_renewal(reader, "2026-12-10 10:00", period=period, type_code=type_code, **values)


def test_a_new_price_is_forecast_at_once() -> None:
    plan("2026-12-04 09:00")
    with transaction() as session:
        session.execute(update(SubscriptionType).values(price=Decimal("5.99")))

    assert [str(row.amount) for row in read().planned] == ["5.99"]


def test_what_is_due_within_a_time_includes_what_is_overdue() -> None:
    plan("2026-12-01 09:00")
    plan("2026-12-04 11:59")
    plan("2026-12-04 12:01")

    soon, later = read_due_within(current_session(), DAY, 7 * DAY)

    assert [sum(row.count for row in rows) for rows in (soon, later)] == [2, 3]


def test_the_rate_is_of_periods_whose_end_is_known() -> None:
    rows = [
        _alike("charged", 6),
        _alike("charged", 1, mark="no_credit"),
        _alike("given_up", 2),
        _alike("stopped", 1),
    ]

    rate = success_rate([*rows, _alike("open", 50)])

    assert rate == SuccessRate(settled=10, charged=7)
    assert rate.expect(Decimal("4.99")) == Decimal("3.49")


def _alike(fate: str, count: int, mark: str = "") -> Alike:
    day = read().now.date()
    return Alike(day, "renewals", 1, "EUR", mark, fate, 0, count, Decimal(0))
