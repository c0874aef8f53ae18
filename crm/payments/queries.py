"""Read payments and renewals."""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core.clock import db_now
from crm.payments.errors import PaymentNotFoundError
from crm.payments.models import Payment, RecurrentPayment
from crm.payments.statuses import RecurrentState


def get_payment(session: Session, payment_id: int) -> Payment:
    """Return the payment. Raises: PaymentNotFoundError."""
    payment = session.get(Payment, payment_id)
    if payment is None:
        raise PaymentNotFoundError(payment_id)
    return payment


def read_payments_of(session: Session, subscription_ids: Collection[int]) -> Mapping[int, Payment]:
    """Return the payments of subscriptions, by the subscription's id; one that was given has none."""
    found = session.execute(select(Payment).where(Payment.subscription_id.in_(subscription_ids))).scalars()
    return {payment.subscription_id or 0: payment for payment in found}


def list_due_ids(session: Session, *, ids: Collection[int] | None, limit: int) -> Sequence[int]:
    """Return the renewals that are due, the longest first."""
    due = select(RecurrentPayment.id).where(
        RecurrentPayment.state == RecurrentState.ACTIVE,
        RecurrentPayment.charge_at <= db_now(),
        RecurrentPayment.paused_at.is_(None),
    )
    if ids is not None:
        due = due.where(RecurrentPayment.id.in_(ids))
    order = (RecurrentPayment.charge_at, RecurrentPayment.id)
    return session.execute(due.order_by(*order).limit(limit)).scalars().all()
