"""Everything that the page of one payment shows: what it is, its proof, what happened, what a person may do."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import abort
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core.errors import NotFoundError
from crm.mobiletech.models import OutboundMessage
from crm.mobiletech.outbound import OutboundState
from crm.mobiletech.words import Word, state_of, word_of
from crm.payments.gateways import gateway_codes, gateways
from crm.payments.models import Payment, PaymentItem, PaymentMeta
from crm.payments.moves import find_refusal_to_refund
from crm.payments.payment_place import PaymentPlace, find_place
from crm.payments.queries import get_payment
from crm.payments.statuses import Failure, PaymentStatus
from crm.sms_billing.metas import INBOUND
from crm.sms_billing.proofs import Waits, find_proof
from crm.subscriptions.models import Subscription
from crm.users.numbers import find_number
from crm.users.roles import Permission, may
from crm.web.ids import LARGEST_ID
from crm.web.message_pages import segments, spaced
from crm.web.money import amount_typed, money
from crm.web.number_page import person_href
from crm.web.payment_rows import Around, kind_of, read_around, reason_of
from crm.web.payment_timeline import payment_timeline
from crm.web.payment_words import FAILURE_ADVICE, KIND_WORDS, LIST, WAITS_ADVICE, status_word
from crm.web.session import get_signed_in

RENEWALS = "/admin/recurrent-payments"
MESSAGES = "/admin/messages"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sms:
    """One SMS of the payment as a bubble; `is_proof` is the one that decides."""

    href: str
    segments: Sequence[str]
    language: str
    at: datetime
    state: Word
    billkey: str
    is_proof: bool


def get_payment_or_404(session: Session, payment_id: int) -> Payment:
    """Return the payment; 404 where there is none."""
    try:
        return get_payment(session, min(payment_id, LARGEST_ID))
    except NotFoundError:
        abort(404)


def read_payment(session: Session, payment: Payment) -> dict[str, Any]:
    """Return what the page shows."""
    around, place = read_around(session, [payment]), find_place(session, payment)
    messages = around.messages.get(payment.id, ())
    subscription = session.get(Subscription, payment.subscription_id) if payment.subscription_id else None
    return {
        "payment": payment_facts(session, payment, around, place),
        "subscription": subscription,
        "sms": [_sms(message, find_proof(messages)) for message in messages],
        "timeline": payment_timeline(session, payment, messages, place, subscription),
        "advice": _advice(payment, around.waits(payment)),
        "items": _items(session, payment),
        "metas": _metas(session, payment),
        "acts": list_acts_to_do(payment, messages, around.waits(payment)),
    }


def payment_facts(
    session: Session, payment: Payment, around: Around | None = None, place: PaymentPlace | None = None
) -> dict[str, Any]:
    """Return what a payment is, as the pages about it say it."""
    around = around or read_around(session, [payment])
    number, kind = around.number(payment), around.types.get(payment.subscription_type_id or 0)
    known = find_number(session, number) if number else None
    name, shown = around.names.get(payment.user_id, ""), spaced(number) if number else None
    return {
        "id": payment.id,
        "href": f"{LIST}/{payment.id}",
        "amount": money(payment.amount, payment.currency),
        "state": status_word(payment.status, around.waits(payment)),
        "reason": reason_of(payment),
        "number": shown,
        "thread_href": f"/admin/threads/{known.id}" if known else None,
        "all_href": f"{LIST}?thread={known.id}" if known else None,
        "name": None if shown and spaced(name) == shown else name,
        "person_href": person_href(payment.user_id),
        "type": kind.user_label if kind else None,
        "type_href": f"/admin/subscription-types/{kind.code}" if kind else None,
        "kind": _kind(payment, place),
        "gateway": _gateway(session, payment),
        "variable_symbol": payment.variable_symbol,
        "external_id": payment.external_id,
        "created_at": payment.created_at,
        "paid_at": payment.paid_at,
        "note": payment.note,
        "made_by_href": f"{RENEWALS}/{place.made_by.id}" if place and place.made_by else None,
        "followed_by_href": f"{RENEWALS}/{place.followed_by.id}" if place and place.followed_by else None,
    }


def list_acts_to_do(
    payment: Payment, messages: Sequence[OutboundMessage], waits: Waits | None
) -> dict[str, str]:
    """Return the addresses of what may be done, by act, to those who may do it."""
    if not may(get_signed_in().role, Permission.MANAGE_RENEWALS):
        return {}
    href, proof = f"{LIST}/{payment.id}", find_proof(messages)
    acts = {}
    if waits is Waits.UNPROVEN and proof is not None:
        acts["settle"] = f"{MESSAGES}/outbound/{proof.id}/settle"
    if payment.status == PaymentStatus.FORM and proof is not None and proof.state in _NOT_GONE:
        acts["call_off"] = f"{href}/call-off"
    if find_refusal_to_refund(payment) is None:
        acts["refund"] = f"{href}/refund"
    return acts


_NOT_GONE = (OutboundState.QUEUED, OutboundState.HELD)


def _sms(message: OutboundMessage, proof: OutboundMessage | None) -> Sms:
    return Sms(
        href=f"{MESSAGES}/outbound/{message.id}",
        segments=segments(message.content, message.encoding, message.parts),
        language=message.language or "sk",
        at=message.created_at,
        state=word_of(state_of(message.state, message.billing), paid=message.paid),
        billkey=message.billkey,
        is_proof=proof is not None and message.id == proof.id,
    )


def _advice(payment: Payment, waits: Waits | None) -> tuple[str, str] | None:
    """Return what is to be said first: the tone and the sentence."""
    if waits is not None:
        return status_word(payment.status, waits).tone, _(WAITS_ADVICE[waits])
    if payment.status == PaymentStatus.FAIL and payment.failure is not None:
        return "bad", _(FAILURE_ADVICE[Failure(payment.failure)])
    return None


def _kind(payment: Payment, place: PaymentPlace | None) -> str:
    if place is None or not place.number:
        return str(_(KIND_WORDS[kind_of(payment)]))
    return str(_("Renewal number %(number)s", number=place.number))


def _gateway(session: Session, payment: Payment) -> str:
    code = gateway_codes(session)[payment.payment_gateway_id]
    return next((each.name for each in gateways.all() if each.code == code), code)


def _items(session: Session, payment: Payment) -> list[dict[str, str]]:
    found = select(PaymentItem).where(PaymentItem.payment_id == payment.id).order_by(PaymentItem.id)
    return [
        {
            "name": item.name,
            "count": ngettext("%(num)s piece", "%(num)s pieces", item.count),
            "without_vat": money(item.amount_without_vat, payment.currency),
            "vat": f"{amount_typed(item.vat)} %",
            "amount": money(item.amount, payment.currency),
        }
        for item in session.execute(found).scalars()
    ]


def _metas(session: Session, payment: Payment) -> list[tuple[str, str, str | None]]:
    """Return the names, the values, and the page of the SMS that began it."""
    found = select(PaymentMeta).where(PaymentMeta.payment_id == payment.id).order_by(PaymentMeta.id)
    return [
        (meta.key, meta.value, f"{MESSAGES}/inbound/{meta.value}" if meta.key == INBOUND else None)
        for meta in session.execute(found).scalars()
    ]
