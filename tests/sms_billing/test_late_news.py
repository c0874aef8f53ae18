"""What is told late, twice or in between: nobody pays for a time that is paid, and a STOP keeps its word."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import update

from crm.core.db import transaction
from crm.mobiletech.status_reports import record_status
from crm.mobiletech.wire.commands import Status
from crm.payments.charging_run import charge_due
from crm.payments.lanes import take_lanes
from crm.payments.late_stops import stop_payments
from crm.payments.models import RecurrentPayment
from crm.payments.stopping import get_renewal, list_open, reactivate, stop
from crm.sms_billing.turns import look_for_timeouts
from tests.conftest import Clock
from tests.factories.money import (
    MONTH,
    Bought,
    buy,
    charge,
    get_payment,
    list_renewals,
    list_subscriptions,
    make_inbound,
    make_type,
    messages_of,
    renewal_states,
    report,
    set_up_sale,
    subscribe,
)
from tests.fakes import FakeGateway
from tests.outbox import run_all

RETRY = timedelta(hours=6, minutes=1)


@pytest.fixture(autouse=True)
def _sale(app: Flask) -> None:
    set_up_sale(mobiletech_max_paid_per_day="0")
    make_type()


@pytest.fixture
def reader(gateway: FakeGateway, clock: Clock) -> Bought:
    """Return a reader whose renewal is due."""
    bought = subscribe()
    clock.advance(MONTH)
    return bought


def stop_everything(user_id: int) -> None:
    with transaction() as session:
        take_lanes(session, [user_id])
        stop(session, list_open(session, user_id), by_user=True)
        stop_payments(session, user_id, by_user=True)


def test_after_two_late_successes_the_next_charge_follows_the_later_period(
    gateway: FakeGateway, reader: Bought, clock: Clock
) -> None:
    first = charge()
    report(first, "D0")
    clock.advance(RETRY)
    second = charge()
    report(second, "D0")
    clock.advance(RETRY)
    third = charge()
    report(first, "A0")
    report(second, "A0")

    report(third, "A5")

    assert renewal_states() == ["charged", "charged", "charge_failed", "active"]
    assert list_renewals()[-1].charge_at == list_subscriptions()[-1].end_time


def test_three_that_turn_out_billed_are_three_periods_one_after_the_other(
    gateway: FakeGateway, reader: Bought, clock: Clock
) -> None:
    tried = []
    for _ in range(3):
        tried.append(charge())
        report(tried[-1], "D0")
        clock.advance(RETRY)

    for payment_id in tried:
        report(payment_id, "A0")

    _, *periods = list_subscriptions()
    assert [each.start_time for each in periods[1:]] == [each.end_time for each in periods[:-1]]
    assert len(periods) == 3


def test_a_renewal_that_fails_after_an_older_one_was_paid_late_is_not_tried_again(
    gateway: FakeGateway, reader: Bought, clock: Clock
) -> None:
    first = charge()
    report(first, "D0")
    clock.advance(RETRY)
    report(charge(), "A0")
    clock.advance(MONTH)
    following = charge()
    report(first, "A0")

    report(following, "A5")

    assert list_renewals()[-1].charge_at == list_subscriptions()[-1].end_time
    assert list_renewals()[-1].attempt == 0


def test_the_spacing_guard_counts_from_the_last_payment_of_all(
    gateway: FakeGateway, reader: Bought, clock: Clock
) -> None:
    report(charge(), "A0")
    with transaction() as session:
        session.execute(
            update(RecurrentPayment)
            .where(RecurrentPayment.state == "active")
            .values(period_payment_id=reader.payment_id, charge_at=RecurrentPayment.created_at)
        )

    charge_due()
    run_all()

    assert renewal_states() == ["charged", "active"]


def test_what_a_ported_number_missed_is_not_sent_again_for_a_payment_that_failed(
    gateway: FakeGateway, clock: Clock
) -> None:
    bought = buy()
    clock.advance(timedelta(hours=11))
    look_for_timeouts()
    run_all()
    make_inbound(operator_type="T")

    report(bought.payment_id, "_OPERATOR_CHANGE")

    assert [message.state for message in messages_of(bought.payment_id)] == ["accepted", "cancelled"]
    assert len(gateway.sent) == 1


def test_what_a_ported_number_missed_is_not_sent_again_after_a_stop(
    gateway: FakeGateway, reader: Bought
) -> None:
    payment_id = charge()
    stop_everything(reader.user_id)
    make_inbound(operator_type="T")

    report(payment_id, "_OPERATOR_CHANGE")

    assert len(gateway.sent) == 2
    assert renewal_states() == ["charge_failed", "user_stop"]


def test_a_first_payment_billed_after_all_leaves_its_copy_unsent(gateway: FakeGateway, clock: Clock) -> None:
    bought = buy()
    report(bought.payment_id, "_OPERATOR_CHANGE")

    original = str(messages_of(bought.payment_id)[0].mobiletech_id)
    with transaction() as session:
        record_status(session, Status(id=original, status="A0"), None)
    run_all()

    assert get_payment(bought.payment_id).status == "paid"
    assert [message.state for message in messages_of(bought.payment_id)] == ["accepted", "cancelled"]


def test_a_copy_that_is_ported_once_more_fails_and_does_not_hang(
    gateway: FakeGateway, reader: Bought, clock: Clock
) -> None:
    payment_id = charge()
    clock.advance(timedelta(minutes=1))
    make_inbound(operator_type="T")
    report(payment_id, "_OPERATOR_CHANGE")

    report(payment_id, "_OPERATOR_CHANGE")

    assert (get_payment(payment_id).status, get_payment(payment_id).failure) == ("fail", "ported")
    assert renewal_states() == ["charge_failed", "active"]


def test_a_timeout_told_before_the_clock_went_back_is_told_again(
    gateway: FakeGateway, reader: Bought, clock: Clock
) -> None:
    payment_id = charge()
    clock.advance(timedelta(minutes=601))
    look_for_timeouts()
    clock.advance(timedelta(minutes=-10))
    run_all()
    assert get_payment(payment_id).status == "form"

    clock.advance(timedelta(hours=2))
    look_for_timeouts()
    run_all()

    assert get_payment(payment_id).status == "fail"


def test_a_report_that_is_there_is_read_before_the_next_sms_of_the_number_leaves(
    gateway: FakeGateway, reader: Bought, clock: Clock
) -> None:
    payment_id = charge()
    report(payment_id, "D0")
    clock.advance(timedelta(minutes=15))
    charge_due()

    report(payment_id, "A0")
    clock.advance(timedelta(seconds=2))
    run_all()

    assert renewal_states() == ["charged", "system_stop", "active"]
    assert len(gateway.sent) == 2


def test_a_first_payment_stopped_before_it_left_is_called_back(gateway: FakeGateway) -> None:
    bought = buy(run=False)

    stop_everything(bought.user_id)
    run_all()

    assert (get_payment(bought.payment_id).status, get_payment(bought.payment_id).failure) == (
        "fail",
        "person",
    )
    assert gateway.sent == []


def test_a_first_payment_billed_after_a_stop_is_not_renewed(gateway: FakeGateway) -> None:
    bought = buy()
    stop_everything(bought.user_id)

    report(bought.payment_id, "A0")

    assert get_payment(bought.payment_id).status == "paid"
    assert renewal_states() == ["user_stop"]


def test_two_orders_are_two_periods_though_the_clock_went_back_between(
    gateway: FakeGateway, clock: Clock
) -> None:
    first = subscribe()
    stop_everything(first.user_id)
    clock.advance(timedelta(minutes=-10))

    subscribe()

    one, other = list_subscriptions()
    assert other.start_time == one.end_time


def test_an_order_billed_after_the_next_one_is_not_renewed_beside_it(gateway: FakeGateway) -> None:
    failed = buy()
    report(failed.payment_id, "A5")
    subscribe()

    report(failed.payment_id, "A0")

    assert [(row.parent_payment_id, row.state) for row in list_renewals()] == [
        (failed.payment_id + 1, "active"),
        (failed.payment_id, "system_stop"),
    ]


def test_a_given_up_renewal_billed_after_a_stop_is_not_renewed(
    gateway: FakeGateway, reader: Bought, clock: Clock
) -> None:
    for _ in range(5):
        payment_id = charge()
        report(payment_id, "A5")
        clock.advance(RETRY)
    assert renewal_states()[-1] == "system_stop"
    stop_everything(reader.user_id)

    report(payment_id, "A0")

    assert renewal_states()[-2:] == ["charged", "user_stop"]


def test_who_goes_on_after_a_stop_is_renewed_whatever_is_billed_late(
    gateway: FakeGateway, reader: Bought, clock: Clock
) -> None:
    payment_id = charge()
    report(payment_id, "D0")
    stop_everything(reader.user_id)
    stopped = list_renewals()[-1].id
    with transaction() as session:
        reactivate(session, get_renewal(session, stopped), by_user=True)

    report(payment_id, "A0")

    assert renewal_states() == ["charged", "system_stop", "active"]


@pytest.mark.parametrize("code", ["A0", "A5"])
def test_a_paused_charge_stays_paused_whatever_comes_of_it(
    gateway: FakeGateway, reader: Bought, code: str
) -> None:
    payment_id = charge()
    with transaction() as session:
        session.execute(
            update(RecurrentPayment).values(paused_at=RecurrentPayment.created_at, pause_reason="near STOP")
        )

    report(payment_id, code)

    assert list_renewals()[-1].state == "active"
    assert list_renewals()[-1].pause_reason == "near STOP"
