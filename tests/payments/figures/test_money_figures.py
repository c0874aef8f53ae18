"""Each figure of the money against a history written by hand: by the day, the same live and kept, right to the cent."""

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from random import Random

import pytest
from sqlalchemy import func, select, update

from crm.core.days import DAY
from crm.core.db import current_session, transaction
from crm.payments.figures.counting import Alike
from crm.payments.figures.keeping import count_money_days
from crm.payments.figures.models import MoneyDay
from crm.payments.figures.reading import MoneyFigures, read_money
from crm.payments.models import Payment, RecurrentPayment
from tests.conftest import Clock
from tests.factories.moments import ZONE, set_clock
from tests.factories.money import make_type
from tests.factories.money_history import make_payment, make_person, make_renewal

TODAY = date(2026, 12, 3)
MONTH_AGO = TODAY - timedelta(days=29)
DST = date(2026, 10, 25)  # has 25 hours


@pytest.fixture(autouse=True)
def _noon(clock: Clock) -> None:
    set_clock(clock, "2026-12-03 12:00")
    make_type()


@pytest.fixture
def reader() -> int:
    return make_person()


def read(first: date = MONTH_AGO, last: date = TODAY) -> MoneyFigures:
    return read_money(current_session(), first, last, today=TODAY, zone=ZONE)


def by_day(rows: list[Alike]) -> dict[date, tuple[int, str]]:
    days: dict[date, list[Alike]] = {}
    for row in rows:
        days.setdefault(row.day, []).append(row)
    return {
        day: (sum(row.count for row in same), str(sum(row.amount for row in same)))
        for day, same in days.items()
    }


def test_a_payment_belongs_to_the_day_of_the_newsroom_on_which_it_was_paid(reader: int) -> None:
    for at in ("2026-12-01 23:59:59", "2026-12-02 00:00", "2026-12-02 23:59:59", "2026-12-03 00:00"):
        make_payment(reader, at)

    assert by_day(list(read().received)) == {
        date(2026, 12, 1): (1, "4.99"),
        date(2026, 12, 2): (2, "9.98"),
        TODAY: (1, "4.99"),
    }


def test_the_day_of_25_hours_has_all_of_them(reader: int) -> None:
    for at in (
        "2026-10-24 23:59",
        "2026-10-25 00:00",
        "2026-10-25 02:30",
        "2026-10-25 23:59",
        "2026-10-26 00:00",
    ):
        make_payment(reader, at)

    assert by_day(list(read(DST, DST).received)) == {DST: (3, "14.97")}


def test_only_what_was_paid_is_received(reader: int) -> None:
    make_payment(reader, "2026-12-01 10:00")
    for status in ("form", "fail", "timeout", "authorized", "imported", "prepaid"):
        make_payment(reader, "2026-12-01 10:00", status=status)

    assert by_day(list(read().received)) == {date(2026, 12, 1): (1, "4.99")}


def test_what_is_given_back_stands_at_the_day_on_which_it_was_paid(reader: int) -> None:
    make_payment(reader, "2026-11-10 10:00", amount="4.99", status="refund")
    make_payment(reader, "2026-11-10 11:00", amount="1.99", renewal=True)

    figures = read()

    assert by_day(list(figures.received)) == {date(2026, 11, 10): (2, "6.98")}
    assert [(row.mark, str(row.amount)) for row in figures.refunded] == [("first", "4.99")]


def test_a_refund_of_a_day_that_is_kept_shows_at_once(reader: int) -> None:
    payment_id = make_payment(reader, "2026-11-10 10:00")
    count_money_days()
    with transaction() as session:
        session.execute(update(Payment).where(Payment.id == payment_id).values(status="refund"))

    figures = read()

    assert (
        by_day(list(figures.received)) == by_day(list(figures.refunded)) == {date(2026, 11, 10): (1, "4.99")}
    )


def test_revenue_is_the_sum_of_the_paid_payments(reader: int) -> None:
    chance = Random(5)
    make_type("week", price="1.99", billkey="BB19", length=7)
    for _ in range(120):
        day = MONTH_AGO + timedelta(days=chance.randint(0, 29))
        make_payment(
            reader,
            f"{day} {chance.randint(0, 11):02}:{chance.randint(0, 59):02}",
            amount=chance.choice(["0.01", "1.99", "4.99", "33.33"]),
            status=chance.choice(["paid", "paid", "refund", "fail"]),
            renewal=chance.random() < 0.5,
            type_code=chance.choice(["month", "week"]),
        )
    paid = select(func.sum(Payment.amount)).where(Payment.status == "paid")

    live = read()
    count_money_days()
    kept = read()

    for figures in (live, kept):
        net = sum(row.amount for row in figures.received) - sum(row.amount for row in figures.refunded)
        assert net == current_session().execute(paid).scalar_one()
    assert (live.kept_until, kept.kept_until) == (None, TODAY - DAY)
    assert key(live.received) == key(kept.received)


def key(rows: object) -> Counter[object]:
    return Counter((row.day, row.mark, row.type_id, row.currency, row.count, row.amount) for row in rows)  # type: ignore[attr-defined]


# --- what ended


