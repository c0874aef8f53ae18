"""What a stretch of time brought: billed, failed, stopped; counted from the rows, by their indexes."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.payments.models import Payment, RecurrentPayment
from crm.payments.statuses import STOPS_BY_PERSON, PaymentStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyFigures:
    """`billed` by the moment of payment, in EUR, with what was given back later; `failed` by when it was made."""

    billed: Decimal
    failed: int
    stopped: int


def read_money_figures(session: Session, since: datetime, until: datetime) -> MoneyFigures:
    """Return the figures of the time from a moment to before another."""
    billed = select(func.coalesce(func.sum(Payment.amount), 0)).where(
        Payment.paid_at >= since, Payment.paid_at < until, Payment.currency == "EUR"
    )
    failed = select(func.count()).where(
        Payment.status == PaymentStatus.FAIL, Payment.created_at >= since, Payment.created_at < until
    )
    stopped = select(func.count()).where(
        RecurrentPayment.state.in_(STOPS_BY_PERSON),
        RecurrentPayment.updated_at >= since,
        RecurrentPayment.updated_at < until,
    )
    row = session.execute(
        select(billed.scalar_subquery(), failed.scalar_subquery(), stopped.scalar_subquery())
    ).one()
    return MoneyFigures(billed=Decimal(row[0]), failed=row[1], stopped=row[2])
