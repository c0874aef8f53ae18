"""What a number has been charged, beside its caps: what a person looks at before another charge."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.core.business_settings import get_setting
from crm.core.clock import db_now
from crm.mobiletech.charge_fuses import may_charge
from crm.mobiletech.models import OutboundMessage
from crm.payments.models import Payment
from crm.payments.statuses import PaymentStatus
from crm.sms_billing.caps import PER_MONTH, PER_PAYMENT, read_spent

DAY = timedelta(hours=24)
PER_DAY = "mobiletech_max_paid_per_day"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """Paid messages of 24 hours and EUR of 31 days, with their caps; a cap of 0 messages is none."""

    day: int
    per_day: int
    month: Decimal
    per_month: Decimal
    per_payment: Decimal
    last_at: datetime | None = None
    last_amount: Decimal | None = None


def read_spending(session: Session, number: str, user_id: int) -> Spending:
    """Return what was charged, or may yet be, to a number in the gateway's spelling, and the person's last payment."""
    sent_at = func.coalesce(OutboundMessage.sending_at, OutboundMessage.created_at)
    day = select(func.count()).where(
        OutboundMessage.to == number,
        OutboundMessage.paid,
        sent_at > db_now() - DAY,
        may_charge(OutboundMessage),
    )
    last = (
        select(Payment.paid_at, Payment.amount)
        .where(Payment.user_id == user_id, Payment.status == PaymentStatus.PAID)
        .order_by(Payment.paid_at.desc(), Payment.id.desc())
        .limit(1)
    )
    paid = session.execute(last).one_or_none()
    return Spending(
        day=session.execute(day).scalar_one(),
        per_day=int(get_setting(session, PER_DAY)),
        month=read_spent(session, [number]).get(number, Decimal(0)),
        per_month=Decimal(get_setting(session, PER_MONTH)),
        per_payment=Decimal(get_setting(session, PER_PAYMENT)),
        last_at=paid.paid_at if paid else None,
        last_amount=paid.amount if paid else None,
    )
