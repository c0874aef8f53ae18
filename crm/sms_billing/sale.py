"""What can be ordered by SMS right now: a type that is sold, on a key of its price, with its texts."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core.clock import db_now
from crm.core.errors import N_, Said
from crm.sms_billing.models import SmsOffer
from crm.sms_billing.offers import find_offer, list_offer_faults
from crm.subscriptions.models import SubscriptionType
from crm.subscriptions.queries import find_type, read_short_names


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """A type as a reader buys it; `name` is how an SMS calls it."""

    type: SubscriptionType
    offer: SmsOffer
    name: str
    following: SubscriptionType | None  # what its trial turns into

    @property
    def first_template(self) -> str:
        """The text of the SMS that charges the order."""
        return self.offer.first_template_code or self.offer.template_code


def find_type_fault(session: Session, code: str, for_sale: bool) -> Said | None:
    """Return why a rule cannot name the type: there is none, or, where it is to be sold, it cannot be charged."""
    known = find_type(session, code)
    if known is None:
        return Said(N_("There is no subscription type %(code)s."), code=code)
    if not for_sale:
        return None
    if not known.active:
        return Said(N_("The subscription type %(code)s is not sold: it is switched off."), code=code)
    if known.fixed_end is not None and known.fixed_end <= session.execute(select(db_now())).scalar_one():
        return Said(N_("The subscription type %(code)s ended on its fixed date."), code=code)
    offer = find_offer(session, known.id)
    if offer is None:
        return Said(
            N_("The subscription type %(code)s has no billing key: it is not sold by SMS."), code=code
        )
    return next(iter(list_offer_faults(session, known, offer)), None)


def read_sales(session: Session, codes: Collection[str]) -> Mapping[str, "Sale | Said"]:
    """Return what the codes sell, or why they do not; rules name few types, so each is asked for alone."""
    return {code: _read_sale(session, code) for code in sorted(set(codes))}


def _read_sale(session: Session, code: str) -> "Sale | Said":
    fault = find_type_fault(session, code, for_sale=True)
    if fault is not None:
        return fault
    known = find_type(session, code)
    assert known is not None
    offer = find_offer(session, known.id)
    assert offer is not None
    return Sale(
        type=known,
        offer=offer,
        name=read_short_names(session, [known.id])[known.id],
        following=_find_following(session, known),
    )


def _find_following(session: Session, kind: SubscriptionType) -> SubscriptionType | None:
    if kind.next_subscription_type_id is None or kind.trial_periods == 0:
        return None
    return session.get_one(SubscriptionType, kind.next_subscription_type_id)
