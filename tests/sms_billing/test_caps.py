"""A number is charged no more in 31 days than the settings allow: what would be above is not made, and says why."""

from datetime import timedelta

import pytest
from flask import Flask

from crm.core.business_settings import set_setting
from crm.core.db import transaction
from crm.payments.charging_run import charge_due
from tests.conftest import Clock
from tests.factories.money import (
    MONTH,
    buy,
    charge,
    get_payment,
    list_payments,
    list_renewals,
    make_type,
    report,
    set_up_sale,
    subscribe,
)
from tests.fakes import FakeGateway
from tests.outbox import run_all


@pytest.fixture(autouse=True)
def _sale(app: Flask) -> None:
    set_up_sale(mobiletech_max_amount_per_month="9.98")
    make_type()


def test_a_first_payment_that_would_pass_the_cap_of_a_month_is_not_made(gateway: FakeGateway) -> None:
    subscribe()
    subscribe()

    third = buy()

    payment = get_payment(third.payment_id)
    assert (payment.status, payment.failure) == ("fail", "limit")
    assert payment.error_message is not None and "14.97" in payment.error_message
    assert len(gateway.sent) == 2


def test_a_renewal_that_would_pass_the_cap_waits_a_week_and_says_why(
    gateway: FakeGateway, clock: Clock
) -> None:
    subscribe()
    clock.advance(MONTH)
    with transaction() as session:
        set_setting(session, "mobiletech_max_amount_per_month", "9.97")

    charge_due()
    run_all()

    [row] = list_renewals()
    assert (row.state, row.status, row.failure) == ("active", "cap_month", "limit")
    assert len(list_payments()) == 1
    clock.advance(timedelta(days=7))
    report(charge(), "A0")
    assert [row.state for row in list_renewals()] == ["charged", "active"]


def test_what_was_not_billed_does_not_count(gateway: FakeGateway) -> None:
    for _ in range(3):
        report(buy().payment_id, "A5")

    assert get_payment(subscribe().payment_id).status == "paid"


def test_what_is_on_its_way_counts_for_the_next_one(gateway: FakeGateway) -> None:
    buy()
    buy()

    assert get_payment(buy().payment_id).failure == "limit"


def test_another_number_has_a_cap_of_its_own(gateway: FakeGateway) -> None:
    subscribe()
    subscribe()

    assert get_payment(subscribe(number="0908000002").payment_id).status == "paid"
