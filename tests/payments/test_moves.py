"""What a person may do to a payment is what the table has, and only while it is true; every refusal says its rule."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from crm.core.clock import db_now
from crm.core.db import transaction
from crm.payments.charging_run import charge_due
from crm.payments.errors import PaymentNotFoundError, RefusedMoveError
from crm.payments.models import Payment
from crm.payments.moves import MAY_BE_BILLED, NOT_OPEN, NOT_PAID, Refunded, call_off, refund
from crm.payments.statuses import PAYMENT_MOVES, PaymentStatus
from crm.payments.stopping import get_renewal, reactivate_after_system_stop
from crm.users.audit_log import Actor, acting, list_acts_on
from tests.conftest import Clock
from tests.factories.money import (
    MONTH,
    buy,
    get_payment,
    list_payments,
    list_renewals,
    list_subscriptions,
    make_type,
    messages_of,
    report,
    set_up_sale,
    subscribe,
)
from tests.fakes import FakeGateway, ambiguous
from tests.outbox import run_all

BORIS = Actor(name="Boris")


@pytest.fixture(autouse=True)
def _sale(app: Flask, gateway: FakeGateway, clock: Clock) -> None:
    set_up_sale()
    make_type()


def give_back(payment_id: int, *, ends: bool = False) -> Refunded:
    with acting(BORIS), transaction() as session:
        return refund(session, payment_id, ends_subscription=ends, reason="charged by mistake")


def call(payment_id: int) -> None:
    with acting(BORIS), transaction() as session:
        call_off(session, payment_id, reason="the reader phoned")


def acts_on(subject: str) -> list[str]:
    with transaction() as session:
        return [entry.action for entry in list_acts_on(session, subject)]


def test_what_was_paid_is_given_back_and_nothing_more_is_charged(gateway: FakeGateway, clock: Clock) -> None:
    bought = subscribe()

    done = give_back(bought.payment_id)
    clock.advance(MONTH * 2)
    charge_due()
    run_all()

    assert get_payment(bought.payment_id).status == "refund"
    assert (done.is_subscription_ended, done.may_still_be_billed) == (False, False)
    [row] = list_renewals()
    assert (row.state, row.note) == (
        "system_stop",
        f"Payment {bought.payment_id} was given back: charged by mistake",
    )
    assert len(gateway.sent) == 1
    assert acts_on(f"payment {bought.payment_id}") == ["payment.refund"]
    assert acts_on(f"recurrent_payment {row.id}") == ["renewal.stop"]


def test_the_subscription_stays_or_ends_as_it_is_asked_for(clock: Clock) -> None:
    stays, ends = subscribe(number="0908000001"), subscribe(number="0908000002")
    clock.advance(timedelta(days=3))

    give_back(stays.payment_id)
    assert give_back(ends.payment_id, ends=True).is_subscription_ended

    first, second = list_subscriptions()
    with transaction() as session:
        now = session.execute(select(db_now())).scalar_one()
    assert first.end_time > now
    assert second.end_time <= now
    assert (second.internal_status, second.note) == ("after_end", "charged by mistake")


def test_an_older_payment_leaves_the_renewal_of_the_newer_one_alone(clock: Clock) -> None:
    bought = subscribe()
    clock.advance(MONTH)
    charge_due()
    run_all()
    report(list_payments()[-1].id, "A0")

    done = give_back(bought.payment_id)

    assert done.stopped is None
    assert [row.state for row in list_renewals()] == ["charged", "active"]


def test_a_charge_on_its_way_keeps_its_course_and_is_the_last(gateway: FakeGateway, clock: Clock) -> None:
    bought = subscribe()
    clock.advance(MONTH)
    charge_due()
    run_all()

    done = give_back(bought.payment_id)
    report(list_payments()[-1].id, "A0")
    clock.advance(MONTH * 2)
    charge_due()
    run_all()

    assert done.may_still_be_billed
    assert [row.state for row in list_renewals()] == ["charged", "admin_stop"]
    assert len(gateway.sent) == 2


def test_a_charge_that_has_not_left_is_called_back_by_a_refund(gateway: FakeGateway, clock: Clock) -> None:
    bought = subscribe()
    clock.advance(MONTH)
    charge_due()

    done = give_back(bought.payment_id)
    run_all()

    assert not done.may_still_be_billed
    assert [row.state for row in list_renewals()] == ["system_stop"]
    assert len(gateway.sent) == 1


def test_a_renewal_that_follows_an_ended_subscription_moves_with_it(clock: Clock) -> None:
    make_type("club", short_name="Klub")
    first = subscribe()
    second = subscribe("club")
    planned = list_renewals()[-1].charge_at

    give_back(first.payment_id, ends=True)

    later = list_renewals()[-1]
    assert later.state == "active"
    assert timedelta(days=29) < planned - later.charge_at <= timedelta(days=30)
    paid_at = get_payment(second.payment_id).paid_at
    assert paid_at is not None
    assert later.charge_at >= paid_at + 0.8 * MONTH


def test_a_refunded_reader_can_be_charged_again_only_by_a_person(clock: Clock) -> None:
    bought = subscribe()
    give_back(bought.payment_id)
    [row] = list_renewals()

    with transaction() as session:
        reactivate_after_system_stop(session, get_renewal(session, row.id), reason="it was meant")

    assert [row.state for row in list_renewals()] == ["system_stop", "active"]


@pytest.mark.parametrize("status", PaymentStatus)
def test_only_what_the_table_has_is_given_back(status: PaymentStatus) -> None:
    bought = subscribe()
    with transaction() as session:
        session.execute(update(Payment).values(status=status))

    if PaymentStatus.REFUND in PAYMENT_MOVES[status]:
        give_back(bought.payment_id)
    else:
        with pytest.raises(RefusedMoveError) as refused:
            give_back(bought.payment_id)
        assert refused.value.message == NOT_PAID[status]
        assert get_payment(bought.payment_id).status == status
        assert acts_on(f"payment {bought.payment_id}") == []


def test_an_open_payment_is_called_off_before_its_sms_leaves(gateway: FakeGateway) -> None:
    bought = buy(run=False)

    call(bought.payment_id)
    run_all()

    payment = get_payment(bought.payment_id)
    assert (payment.status, payment.failure) == ("fail", "person")
    assert payment.error_message == "Called off by a person: the reader phoned"
    assert [message.state for message in messages_of(bought.payment_id)] == ["cancelled"]
    assert gateway.sent == []
    assert acts_on(f"payment {bought.payment_id}") == ["payment.call_off"]


def test_a_renewal_that_was_called_off_is_tried_again_in_a_day(clock: Clock) -> None:
    subscribe()
    clock.advance(MONTH)
    charge_due()

    call(list_payments()[-1].id)
    run_all()

    tried, again = list_renewals()
    assert (tried.state, tried.failure, again.state) == ("charge_failed", "person", "active")
    assert again.charge_at - tried.charge_at >= timedelta(days=1)


def test_what_may_still_be_billed_is_not_called_off(gateway: FakeGateway) -> None:
    sent = buy(number="0908000001")
    gateway.will(ambiguous())
    unknown = buy(number="0908000002")

    for bought in (sent, unknown):
        with pytest.raises(RefusedMoveError) as refused:
            call(bought.payment_id)
        assert refused.value.message == MAY_BE_BILLED
        assert get_payment(bought.payment_id).status == "form"


def test_a_decided_payment_is_not_called_off() -> None:
    bought = subscribe()

    with pytest.raises(RefusedMoveError) as refused:
        call(bought.payment_id)

    assert refused.value.message == NOT_OPEN


def test_a_payment_that_is_not_there_is_said_so() -> None:
    with pytest.raises(PaymentNotFoundError):
        give_back(10**9)
    with pytest.raises(PaymentNotFoundError):
        call(10**9)
