"""A reader orders, the answer is billed: paid, one subscription, one renewal; once, whatever the reports' order."""

from datetime import timedelta
from decimal import Decimal

import pytest
from flask import Flask
from sqlalchemy import select

from crm.audit import run_audit
from crm.core.db import transaction
from crm.payments.gateways import gateways
from crm.payments.making import NewPayment, begin
from crm.subscriptions.models import SubscriptionType
from tests.conftest import Clock
from tests.factories.money import (
    MONTH,
    buy,
    get_payment,
    list_renewals,
    list_subscriptions,
    make_billkey,
    make_type,
    messages_of,
    report,
    set_up_sale,
    subscribe,
)
from tests.fakes import FakeGateway, ambiguous, rejected
from tests.outbox import run_all


@pytest.fixture(autouse=True)
def _sale(app: Flask) -> None:
    set_up_sale()
    make_type()


def test_a_billed_answer_is_a_payment_a_subscription_and_a_renewal(gateway: FakeGateway) -> None:
    bought = subscribe()

    payment = get_payment(bought.payment_id)
    [subscription], [renewal] = list_subscriptions(), list_renewals()
    assert (payment.status, payment.amount, payment.subscription_id) == (
        "paid",
        Decimal("4.99"),
        subscription.id,
    )
    assert subscription.end_time - subscription.start_time == MONTH
    assert (subscription.start_time, subscription.is_recurrent) == (payment.paid_at, True)
    assert (renewal.state, renewal.charge_at, renewal.retries) == ("active", subscription.end_time, 4)
    assert (renewal.parent_payment_id, renewal.cid) == (payment.id, messages_of(payment.id)[0].rcv_msg_id)
    assert gateway.sent[0].content == "Mesacne predlzene, 4,99 EUR/mesiac. Zrusit: STOP na 8877"
    with transaction() as session:
        assert run_audit(session) == []


@pytest.mark.parametrize(
    "codes", [("A0", "D1"), ("D1", "A0"), ("A0", "A0"), ("D1", "D0", "A5"), ("A0", "D5", "A0")], ids=str
)
def test_a_success_counts_once_whatever_is_reported_beside_it(
    gateway: FakeGateway, codes: tuple[str, ...]
) -> None:
    bought = buy()

    for code in codes:
        report(bought.payment_id, code)

    assert get_payment(bought.payment_id).status == "paid"
    assert len(list_subscriptions()) == 1
    assert [row.state for row in list_renewals()] == ["active"]


def test_a_first_payment_that_fails_starts_nothing_and_is_not_tried_again(gateway: FakeGateway) -> None:
    bought = buy()

    report(bought.payment_id, "A5")

    payment = get_payment(bought.payment_id)
    assert (payment.status, payment.failure) == ("fail", "technical")
    assert (list_subscriptions(), list_renewals()) == ([], [])


def test_a_success_after_a_failure_pays_after_all(gateway: FakeGateway) -> None:
    bought = buy()
    report(bought.payment_id, "D0")

    report(bought.payment_id, "A0")

    assert get_payment(bought.payment_id).status == "paid"
    assert [row.state for row in list_renewals()] == ["active"]


def test_the_gateway_that_charges_once_plans_no_renewal(gateway: FakeGateway) -> None:
    subscribe(gateway="mobiletech")

    assert len(list_subscriptions()) == 1
    assert list_renewals() == []


def test_a_second_order_of_the_same_sms_is_the_first_payment(gateway: FakeGateway) -> None:
    bought = buy(run=False)
    with transaction() as session:
        kind = session.execute(select(SubscriptionType)).scalar_one()
        again, refusal = begin(
            session,
            gateways.get("mobiletech_recurrent"),
            NewPayment(
                user_id=bought.user_id,
                amount=kind.price,
                currency="EUR",
                type=kind,
                key=f"order:{bought.inbound_id}",
            ),
        )
        assert (again.id, refusal) == (bought.payment_id, None)
    run_all()

    assert len(gateway.sent) == 1


def test_a_key_of_another_price_charges_nobody_and_says_why(gateway: FakeGateway) -> None:
    make_billkey("BB19", "1.99")

    bought = buy(billkey="BB19")

    payment = get_payment(bought.payment_id)
    assert (payment.status, payment.failure) == ("fail", "ours")
    assert payment.error_message == ("The billing key BB19 charges 1.99 EUR, and the payment is of 4.99 EUR.")
    assert gateway.sent == []


def test_a_refused_sms_fails_the_payment(gateway: FakeGateway) -> None:
    gateway.will(rejected("unknown key"))

    bought = buy()

    payment = get_payment(bought.payment_id)
    assert (payment.status, payment.failure, payment.error_message) == ("fail", "ours", "unknown key")


def test_an_sms_of_unknown_outcome_leaves_the_payment_open(gateway: FakeGateway, clock: Clock) -> None:
    gateway.will(ambiguous())
    bought = buy()

    clock.advance(timedelta(days=2))
    run_all()

    assert get_payment(bought.payment_id).status == "form"


def test_a_payment_above_the_cap_is_not_made(gateway: FakeGateway) -> None:
    make_type("gold", price="60.00", billkey="GG60")

    bought = buy("gold", billkey="GG60")

    payment = get_payment(bought.payment_id)
    assert (payment.status, payment.failure) == ("fail", "limit")
    assert gateway.sent == []
