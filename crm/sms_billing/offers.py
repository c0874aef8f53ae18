"""How subscription types are sold by SMS: the billing key that charges one, and the texts that go with it.

The key is the price: a type is sold only on a key that charges exactly what the type costs.
Source: issue 5 point 3, behaviour.md B39.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from crm.core.errors import N_, Said
from crm.mobiletech.catalogue.billkeys import CODE, find_billkey
from crm.mobiletech.catalogue.key_rules import KeyRule, KeyState, is_free, read_key_rules
from crm.mobiletech.catalogue.models import Billkey
from crm.mobiletech.sms_templates import TemplatePurpose, find_template
from crm.sms_billing.errors import InvalidOfferError
from crm.sms_billing.models import SmsOffer
from crm.subscriptions.models import SubscriptionType
from crm.subscriptions.types import subject_of
from crm.users.audit_log import record_act

_NOT_LISTED = N_("The billing key %(billkey)s is not listed: nobody has said what it charges.")
_FREE = N_("The billing key %(billkey)s is free: nothing can be sold on it.")
_OTHER_AMOUNT = N_(
    "The billing key %(billkey)s charges %(charges)s and the type costs %(costs)s: they must be the same."
)
_NOT_YET = N_("The billing key %(billkey)s is not valid yet.")
_ENDED = N_("The billing key %(billkey)s is valid no more.")
_NO_TEMPLATE = N_("There is no template %(template)s.")
_NO_PAID_TEMPLATE = N_("The template %(template)s is no paid one: its text need not tell price and STOP.")
_STATES = {KeyState.NOT_YET: _NOT_YET, KeyState.ENDED: _ENDED}


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferTexts:
    """The codes of paid templates: of each renewal, and of the first SMS if that is another one."""

    renewal: str
    first: str | None = None


def find_offer(session: Session, type_id: int) -> SmsOffer | None:
    """Return how a type is sold by SMS."""
    return session.get(SmsOffer, type_id)


def read_offers(session: Session, type_ids: Collection[int]) -> Mapping[int, SmsOffer]:
    """Return how types are sold by SMS, by type id."""
    found = select(SmsOffer).where(SmsOffer.subscription_type_id.in_(type_ids))
    return {offer.subscription_type_id: offer for offer in session.execute(found).scalars()}


def set_offer(
    session: Session,
    known: SubscriptionType,
    billkey: str,
    texts: OfferTexts,
    *,
    reason: str = "",
    is_checked_again: bool = True,
) -> bool:
    """Sell a type on a key with these texts from now on; return whether anything is different.

    Shape: `is_checked_again` looks also at what stays as it is, for a price may have changed meanwhile.
    Raises: InvalidOfferError with the field, the rule, and both amounts where they differ.
    """
    offer = SmsOffer(
        subscription_type_id=known.id,
        billkey=billkey,
        template_code=texts.renewal,
        first_template_code=texts.first or None,
    )
    old, new = _told(find_offer(session, known.id)), _told(offer)
    if old == new and not is_checked_again:
        return False
    for field, fault in _find_faults(session, known, offer):
        raise InvalidOfferError(fault.message, field=field, **fault.fields)
    if old == new:
        return False
    session.merge(offer)
    session.flush()
    record_act(session, "subscription_type.sale", subject_of(known), before=old, after=new, reason=reason)
    return True


def check_offer(session: Session, known: SubscriptionType) -> None:
    """Look whether a type that has changed can still be charged as it is sold; one that is not sold is fine.

    Raises: InvalidOfferError as `set_offer`.
    """
    offer = find_offer(session, known.id)
    for field, fault in _find_faults(session, known, offer) if offer is not None else ():
        raise InvalidOfferError(fault.message, field=field, **fault.fields)


def remove_offer(session: Session, known: SubscriptionType, *, reason: str = "") -> bool:
    """Sell a type by SMS no more; return whether it was sold so. Its renewals cannot be charged then."""
    offer = find_offer(session, known.id)
    if offer is None:
        return False
    old = _told(offer)
    session.delete(offer)
    session.flush()
    record_act(
        session, "subscription_type.sale", subject_of(known), before=old, after=_told(None), reason=reason
    )
    return True


def list_offer_faults(session: Session, known: SubscriptionType, offer: SmsOffer) -> list[Said]:
    """Return why a type cannot be charged as its offer says, the key first; empty if all is well."""
    return [fault for _, fault in _find_faults(session, known, offer)]


def list_all_faults(session: Session) -> list[Said]:
    """Return why types that may be sold cannot be charged, over all of them."""
    sold = select(SubscriptionType, SmsOffer).join(
        SmsOffer, SmsOffer.subscription_type_id == SubscriptionType.id
    )
    rows = session.execute(sold.where(SubscriptionType.active).order_by(SubscriptionType.code)).all()
    return [fault for known, offer in rows for fault in list_offer_faults(session, known, offer)]


def list_types_sold(
    session: Session, *, billkey: str | None = None, template: str | None = None
) -> Sequence[SubscriptionType]:
    """Return the types that are sold on that key, or with that text."""
    sold = select(SubscriptionType).join(SmsOffer, SmsOffer.subscription_type_id == SubscriptionType.id)
    named = (
        SmsOffer.billkey == billkey,
        SmsOffer.template_code == template,
        SmsOffer.first_template_code == template,
    )
    found = sold.where(or_(*named)).order_by(SubscriptionType.sorting, SubscriptionType.code)
    return session.execute(found).scalars().all()


def _find_faults(session: Session, known: SubscriptionType, offer: SmsOffer) -> list[tuple[str, Said]]:
    fault = _find_key_fault(session, known, offer.billkey)
    faults = [("billkey", fault)] if fault is not None else []
    codes = {"template": offer.template_code, "first_template": offer.first_template_code}
    for field, code in codes.items():
        wrong = _find_text_fault(session, code) if code is not None else None
        faults += [(field, wrong)] if wrong is not None else []
    return faults


def _find_key_fault(session: Session, known: SubscriptionType, code: str) -> Said | None:
    key = find_billkey(session, code) if CODE.fullmatch(code) else None
    rule = read_key_rules(session, [code]).get(code) if key is not None else None
    if key is None or rule is None:
        return Said(_NOT_LISTED, billkey=code)
    if is_free(session, code, rule):
        return Said(_FREE, billkey=code)
    return _find_mismatch(key, rule, known)


def _find_mismatch(key: Billkey, rule: KeyRule, known: SubscriptionType) -> Said | None:
    if (key.price, key.currency) != (known.price, known.currency):
        charges, costs = f"{key.price} {key.currency}", f"{known.price} {known.currency}"
        return Said(_OTHER_AMOUNT, billkey=key.code, charges=charges, costs=costs)
    return Said(_STATES[rule.state], billkey=key.code) if rule.state in _STATES else None


def _find_text_fault(session: Session, code: str) -> Said | None:
    template = find_template(session, code) if "\0" not in code else None
    if template is None:
        return Said(_NO_TEMPLATE, template=code)
    return None if template.purpose == TemplatePurpose.PAID else Said(_NO_PAID_TEMPLATE, template=code)


def _told(offer: SmsOffer | None) -> dict[str, object]:
    return {
        "billkey": offer.billkey if offer else None,
        "template": offer.template_code if offer else None,
        "first_template": offer.first_template_code if offer else None,
    }
