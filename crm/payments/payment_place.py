"""Where a payment stands among the payments of its reader: which renewal made it, which one follows."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.payments.models import Payment, RecurrentPayment
from crm.payments.statuses import RecurrentState


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentPlace:
    """`number` counts renewals from 1, and is 0 for a first payment; of tries, which one of how many it was."""

    number: int
    made_by: RecurrentPayment | None
    followed_by: RecurrentPayment | None

    @property
    def tries(self) -> tuple[int, int] | None:
        """Which try of how many."""
        row = self.made_by
        return (row.attempt + 1, row.attempt + 1 + row.retries) if row is not None else None


def find_place(session: Session, payment: Payment) -> PaymentPlace:
    """Return where a payment stands."""
    row = RecurrentPayment
    made_by = session.execute(select(row).where(row.payment_id == payment.id)).scalar_one_or_none()
    after = select(row).where((row.parent_payment_id == payment.id) | (row.period_payment_id == payment.id))
    followed_by = session.execute(after.order_by(row.id.desc()).limit(1)).scalar_one_or_none()
    return PaymentPlace(
        number=_count_before(session, made_by) + 1 if made_by is not None else 0,
        made_by=made_by,
        followed_by=followed_by,
    )


def _count_before(session: Session, made_by: RecurrentPayment) -> int:
    charged = select(func.count()).where(
        RecurrentPayment.payment_method_id == made_by.payment_method_id,
        RecurrentPayment.state == RecurrentState.CHARGED,
        RecurrentPayment.id < made_by.id,
    )
    return session.execute(charged).scalar_one()
