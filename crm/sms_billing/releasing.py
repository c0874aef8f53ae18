"""A held message: a person lets it go, or cancels it. What is charged once only is never let through a second time."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core.errors import N_
from crm.core.log import get_logger
from crm.mobiletech.charge_fuses import ask_fuses
from crm.mobiletech.errors import NotHeldError
from crm.mobiletech.models import OutboundMessage
from crm.mobiletech.outbound import OutboundState
from crm.mobiletech.second_chances import call_off, let_go
from crm.payments.holding import are_held
from crm.payments.models import Payment, RecurrentPayment
from crm.payments.statuses import PaymentStatus
from crm.sms_billing.confirming import judge
from crm.sms_billing.deciding import take_message
from crm.sms_billing.pricing import read_keys
from crm.users.audit_log import record_act

log = get_logger(__name__)


def release(session: Session, message_id: int, *, reason: str, operator: str | None = None) -> None:
    """Let a held message go, to another operator if one is named; the cap of 24 hours does not hold it again.

    Raises: NotFoundError, NotHeldError with the rule that stands against it.
    """
    message = take_message(session, message_id)
    refusal = find_refusal(session, message)
    if refusal is not None:
        raise NotHeldError(refusal)
    before = {"state": message.state, "reason": message.state_reason, "operator": message.operator_type}
    let_go(session, message, operator=operator)
    after = {"state": message.state, "reason": None, "operator": message.operator_type}
    record_act(
        session, "message.release", f"outbound {message.id}", before=before, after=after, reason=reason
    )
    log.warning("message_released", outbound_id=message.id, paid=message.paid)


def cancel(session: Session, message_id: int, *, reason: str) -> None:
    """Cancel a held message; a payment that it would have charged fails, and its renewal follows its rule.

    Raises: NotFoundError, NotHeldError.
    """
    message = take_message(session, message_id)
    if message.state != OutboundState.HELD:
        raise NotHeldError(N_("It is not held any more."))
    before = {"state": message.state}
    call_off(session, message)
    record_act(
        session,
        "message.cancel",
        f"outbound {message.id}",
        before=before,
        after={"state": message.state},
        reason=reason,
    )
    log.warning("message_cancelled", outbound_id=message.id, paid=message.paid)
    if message.payment_id is not None:
        judge(session, [message.payment_id])


def find_refusal(session: Session, message: OutboundMessage) -> str | None:
    """Return the rule, in English, for which a message must not be let go now."""
    if message.state != OutboundState.HELD:
        return N_("It is not held any more.")
    if message.is_secret:
        return N_("It has a code in it, which is of no use so late.")
    fuses = ask_fuses(session, [message])
    if message.id in fuses.lost:
        return N_("The number is its reader's no more: nobody else pays for them.")
    if message.id in fuses.charged:
        return N_("Another SMS has charged for the same period, or may yet do so: nobody pays twice for one.")
    if message.payment_id is None:
        return None
    return _payment_refusal(session, message)


def _payment_refusal(session: Session, message: OutboundMessage) -> str | None:
    payment = session.get_one(Payment, message.payment_id, populate_existing=True)
    if payment.status != PaymentStatus.FORM:
        return N_("Its payment does not wait for it any more.")
    if message.paid:
        refusal = read_keys(session).find_refusal(message.billkey, payment.amount, payment.currency)
        if refusal is not None:
            return refusal.told
    renewal = session.execute(
        select(RecurrentPayment).where(RecurrentPayment.payment_id == payment.id)
    ).scalar_one_or_none()
    if renewal is None:
        return None
    if renewal.paused_at is not None:
        return N_("Its renewal is paused and waits for a person: let it go on first.")
    return N_("All renewals are held: resume them first.") if are_held(session) else None
