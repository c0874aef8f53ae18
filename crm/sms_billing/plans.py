"""A renewal as an SMS tells it: what it is called, what is charged next and when, until when it runs, how it stops."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core.business_settings import get_setting
from crm.mobiletech.models import InboundMessage
from crm.mobiletech.wishes import Envelope
from crm.payments.due import read_due
from crm.payments.models import Payment, RecurrentPayment
from crm.sms_billing.stop_links import link_of
from crm.subscriptions.models import Subscription, SubscriptionType
from crm.subscriptions.queries import read_short_names


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A renewal; `name` is what runs, `next_name` what is charged next, `inbound` the SMS by which it began."""

    row: RecurrentPayment
    name: str
    next_name: str
    next_type: SubscriptionType
    amount: Decimal
    currency: str
    period: int  # days that the next charge pays for
    ends_at: datetime | None
    inbound: InboundMessage | None
    usual_number: str  # the one of the settings, for a renewal that began without an SMS

    @property
    def envelope(self) -> Envelope:
        """How we write to its reader of our own accord: from the number that they know."""
        if self.inbound is None:
            return Envelope()
        return Envelope(serv_id=self.inbound.serv_id, from_=self.inbound.to)

    @property
    def params(self) -> dict[str, object]:
        """What a template can tell of it."""
        short_number = self.inbound.to if self.inbound else self.usual_number
        return {
            "subscription_name": self.name,
            "price": self.amount,
            "period": self.period,
            "next_charge": self.row.charge_at,
            "end_date": self.ends_at,
            "stop_link": link_of(self.row.payment_method_id),
            **({"short_number": short_number} if short_number else {}),
        }


def read_plans(session: Session, rows: Sequence[RecurrentPayment]) -> Mapping[int, Plan]:
    """Return the plans of renewals, by id, in a handful of statements for all."""
    if not rows:
        return {}
    types = {each.id: each for each in session.execute(select(SubscriptionType)).scalars()}
    charges = {due.charge.recurrent.id: due.charge for due in read_due(session, rows, types)}
    named = {row.subscription_type_id for row in rows} | {charge.type.id for charge in charges.values()}
    names = read_short_names(session, named)
    ends = _read_ends(session, {row.period_payment_id for row in rows})
    inbounds = _read_inbounds(session, {row.cid for row in rows})
    usual_number = get_setting(session, "mobiletech_short_number")
    return {
        row.id: Plan(
            row=row,
            name=names[row.subscription_type_id],
            next_name=names[charges[row.id].type.id],
            next_type=charges[row.id].type,
            amount=charges[row.id].amount,
            currency=charges[row.id].currency,
            period=charges[row.id].type.length,
            ends_at=ends.get(row.period_payment_id),
            inbound=inbounds.get(row.cid),
            usual_number=usual_number,
        )
        for row in rows
    }


def _read_ends(session: Session, payment_ids: set[int]) -> Mapping[int, datetime]:
    """Return until when the period runs that each payment has paid for."""
    found = (
        select(Payment.id, Subscription.end_time)
        .join(Subscription, Subscription.id == Payment.subscription_id)
        .where(Payment.id.in_(payment_ids))
    )
    return {row.id: row.end_time for row in session.execute(found)}


def _read_inbounds(session: Session, tokens: set[str]) -> Mapping[str, InboundMessage]:
    found = select(InboundMessage).where(InboundMessage.mobiletech_id.in_(tokens))
    return {message.mobiletech_id: message for message in session.execute(found).scalars()}
