"""Mobiletech as a way to pay: once by the answer to a reader's SMS, again by an SMS that nobody asked for.

Both keep no state (B37): all they know of a payment stands in its metas and its messages. Source: behaviour.md 7.3,
7.4 and 7.8.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.core.errors import N_
from crm.mobiletech.models import InboundMessage, NotSent, OutboundMessage
from crm.mobiletech.notifications import notify_many
from crm.mobiletech.outbound import OutboundState, move
from crm.mobiletech.wishes import Envelope, Wish
from crm.payments.gateways import Charge, Refusal
from crm.payments.models import Payment, RecurrentPayment
from crm.payments.statuses import Failure
from crm.sms_billing.bills import Bill, find_bills
from crm.sms_billing.caps import Caps
from crm.sms_billing.metas import SmsMetas, read_metas, write_metas
from crm.sms_billing.pricing import ours, read_keys
from crm.subscriptions.queries import read_short_names

CALLED_BACK = N_("It was called back before it left.")


class MobiletechGateway:
    """Pay once: the SMS that answers the reader's charges."""

    code = "mobiletech"
    name = "Mobiletech"
    sorting = 1200
    is_recurrent = False
    is_stoppable = True
    is_user_stoppable = True

    def begin(self, session: Session, payments: Sequence[Payment]) -> Mapping[int, Refusal]:
        """Answer the readers' messages with what the metas say, on the key that they name."""
        metas = read_metas(session, [payment.id for payment in payments])
        ids = {each.inbound_message_id for each in metas.values()}
        inbounds = {
            inbound.id: inbound
            for inbound in session.execute(select(InboundMessage).where(InboundMessage.id.in_(ids))).scalars()
        }
        keys, caps = read_keys(session), Caps(session, {inbound.from_ for inbound in inbounds.values()})
        refusals: dict[int, Refusal] = {}
        wishes: dict[int, Wish] = {}
        for payment in payments:
            said = metas.get(payment.id)
            inbound = inbounds.get(said.inbound_message_id) if said else None
            if said is None or inbound is None:
                refusals[payment.id] = ours("no_metas", N_("The payment does not say which SMS began it."))
                continue
            refusal = keys.find_refusal(said.billkey, payment.amount, payment.currency)
            refusal = refusal or caps.find_refusal(inbound.from_, payment.amount)
            if refusal is not None:
                refusals[payment.id] = refusal
            else:
                envelope = Envelope(inbound, billkey=said.billkey)
                params = {**said.params, "price": payment.amount}
                wishes[payment.id] = _wish(payment, envelope, said.template_code, params)
        return refusals | _send(session, wishes)

    def withdraw(self, session: Session, payment_ids: Collection[int]) -> set[int]:
        """Cancel messages that have not left; one that is being sent, or was, cannot be called back."""
        wanted = select(OutboundMessage).where(
            OutboundMessage.payment_id.in_(payment_ids), OutboundMessage.resent_as.is_(None)
        )
        taken = wanted.order_by(OutboundMessage.id).with_for_update()
        rows = session.execute(taken.execution_options(populate_existing=True)).scalars().all()
        waiting = {row.id: row.payment_id for row in rows if row.state in _CAN_BE_CALLED_BACK}
        moved = move(
            session,
            list(waiting),
            from_=_CAN_BE_CALLED_BACK,
            to=OutboundState.CANCELLED,
            state_reason=CALLED_BACK,
        )
        gone = {row.payment_id for row in rows if row.id not in moved and row.state not in _NEVER_LEAVES}
        return {waiting[row_id] or 0 for row_id in moved} - gone

    def tokens(self, session: Session, payment_ids: Collection[int]) -> Mapping[int, str]:
        """Return the id of the reader's message that each payment's SMS answered."""
        newest = (
            select(func.max(OutboundMessage.id))
            .where(OutboundMessage.payment_id.in_(payment_ids), OutboundMessage.rcv_msg_id.is_not(None))
            .group_by(OutboundMessage.payment_id)
        )
        found = select(OutboundMessage.payment_id, OutboundMessage.rcv_msg_id).where(
            OutboundMessage.id.in_(newest)
        )
        return {row.payment_id: row.rcv_msg_id for row in session.execute(found)}


