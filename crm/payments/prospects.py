"""What would happen if a planned renewal were charged now: the amount, and whatever stands against it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core.clock import db_now
from crm.payments.due import read_due
from crm.payments.gateways import Charge, Refusal, gateway_codes, gateways
from crm.payments.holding import Hold, find_hold
from crm.payments.models import RecurrentPayment
from crm.subscriptions.models import SubscriptionType


@dataclass(frozen=True, slots=True, kw_only=True)
class Prospect:
    """The charge, before when the spacing guard forbids it, and what its gateway or a hold has against it now."""

    charge: Charge
    earliest: datetime
    is_too_soon: bool
    hold: Hold | None
    refusal: Refusal | None


def look_ahead(session: Session, row: RecurrentPayment) -> Prospect:
    """Return what a charge of the row would be now; nothing is changed."""
    types = {each.id: each for each in session.execute(select(SubscriptionType)).scalars()}
    [due] = read_due(session, [row], types)
    gateway = gateways.get_recurrent(gateway_codes(session)[row.payment_gateway_id])
    return Prospect(
        charge=due.charge,
        earliest=due.earliest,
        is_too_soon=session.execute(select(db_now())).scalar_one() < due.earliest,
        hold=find_hold(session),
        refusal=gateway.refuse(session, [due.charge]).get(row.id),
    )
