"""How much may a number be charged? Asked before every charge; what is above is not made, with the reason.

The law's limits for what is billed by an operator are 50 EUR a purchase and 300 EUR a month. Source: domain.md 8
(PSD2 article 3(l), EBA Q&A 2018_4181), interface.md 3. A month is 31 days, as O2 counts it: no month's end lets
twice as much through.
"""

from collections.abc import Collection, Mapping
from datetime import timedelta
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.core.business_settings import get_setting
from crm.core.clock import db_now
from crm.core.errors import N_, Said
from crm.mobiletech.charge_fuses import may_charge
from crm.mobiletech.models import OutboundMessage
from crm.mobiletech.outbound import OutboundState
from crm.payments.gateways import Refusal
from crm.payments.models import Payment
from crm.payments.statuses import Failure

MONTH = timedelta(days=31)
PER_PAYMENT = "mobiletech_max_amount_per_payment"
PER_MONTH = "mobiletech_max_amount_per_month"


class Caps:
    """The caps of one batch: what is let through counts at once, so that two charges of one number see each other."""

    def __init__(self, session: Session, numbers: Collection[str]) -> None:
        self.per_payment = Decimal(get_setting(session, PER_PAYMENT))
        self.per_month = Decimal(get_setting(session, PER_MONTH))
        self._spent = dict(read_spent(session, numbers))

    def find_refusal(self, number: str, amount: Decimal) -> Refusal | None:
        """Return why the number must not be charged that now; numbers are in the gateway's spelling."""
        if amount > self.per_payment:
            told = N_("%(amount)s is above the cap of one payment, %(cap)s (%(setting)s).")
            return _limit("cap_payment", told, amount=amount, cap=self.per_payment, setting=PER_PAYMENT)
        spent = self._spent.get(number, Decimal(0))
        if spent + amount > self.per_month:
            told = N_(
                "With %(amount)s the number would be charged %(total)s in 31 days; the cap is %(cap)s (%(setting)s)."
            )
            total = spent + amount
            return _limit(
                "cap_month", told, amount=amount, total=total, cap=self.per_month, setting=PER_MONTH
            )
        self._spent[number] = spent + amount
        return None


def read_spent(session: Session, numbers: Collection[str]) -> Mapping[str, Decimal]:
    """Return what each number was charged in 31 days, or may yet be charged for what is on its way."""
    if not numbers:
        return {}
    on_its_way = OutboundMessage.state.in_([OutboundState.QUEUED, OutboundState.HELD])
    spent = (
        select(OutboundMessage.to, func.sum(Payment.amount))
        .join(Payment, Payment.id == OutboundMessage.payment_id)
        .where(
            OutboundMessage.to.in_(numbers),
            OutboundMessage.paid,
            OutboundMessage.created_at > db_now() - MONTH,
            may_charge(OutboundMessage) | on_its_way,
        )
        .group_by(OutboundMessage.to)
    )
    return {number: Decimal(total) for number, total in session.execute(spent)}


def _limit(code: str, message: str, **fields: object) -> Refusal:
    return Refusal(Failure.LIMIT, code, str(Said(message, **fields)))
