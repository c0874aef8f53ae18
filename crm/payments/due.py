"""What a due renewal is charged: its type now, its amount, its token."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.payments.gateways import Charge
from crm.payments.models import Payment, PaymentMethod, RecurrentPayment
from crm.payments.next_charge import Period, earliest_charge, find_next_type_id
from crm.payments.statuses import RecurrentState
from crm.subscriptions.models import Subscription, SubscriptionType


@dataclass(frozen=True, slots=True)
class Due:
    """A renewal that is due: the charge, and before when it must not be made (the spacing guard)."""

    charge: Charge
    earliest: datetime


def read_due(
    session: Session, rows: Sequence[RecurrentPayment], types: Mapping[int, SubscriptionType]
) -> list[Due]:
    """Return the charges of rows, in their order, in a handful of statements."""
    used = _periods_used(session, rows, types)
    periods = _periods(session, rows, types)
    last_paid = _last_paid(session, rows)
    tokens = dict(
        session.execute(
            select(PaymentMethod.id, PaymentMethod.external_token).where(
                PaymentMethod.id.in_({row.payment_method_id for row in rows})
            )
        ).all()
    )
    return [
        Due(
            _charge(row, types, used, tokens[row.payment_method_id]),
            earliest_charge(
                _since_last(periods[row.period_payment_id], last_paid.get(row.payment_method_id))
            ),
        )
        for row in rows
    ]


def _charge(
    row: RecurrentPayment,
    types: Mapping[int, SubscriptionType],
    used: Mapping[tuple[int, int], int],
    token: str,
) -> Charge:
    wanted = types[row.next_subscription_type_id or row.subscription_type_id]
    kind = types[find_next_type_id(wanted, used.get((row.payment_method_id, wanted.id), 0), types)]
    own = row.custom_amount if kind.id == row.subscription_type_id else None
    return Charge(recurrent=row, type=kind, amount=own or kind.price, currency=kind.currency, token=token)


def _periods_used(
    session: Session, rows: Sequence[RecurrentPayment], types: Mapping[int, SubscriptionType]
) -> Mapping[tuple[int, int], int]:
    """Count, by chain and type, the periods that were paid: the first payment's, and each charged row's."""
    trials = {each.id for each in types.values() if each.next_subscription_type_id is not None}
    methods = {
        row.payment_method_id
        for row in rows
        if (row.next_subscription_type_id or row.subscription_type_id) in trials
    }
    if not methods:
        return {}
    method, kind = RecurrentPayment.payment_method_id, Payment.subscription_type_id
    charged = (
        select(method, kind, func.count())
        .join(Payment, Payment.id == RecurrentPayment.payment_id)
        .where(method.in_(methods), RecurrentPayment.state == RecurrentState.CHARGED)
        .group_by(method, kind)
    )
    used: Counter[tuple[int, int]] = Counter()
    for method_id, type_id, count in session.execute(charged):
        used[method_id, type_id or 0] += count
    first = select(func.min(RecurrentPayment.id)).where(method.in_(methods)).group_by(method)
    began = select(method, kind).join(Payment, Payment.id == RecurrentPayment.parent_payment_id)
    for method_id, type_id in session.execute(began.where(RecurrentPayment.id.in_(first))):
        used[method_id, type_id or 0] += 1
    return used


def _last_paid(session: Session, rows: Sequence[RecurrentPayment]) -> Mapping[int, datetime]:
    """Return, by chain, when its last payment of all was paid: a late success may be of an earlier period."""
    method = RecurrentPayment.payment_method_id
    charged = (
        select(method, func.max(Payment.paid_at))
        .join(Payment, Payment.id == RecurrentPayment.payment_id)
        .where(
            method.in_({row.payment_method_id for row in rows}),
            RecurrentPayment.state == RecurrentState.CHARGED,
        )
        .group_by(method)
    )
    return {method_id: paid_at for method_id, paid_at in session.execute(charged) if paid_at is not None}


def _since_last(period: Period, last_paid: datetime | None) -> Period:
    return replace(period, paid_at=max(period.paid_at, last_paid)) if last_paid else period


def _periods(
    session: Session, rows: Sequence[RecurrentPayment], types: Mapping[int, SubscriptionType]
) -> Mapping[int, Period]:
    """Return, by its payment, the period that each row follows."""
    found = (
        select(
            Payment.id, Payment.paid_at, Payment.created_at, Payment.subscription_type_id, Subscription.length
        )
        .outerjoin(Subscription, Subscription.id == Payment.subscription_id)
        .where(Payment.id.in_({row.period_payment_id for row in rows}))
    )
    return {
        payment_id: Period(
            paid_at=paid_at or created_at,
            length_days=length or (types[type_id].length if type_id else 1),
        )
        for payment_id, paid_at, created_at, type_id, length in session.execute(found)
    }
