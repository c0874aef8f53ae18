"""Defects of the original's platform that touch the money, by number (behaviour.md 11.6: P01-P21)."""

from datetime import timedelta
from decimal import Decimal
from threading import Thread

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from crm.core.business_settings import set_setting
from crm.core.db import transaction
from crm.core.errors import InvalidInputError
from crm.payments import making
from crm.payments.charging_run import charge_due
from crm.payments.errors import InvalidPaymentError, NotActiveError
from crm.payments.gateways import gateways
from crm.payments.making import NewPayment, check_amount, make_payments
from crm.payments.methods import find_or_make_methods
from crm.payments.models import Payment, PaymentMethod, RecurrentPayment
from crm.payments.paying import Proof, pay
from crm.payments.retry_rules import MOST_GATEWAY_FAILS
from crm.payments.statuses import PAYMENT_MOVES, RECURRENT_MOVES, STOPS, PaymentStatus, RecurrentState
from crm.payments.stopping import get_renewal, reactivate, stop
from crm.subscriptions.models import SubscriptionType
from crm.users.accounts import create_user
from crm.users.phones import move_phone
from tests.conftest import Clock
from tests.factories.money import (
    MONTH,
    NUMBER,
    Bought,
    charge,
    list_payments,
    list_renewals,
    list_subscriptions,
    make_type,
    renewal_states,
    report,
    subscribe,
)
from tests.fakes import FakeGateway, rejected
from tests.outbox import run_all

HOUR = timedelta(hours=1)


@pytest.mark.parametrize("schedule", ["PT15M,PT6H,PT6H", "PT15M, PT6H, PT6H", " PT15M ,PT6H , PT6H"])
def test_p01_the_schedule_of_tries_is_read_with_and_without_spaces(
    gateway: FakeGateway, clock: Clock, schedule: str
) -> None:
    with transaction() as session:
        set_setting(session, "recurrent_payment_charges", schedule)
    subscribe()
    clock.advance(MONTH)

    report(charge(), "A5")

    failed, again = list_renewals()
    assert (failed.retries, again.retries) == (2, 1)
    assert timedelta(minutes=14) < again.charge_at - failed.charge_at < timedelta(minutes=16)


@pytest.mark.parametrize("schedule", ["PT15M,soon", "15 minutes", ","])
def test_p01_a_schedule_that_cannot_be_read_is_refused(app: Flask, schedule: str) -> None:
    with transaction() as session, pytest.raises(InvalidInputError):
        set_setting(session, "recurrent_payment_charges", schedule)


def test_p02_a_daily_subscription_is_charged_each_day(gateway: FakeGateway, clock: Clock) -> None:
    make_type("day", price="0.99", billkey="DD09", length=1)
    subscribe("day", billkey="DD09")

    for _ in range(3):
        clock.advance(timedelta(days=1, seconds=1))
        report(charge(), "A0")

    assert renewal_states() == ["charged"] * 3 + ["active"]
    assert len(list_subscriptions()) == 4


@pytest.mark.parametrize("state", [state for state in RecurrentState if state not in STOPS])
def test_p03_only_what_was_stopped_begins_again(
    gateway: FakeGateway, reader: Bought, state: RecurrentState
) -> None:
    report(charge(), "A0" if state is RecurrentState.CHARGED else "A5")
    with transaction() as session:
        later = RecurrentPayment.charge_at + MONTH
        session.execute(update(RecurrentPayment).values(charge_at=later))
    rows = {row.state: row.id for row in list_renewals()}
    if state not in rows:  # it was planned, and is on its way now
        with transaction() as session:
            row = session.get_one(RecurrentPayment, rows["active"])
            row.state, row.payment_id = state, None if state != "pending" else reader.payment_id
        rows[state] = rows["active"]

    with transaction() as session, pytest.raises(NotActiveError):
        reactivate(session, get_renewal(session, rows[state]), by_user=True)


@pytest.mark.parametrize("state", [*STOPS, RecurrentState.CHARGED, RecurrentState.CHARGE_FAILED])
def test_p04_what_is_over_cannot_be_stopped(
    gateway: FakeGateway, reader: Bought, state: RecurrentState
) -> None:
    row_id = list_renewals()[0].id
    with transaction() as session:
        session.execute(update(RecurrentPayment).values(state=state, payment_id=reader.payment_id))

    with transaction() as session, pytest.raises(NotActiveError):
        stop(session, [get_renewal(session, row_id)], by_user=False)


def test_p04_a_renewal_that_was_charged_becomes_nothing_else() -> None:
    assert RECURRENT_MOVES[RecurrentState.CHARGED] == frozenset()


def test_p05_a_token_belongs_to_the_gateway_that_gave_it(gateway: FakeGateway) -> None:
    one = subscribe(gateway="mobiletech_recurrent")
    other = subscribe(gateway="mobiletech", number="0908000002")

    with transaction() as session:
        found = session.execute(select(Payment).where(Payment.id.in_([one.payment_id, other.payment_id])))
        methods = find_or_make_methods(
            session, found.scalars().all(), {one.payment_id: "same", other.payment_id: "same"}
        )
        assert methods[one.payment_id].id != methods[other.payment_id].id
        assert methods[one.payment_id].payment_gateway_id != methods[other.payment_id].payment_gateway_id


