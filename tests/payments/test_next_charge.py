"""When the next charge is due, and of which type: there is always a moment, and never one too early."""

from datetime import UTC, datetime, timedelta

import pytest

from crm.payments.next_charge import Period, earliest_charge, find_charge_at, find_next_type_id, hours_before
from crm.subscriptions.models import SubscriptionType

PAID = datetime(2026, 11, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def month(**overrides: object) -> Period:
    values = {"paid_at": PAID, "length_days": 30, "start": PAID, "end": PAID + 30 * DAY} | overrides
    return Period(**values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("hours", "due"),
    [
        (0, 30 * DAY),
        (24, 29 * DAY),
        (6 * 24, 24 * DAY),
        (7 * 24, 24 * DAY),  # not before 0.8 of the period
        (-24, 31 * DAY),
    ],
)
def test_a_renewal_is_due_so_many_hours_before_the_end(hours: int, due: timedelta) -> None:
    assert find_charge_at(month(), hours) == PAID + due


def test_hours_that_would_end_before_the_period_begins_do_not_count() -> None:
    assert find_charge_at(month(), 31 * 24) == PAID + 30 * DAY


def test_without_a_subscription_the_length_of_the_type_counts() -> None:
    assert find_charge_at(month(start=None, end=None), 0) == PAID + 30 * DAY


def test_a_period_that_is_over_already_is_no_reason_never_to_charge_again() -> None:
    assert find_charge_at(month(end=PAID - DAY), 0) == earliest_charge(month())


def test_a_daily_subscription_can_be_charged_daily() -> None:
    day = month(length_days=1, end=PAID + DAY)

    assert find_charge_at(day, 0) == PAID + DAY
    assert earliest_charge(day) < PAID + DAY


@pytest.mark.parametrize(
    ("of_type", "setting", "hours"), [(None, "", 0), (None, "12", 12), (0, "12", 0), (-3, "", -3), (5, "", 5)]
)
def test_the_type_says_how_early_or_else_the_setting(of_type: int | None, setting: str, hours: int) -> None:
    assert hours_before(SubscriptionType(recurrent_charge_before=of_type), setting) == hours


@pytest.mark.parametrize(
    ("used", "trial", "moves_on"),
    [(1, 0, False), (2, 0, False), (1, 1, True), (3, 2, True), (3, 3, True), (1, 2, False), (2, 4, False)],
)
def test_the_next_type_follows_when_the_trial_is_used_up(used: int, trial: int, moves_on: bool) -> None:
    trial_type = SubscriptionType(id=1, next_subscription_type_id=2, trial_periods=trial)
    types = {1: trial_type, 2: SubscriptionType(id=2)}

    assert find_next_type_id(trial_type, used, types) == (2 if moves_on else 1)


def test_a_type_without_a_next_one_stays() -> None:
    kind = SubscriptionType(id=1)

    assert find_next_type_id(kind, 5, {1: kind}) == 1