@pytest.mark.parametrize("state", ["user_stop", "admin_stop", "system_stop"])
def test_a_renewal_that_ends_counts_by_how(reader: int, state: str) -> None:
    make_renewal(reader, "2026-12-20 10:00", state=state, changed="2026-12-01 09:00")

    assert [(row.day, row.mark, row.count) for row in read().ended] == [(date(2026, 12, 1), state, 1)]


def test_one_that_goes_on_has_not_ended(reader: int) -> None:
    period = make_payment(reader, "2026-11-01 10:00")
    make_renewal(reader, "2026-12-01 10:00", state="system_stop", period=period)
    make_renewal(reader, "2026-12-02 10:00", state="active", period=period, attempt=1)
    make_renewal(make_person(), "2026-12-01 10:00", state="active")

    assert read().ended == []


def test_one_that_is_reactivated_has_not_ended_after_the_next_count(reader: int) -> None:
    row_id = make_renewal(reader, "2026-12-20 10:00", state="user_stop", changed="2026-12-01 09:00")
    count_money_days()
    assert len(read().ended) == 1
    with transaction() as session:
        session.execute(update(RecurrentPayment).where(RecurrentPayment.id == row_id).values(state="active"))

    count_money_days()

    assert read().ended == []


# --- what became of what was to be paid


def test_a_period_that_is_charged_at_once(reader: int) -> None:
    _try(reader, ("charged", None))

    assert fates() == [("", "charged", 0, 1, "4.99")]


def test_a_period_that_is_charged_by_a_later_try_keeps_why_the_first_failed(reader: int) -> None:
    _try(reader, ("charge_failed", "no_credit"), ("charge_failed", "technical"), ("charged", None))

    assert fates() == [("no_credit", "charged", 2, 1, "4.99")]


def test_a_period_that_is_still_tried(reader: int) -> None:
    _try(reader, ("charge_failed", "no_credit"), ("active", None))

    assert fates() == [("no_credit", "open", 0, 1, "0")]


def test_a_first_try_on_its_way_is_open(reader: int) -> None:
    _try(reader, ("pending", None))

    assert fates() == [("", "open", 0, 1, "0")]


def test_a_period_that_is_given_up(reader: int) -> None:
    _try(reader, ("charge_failed", "blocked"), ("system_stop", "blocked"))

    assert fates() == [("blocked", "given_up", 0, 1, "0")]


def test_a_period_whose_reader_stopped_between_tries(reader: int) -> None:
    _try(reader, ("charge_failed", "no_credit"), ("user_stop", None))

    assert fates() == [("no_credit", "stopped", 0, 1, "0")]


def test_what_was_stopped_before_it_was_tried_is_no_failed_charge(reader: int) -> None:
    _try(reader, ("user_stop", None))

    assert fates() == []


def test_what_is_not_due_yet_has_no_fate(reader: int) -> None:
    _try(reader, ("active", None))

    assert fates() == []


def test_one_whose_place_another_took_is_not_counted(reader: int) -> None:
    from crm.payments.chains import SUPERSEDED

    make_renewal(reader, "2026-12-01 10:00", state="system_stop", failure="ours", note=SUPERSEDED)

    assert fates() == []


def test_what_was_to_be_paid_counts_on_the_day_of_its_first_try(reader: int) -> None:
    period = make_payment(reader, "2026-10-01 10:00")
    make_renewal(reader, "2026-11-20 23:30", state="charge_failed", failure="no_credit", period=period)
    paid = make_payment(reader, "2026-11-25 10:00", renewal=True)
    make_renewal(reader, "2026-11-25 10:00", state="charged", period=period, attempt=1, payment_id=paid)

    assert [row.day for row in read().renewals] == [date(2026, 11, 20)]
    count_money_days()
    assert [(row.day, row.fate) for row in read().renewals] == [(date(2026, 11, 20), "charged")]


def _try(reader: int, *tries: tuple[str, str | None]) -> None:
    period = make_payment(reader, "2026-10-01 10:00")
    for attempt, (state, failure) in enumerate(tries):
        paid = state in ("charged", "pending")
        payment_id = make_payment(reader, "2026-12-01 10:00", renewal=True) if paid else None
        make_renewal(
            reader,
            f"2026-12-01 1{attempt}:00",
            state=state,
            failure=failure,
            period=period,
            attempt=attempt,
            payment_id=payment_id,
        )


def fates() -> list[tuple[str, str, int, int, str]]:
    return [(row.mark, row.fate, row.attempt, row.count, str(row.amount)) for row in read().renewals]


# --- the days that are kept


def test_days_out_of_sight_are_forgotten(reader: int, clock: Clock) -> None:
    make_payment(reader, "2026-11-10 10:00")
    count_money_days()
    clock.advance(timedelta(days=500))

    count_money_days()

    assert current_session().execute(select(func.count()).select_from(MoneyDay)).scalar_one() == 0


def test_counting_twice_keeps_the_same(reader: int) -> None:
    make_payment(reader, "2026-11-10 10:00")
    count_money_days()
    first = key(read().received)

    count_money_days()

    assert key(read().received) == first
    assert sum((row.amount for row in read().received), Decimal(0)) == Decimal("4.99")
