"""Charge orders: one payment for one order, whatever repeats; its SMS answers the one at hand."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core.errors import Said
from crm.mobiletech.models import OutboundMessage
from crm.mobiletech.notifications import refuse
from crm.mobiletech.rules.cases import Case
from crm.mobiletech.rules.steps import StepKind
from crm.mobiletech.wishes import Envelope, Reason, Wish
from crm.payments.gateways import gateways
from crm.payments.making import NewPayment, begin_many
from crm.sms_billing.gateways import MobiletechRecurrentGateway
from crm.sms_billing.metas import SmsMetas
from crm.sms_billing.sale import Sale
from crm.sms_billing.senders import become_user
from crm.users.models import User


@dataclass(frozen=True, slots=True, kw_only=True)
class Chargeable:
    """An order that may be charged; without a user its number becomes one. `inbound_id` is the SMS that ordered."""

    case: Case
    sale: Sale
    number: str
    user: User | None
    inbound_id: int


def charge_orders(session: Session, orders: Sequence[Chargeable]) -> None:
    """Begin the payments; one that is refused charges nobody, and a person gets the SMS with the reason."""
    if not orders:
        return
    gateway = gateways.get(MobiletechRecurrentGateway.code)
    begun = begin_many(session, gateway, [_payment(session, order) for order in orders])
    sent = _read_messages(session, [payment.id for payment, _ in begun])
    for order, (payment, refusal) in zip(orders, begun, strict=True):
        case = order.case
        if refusal is None:
            case.add(StepKind.ORDERED, payment=payment.id)
            case.add(StepKind.SENT, outbound=sent[payment.id])
            case.answered_number = case.number
        elif refusal.code in set(Reason):  # kept by whoever could not make the SMS
            case.add(StepKind.ORDER_REFUSED, why=refusal.told, payment=payment.id)
        else:
            refuse_order(session, case, refusal.told, payment_id=payment.id)


def refuse_order(session: Session, case: Case, why: Said | str, *, payment_id: int | None = None) -> None:
    """Charge nothing, and say why where people look: with what was not sent, and in the trace."""
    told = str(why)
    wish = Wish(Envelope(case.message), case.message.user_id, None, context=f"order {case.message.id}")
    refuse(session, Reason.ORDER_REFUSED, told, wish)
    case.add(StepKind.ORDER_REFUSED, why=told, payment=payment_id)


def _payment(session: Session, order: Chargeable) -> NewPayment:
    sale, message = order.sale, order.case.message
    user = become_user(session, message, order.number, order.user)
    metas = SmsMetas(
        billkey=sale.offer.billkey,
        inbound_message_id=message.id,
        template_code=sale.first_template,
        params={"subscription_name": sale.name, "short_number": message.to, "period": sale.type.length},
    )
    return NewPayment(
        user_id=user.id,
        amount=sale.type.price,
        currency=sale.type.currency,
        type=sale.type,
        key=f"order:{order.inbound_id}",
        metas=metas.as_metas(),
    )


def _read_messages(session: Session, payment_ids: Sequence[int]) -> dict[int, int]:
    found = select(OutboundMessage.payment_id, OutboundMessage.id).where(
        OutboundMessage.payment_id.in_(payment_ids)
    )
    return {row.payment_id: row.id for row in session.execute(found.order_by(OutboundMessage.id))}
