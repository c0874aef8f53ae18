"""A payment has an amount that can be paid, items that sum up to it, and a symbol of its own."""

from decimal import Decimal

import pytest
from flask import Flask
from sqlalchemy import func, select

from crm.core.business_settings import set_setting
from crm.core.db import transaction
from crm.payments.errors import InvalidPaymentError
from crm.payments.gateways import UnknownGatewayError, gateways
from crm.payments.making import NewPayment, check_amount, make_payments
from crm.payments.models import Payment, PaymentItem
from crm.subscriptions.models import SubscriptionType
from tests.factories.money import make_reader, make_type


@pytest.mark.parametrize(
    ("amount", "rule"),
    [
        ("0", "more than 0"),
        ("0.00", "more than 0"),
        ("-4.99", "more than 0"),
        ("NaN", "more than 0"),
        ("Infinity", "more than 0"),
        ("4.995", "at most two decimals"),
        ("1000.01", "at most 1000"),
        ("1E+9", "at most 1000"),
    ],
)
def test_an_amount_that_cannot_be_paid_is_refused_with_its_rule(amount: str, rule: str) -> None:
    with pytest.raises(InvalidPaymentError, match=rule):
        check_amount(Decimal(amount))


def test_payments_have_symbols_of_ten_digits_that_differ(app: Flask) -> None:
    symbols = [payment.variable_symbol for payment in make(50)]

    assert len(set(symbols)) == 50
    assert all(len(symbol) == 10 and symbol.isdigit() for symbol in symbols)


def test_a_symbol_that_is_taken_is_drawn_again(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    draws = iter([7, 7, 8])
    monkeypatch.setattr("crm.payments.making.secrets.randbelow", lambda _: next(draws))

    [first], [second] = make(1), make(1)

    assert (first.variable_symbol, second.variable_symbol) == ("0000000007", "0000000008")


def test_without_items_of_its_type_a_payment_is_one_item_with_the_vat_of_the_settings(app: Flask) -> None:
    with transaction() as session:
        set_setting(session, "vat_rate", "23")

    make(1)

    with transaction() as session:
        item = session.execute(select(PaymentItem)).scalar_one()
        assert (item.amount, item.amount_without_vat, item.vat) == (
            Decimal("4.99"),
            Decimal("4.06"),
            Decimal(23),
        )


def test_a_gateway_that_nobody_registered_is_refused(app: Flask) -> None:
    with pytest.raises(UnknownGatewayError, match="paypal"):
        gateways.get("paypal")


def make(count: int) -> list[Payment]:
    reader = make_reader()
    with transaction() as session:
        kind = session.execute(select(SubscriptionType)).scalars().first()
        known = kind.id if kind else None
    type_id = known or make_type()
    with transaction() as session:
        kind = session.get_one(SubscriptionType, type_id)
        wanted = NewPayment(user_id=reader, amount=kind.price, currency="EUR", type=kind)
        made = make_payments(session, gateways.get("mobiletech"), [wanted] * count)
        total = select(func.sum(PaymentItem.amount))
        payments = select(func.sum(Payment.amount))
        assert session.execute(total).scalar_one() == session.execute(payments).scalar_one()
        session.expunge_all()
    return made