class MobiletechRecurrentGateway(MobiletechGateway):
    """Pay again: an SMS that the reader did not ask for just now charges the next period."""

    code = "mobiletech_recurrent"
    name = "Mobiletech Recurrent"
    sorting = 1201
    is_recurrent = True

    def refuse(self, session: Session, charges: Sequence[Charge]) -> Mapping[int, Refusal]:
        """Return what must not be charged: no number, no key of just that price, a cap."""
        bills = find_bills(session, charges)
        numbers = {bill.to for bill in bills.values() if isinstance(bill, Bill)}
        caps = Caps(session, numbers)
        refusals: dict[int, Refusal] = {}
        for charge in charges:
            bill = bills[charge.recurrent.id]
            refusal = bill if isinstance(bill, Refusal) else caps.find_refusal(bill.to, charge.amount)
            if refusal is not None:
                refusals[charge.recurrent.id] = refusal
        return refusals

    def charge(self, session: Session, charges: Sequence[tuple[Charge, Payment]]) -> Mapping[int, Refusal]:
        """Send the SMS that charge; each names its period, which is charged once only."""
        bills = find_bills(session, [charge for charge, _ in charges])
        names = read_short_names(session, {charge.type.id for charge, _ in charges})
        refusals: dict[int, Refusal] = {}
        wishes: dict[int, Wish] = {}
        metas: dict[int, SmsMetas] = {}
        for charge, payment in charges:
            bill = bills[charge.recurrent.id]
            if isinstance(bill, Refusal):
                refusals[payment.id] = bill
                continue
            params = {
                "subscription_name": names[charge.type.id],
                "price": payment.amount,
                "short_number": bill.inbound.to,
            }
            envelope = Envelope(
                None, billkey=bill.billkey, serv_id=bill.inbound.serv_id, from_=bill.inbound.to, to=bill.to
            )
            wishes[payment.id] = _wish(
                payment, envelope, bill.template_code, params, charges_for=period_of(charge.recurrent)
            )
            metas[payment.id] = SmsMetas(
                billkey=bill.billkey,
                inbound_message_id=bill.inbound.id,
                template_code=bill.template_code,
                params=params,
            )
        write_metas(session, metas)
        return refusals | _send(session, wishes)


def period_of(row: RecurrentPayment) -> str:
    """Return the name of the period that a renewal pays: no two messages may charge for it."""
    return f"period after payment {row.period_payment_id}"


_CAN_BE_CALLED_BACK = (OutboundState.QUEUED, OutboundState.HELD)
_NEVER_LEAVES = (
    OutboundState.CANCELLED,
    OutboundState.EXPIRED,
    OutboundState.REJECTED,
    OutboundState.NOT_SENT,
)


def _wish(
    payment: Payment,
    envelope: Envelope,
    template_code: str,
    params: Mapping[str, Any],
    *,
    charges_for: str | None = None,
) -> Wish:
    """One message for one payment, however often it is asked for (B59)."""
    return Wish(
        envelope,
        payment.user_id,
        template_code,
        params,
        key=f"pay:{payment.id}",
        context=f"payment.charge.{payment.id}",
        payment_id=payment.id,
        charges_for=charges_for,
    )


def _send(session: Session, wishes: Mapping[int, Wish]) -> dict[int, Refusal]:
    """Queue the messages; return, by payment, what could not be made, which is stored with its reason."""
    made = notify_many(session, list(wishes.values()))
    return {
        payment_id: Refusal(Failure.OURS, result.reason, result.detail)
        for payment_id, result in zip(wishes, made, strict=True)
        if isinstance(result, NotSent)
    }
