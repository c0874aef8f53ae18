"""Payments, renewals and subscriptions as they stand after some time, written by hand at the times that a test says."""

from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from sqlalchemy import select

from crm.core.db import current_session, transaction
from crm.payments.gateways import gateway_id
from crm.payments.models import Payment, PaymentMethod, RecurrentPayment
from crm.subscriptions.models import Subscription, SubscriptionType
from crm.users.accounts import create_user
from tests.factories.moments import on_the_wall

_symbols = count(1)
RECURRENT = "mobiletech_recurrent"


def make_person(number: str | None = None, **values: Any) -> int:
    """Add a reader and return the id."""
    with transaction() as session:
        person = create_user(session, phone=number or f"0908{next(_symbols) % 10**6:06}")
        for name, value in values.items():
            setattr(person, name, value)
        session.flush()
        return person.id


def make_payment(
    user_id: int,
    paid: str | None = None,
    *,
    amount: str = "4.99",
    status: str = "paid",
    renewal: bool = False,
    type_code: str = "month",
    gateway: str = RECURRENT,
    **values: Any,
) -> int:
    """Add a payment, paid at that time on the wall, and return its id."""
    at = on_the_wall(paid) if paid else None
    with transaction() as session:
        times = {"paid_at": at, "created_at": at} if at else {}
        row = Payment(
            variable_symbol=f"{next(_symbols):010}",
            amount=Decimal(amount),
            payment_gateway_id=gateway_id(session, gateway),
            subscription_type_id=find_type_id(type_code),
            user_id=user_id,
            status=status,
            recurrent_charge=renewal,
            **times | values,
        )
        session.add(row)
        session.flush()
        return row.id


def make_renewal(
    user_id: int,
    charge: str,
    *,
    state: str = "active",
    period: int | None = None,
    parent: int | None = None,
    type_code: str = "month",
    changed: str | None = None,
    retries: int = 4,
    **values: Any,
) -> int:
    """Add a row of a reader's chain, due at that time on the wall, and return its id.

    `period` is the payment whose period ends; without it one is made.
    """
    period = period or make_payment(user_id, charge, type_code=type_code)
    with transaction() as session:
        way = gateway_id(session, RECURRENT)
        method = session.execute(
            select(PaymentMethod).where(PaymentMethod.user_id == user_id)
        ).scalar_one_or_none()
        if method is None:
            method = PaymentMethod(user_id=user_id, payment_gateway_id=way, external_token=f"mo-{user_id}")
            session.add(method)
            session.flush()
        row = RecurrentPayment(
            cid=method.external_token,
            payment_method_id=method.id,
            payment_gateway_id=way,
            user_id=user_id,
            subscription_type_id=find_type_id(type_code),
            parent_payment_id=parent or period,
            period_payment_id=period,
            charge_at=on_the_wall(charge),
            state=state,
            retries=retries,
            updated_at=on_the_wall(changed or charge),
            **values,
        )
        session.add(row)
        session.flush()
        return row.id


def make_period(user_id: int, start: str, days: int = 30, *, type_code: str = "month", **values: Any) -> int:
    """Add a subscription that begins at that time on the wall, and return its id."""
    begins: datetime = on_the_wall(start)
    with transaction() as session:
        row = Subscription(
            user_id=user_id,
            subscription_type_id=find_type_id(type_code),
            start_time=begins,
            end_time=begins + timedelta(days=days),
            length=days,
            **{"is_recurrent": True, "is_paid": True, "internal_status": "active", "created_at": begins}
            | values,
        )
        session.add(row)
        session.flush()
        return row.id


def find_type_id(code: str) -> int:
    """Return the id of a type."""
    with_code = select(SubscriptionType.id).where(SubscriptionType.code == code)
    return current_session().execute(with_code).scalar_one()
