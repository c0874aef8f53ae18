"""How is a renewal billed: to which number, on which key, with which text; or why it must not be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core.clock import db_now
from crm.core.errors import N_
from crm.core.phone import to_international
from crm.mobiletech.models import InboundMessage, SmsTemplate
from crm.mobiletech.sms_templates import TemplatePurpose
from crm.payments.gateways import Charge, Refusal
from crm.sms_billing.models import SmsOffer
from crm.sms_billing.offers import read_offers
from crm.sms_billing.pricing import Keys, ours, read_keys
from crm.users.models import User
from crm.users.phones import find_phones_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """How a renewal is billed: from which inbound it began, to which number, on which key, with which text."""

    inbound: InboundMessage
    to: str
    billkey: str
    template_code: str


def find_bills(session: Session, charges: Sequence[Charge]) -> Mapping[int, Bill | Refusal]:
    """Return how each renewal is billed, by its id, or why it cannot be; a handful of statements for all."""
    known = _look_up(session, charges)
    return {charge.recurrent.id: _find_bill(known, charge) for charge in charges}


def find_key_of(session: Session, charge: Charge) -> str | None:
    """Return the billing key that a charge would use now, None if there is none that fits."""
    [bill] = find_bills(session, [charge]).values()
    return bill.billkey if isinstance(bill, Bill) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    inbounds: Mapping[str, InboundMessage]
    phones: Mapping[int, str]
    closed: frozenset[int]  # people whose accounts are
    offers: Mapping[int, SmsOffer]
    templates: frozenset[str]
    keys: Keys
    now: datetime


def _look_up(session: Session, charges: Sequence[Charge]) -> _Known:
    tokens = {charge.token for charge in charges}
    inbounds = session.execute(
        select(InboundMessage).where(InboundMessage.mobiletech_id.in_(tokens))
    ).scalars()
    offers = read_offers(session, {charge.type.id for charge in charges})
    codes = {offer.template_code for offer in offers.values()}
    paid = select(SmsTemplate.code).where(
        SmsTemplate.purpose == TemplatePurpose.PAID, SmsTemplate.code.in_(codes)
    )
    readers = {charge.recurrent.user_id for charge in charges}
    closed = select(User.id).where(User.id.in_(readers), ~User.active)
    return _Known(
        inbounds={inbound.mobiletech_id: inbound for inbound in inbounds},
        phones=find_phones_of(session, readers),
        closed=frozenset(session.execute(closed).scalars()),
        offers=offers,
        templates=frozenset(session.execute(paid).scalars()),
        keys=read_keys(session),
        now=session.execute(select(db_now())).scalar_one(),
    )


def _find_bill(known: _Known, charge: Charge) -> Bill | Refusal:
    inbound, phone = known.inbounds.get(charge.token), known.phones.get(charge.recurrent.user_id)
    if inbound is None:
        told = N_("The SMS %(token)s, by which this renewal began, is not known.")
        return ours("no_token", told, token=charge.token)
    if charge.recurrent.user_id in known.closed:
        told = N_("The reader's account is closed: nothing is charged.")
        return replace(ours("closed_account", told), is_of_reader=True)
    if phone is None:
        told = N_("The reader has no number linked, so nothing can be charged.")
        return replace(ours("no_number", told), is_of_reader=True)
    if charge.type.fixed_end is not None and charge.type.fixed_end <= known.now:
        return ours(
            "type_over",
            N_("%(type)s ended on its fixed date: a period would be empty."),
            type=charge.type.code,
        )
    offer = known.offers.get(charge.type.id)
    if offer is None:
        told = N_("%(type)s has no billing key: it is not sold by SMS.")
        return ours("no_offer", told, type=charge.type.code)
    if offer.template_code not in known.templates:
        told = N_("There is no template %(template)s for paid messages.")
        return ours("no_template", told, template=offer.template_code)
    billkey = _billkey(charge, known.keys, offer.billkey, sender=inbound.to)
    if isinstance(billkey, Refusal):
        return billkey
    return Bill(
        inbound=inbound, to=to_international(phone), billkey=billkey, template_code=offer.template_code
    )


def _billkey(charge: Charge, keys: Keys, usual: str, *, sender: str) -> "str | Refusal":
    """Return the type's key; an amount of its own is charged by whichever key has just that price."""
    refusal = keys.find_refusal(usual, charge.amount, charge.currency)
    if refusal is None:
        return usual
    own = charge.recurrent.custom_amount is not None and charge.amount == charge.recurrent.custom_amount
    return (keys.find_for(charge.amount, charge.currency, sender) if own else None) or refusal