def test_p06_a_variable_symbol_that_is_taken_is_drawn_again(
    gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscribe()
    taken = int(list_payments()[0].variable_symbol)
    drawn = iter([taken, taken, taken + 1])
    monkeypatch.setattr(making.secrets, "randbelow", lambda _: next(drawn))

    subscribe(number="0908000002")

    assert int(list_payments()[1].variable_symbol) == taken + 1


def test_p06_two_payments_never_have_one_variable_symbol(gateway: FakeGateway) -> None:
    subscribe()
    subscribe(number="0908000002")

    with pytest.raises(IntegrityError), transaction() as session:
        session.execute(update(Payment).values(variable_symbol="1"))


@pytest.mark.parametrize("amount", ["0", "0.00", "-1", "NaN", "Infinity", "0.005", "1000.01"])
def test_p07_an_amount_that_cannot_be_paid_is_refused(app: Flask, amount: str) -> None:
    with pytest.raises(InvalidPaymentError):
        check_amount(Decimal(amount))


def test_p07_a_payment_of_nothing_is_not_made(gateway: FakeGateway, reader: Bought) -> None:
    with transaction() as session, pytest.raises(InvalidPaymentError):
        kind = session.execute(select(SubscriptionType)).scalar_one()
        nothing = NewPayment(user_id=reader.user_id, amount=Decimal(0), currency="EUR", type=kind)
        make_payments(session, gateways.get("mobiletech"), [nothing])


def test_p08_failures_of_ours_are_tried_for_a_day_and_then_given_up(
    gateway: FakeGateway, reader: Bought, clock: Clock
) -> None:
    for _ in range(MOST_GATEWAY_FAILS + 3):
        gateway.will(rejected())
        charge()
        clock.advance(HOUR + timedelta(seconds=1))

    assert renewal_states() == ["charge_failed"] * (MOST_GATEWAY_FAILS - 1) + ["system_stop"]


def test_p14_runs_at_once_charge_each_renewal_once(app: Flask, gateway: FakeGateway, reader: Bought) -> None:
    def run() -> None:
        with app.app_context():
            charge_due()

    threads = [Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    run_all()

    assert renewal_states() == ["pending"]
    assert len(gateway.sent) == 2


@pytest.mark.parametrize("hours", ["0", "24", "720", "100000"])
@pytest.mark.parametrize("no_subscription", [False, True])
def test_p15_every_paid_payment_plans_the_next_charge(
    gateway: FakeGateway, hours: str, no_subscription: bool
) -> None:
    with transaction() as session:
        set_setting(session, "recurrent_charge_before", hours)
        session.execute(update(SubscriptionType).values(no_subscription=no_subscription))

    subscribe()

    [row] = list_renewals()
    [payment] = list_payments()
    assert payment.paid_at is not None
    assert row.charge_at >= payment.paid_at + 0.8 * MONTH


def test_p16_a_number_that_gets_another_owner_is_not_charged_for_the_former_one(
    app: Flask, gateway: FakeGateway, reader: Bought
) -> None:
    with transaction() as session:
        move_phone(session, NUMBER, create_user(session, email="heir@example.com").id)

    charge_due()

    [row] = list_renewals()
    with transaction() as session:
        assert session.get_one(PaymentMethod, row.payment_method_id).user_id == row.user_id
    assert (row.state, row.status, row.user_id) == ("active", "no_number", reader.user_id)


@pytest.mark.parametrize("amount", ["2.99", "0.10", "4.35", "19.99"])
def test_p20_an_amount_of_its_own_is_kept_to_the_cent(
    gateway: FakeGateway, reader: Bought, amount: str
) -> None:
    with transaction() as session:
        session.execute(update(RecurrentPayment).values(custom_amount=Decimal(amount)))

    assert list_renewals()[0].custom_amount == Decimal(amount)


def test_p21_a_payment_that_was_paid_is_paid_or_given_back() -> None:
    assert PAYMENT_MOVES[PaymentStatus.PAID] == {PaymentStatus.REFUND}
    assert PAYMENT_MOVES[PaymentStatus.REFUND] == frozenset()


def test_p21_a_refund_stays_one_whatever_is_reported(gateway: FakeGateway, reader: Bought) -> None:
    with transaction() as session:
        session.execute(update(Payment).values(status="refund"))

    with transaction() as session:
        assert pay(session, [Proof(payment_id=reader.payment_id, code="A0")]) == []

    assert [payment.status for payment in list_payments()] == ["refund"]


def test_p14_a_run_that_is_repeated_at_once_charges_nothing_more(
    gateway: FakeGateway, reader: Bought
) -> None:
    assert (charge_due().begun, charge_due().begun) == (1, 0)
