"""A subscription's time has moved: the renewal that is planned by its end moves with it. Source: behaviour.md 7.6."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.payments.models import Payment, RecurrentPayment
from crm.payments.next_charge import Period, earliest_charge
from crm.payments.statuses import RecurrentState
from crm.subscriptions.models import Subscription
from crm.subscriptions.newsroom import current_zone
from crm.subscriptions.shortening import Move


def follow(session: Session, moves: Sequence[Move]) -> list[int]:
    """Move planned renewals by as much as the end of their period has moved; return the ids of those moved.

    Never so early that a reader would pay twice for one period. The reader's lane is the caller's.
    """
    by = {move.subscription_id: move.new_end - move.old_end for move in moves}
    planned = (
        select(RecurrentPayment, Payment, Subscription.length)
        .join(Payment, Payment.id == RecurrentPayment.period_payment_id)
        .join(Subscription, Subscription.id == Payment.subscription_id)
        .where(Payment.subscription_id.in_(by), RecurrentPayment.state == RecurrentState.ACTIVE)
    )
    locked = planned.order_by(RecurrentPayment.id).with_for_update(of=RecurrentPayment)
    moved = []
    for row, payment, length in session.execute(locked).all():
        period = Period(paid_at=payment.paid_at or payment.created_at, length_days=length)
        _plan(row, max(row.charge_at + by[payment.subscription_id or 0], earliest_charge(period)))
        moved.append(row.id)
    session.flush()
    return moved


def _plan(row: RecurrentPayment, charge_at: datetime) -> None:
    """Set when a renewal is charged; of another day than they know its reader has to hear anew."""
    zone = current_zone()
    if row.charge_at.astimezone(zone).date() != charge_at.astimezone(zone).date():
        row.noticed_at, row.notice = None, None
    row.charge_at = charge_at
