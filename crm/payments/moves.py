"""What a person may do to a payment: give it back, or call it off; along the table of moves, and only if it is true.

Nobody makes a payment paid by hand: that takes a proof, a report or a decision about an unknown outcome.
Source: behaviour.md 7.1 and 7.6 ("Refunding"), reliability.md 2.
"""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core.errors import N_, Said
from crm.core.log import get_logger
from crm.payments.chains import withdraw
from crm.payments.errors import PaymentNotFoundError, RefusedMoveError
from crm.payments.events import tell_state, tell_status
from crm.payments.failing import Failed, fail
from crm.payments.following import follow
from crm.payments.gateways import gateway_codes, gateways
from crm.payments.lanes import take_lanes
from crm.payments.models import Payment, RecurrentPayment
from crm.payments.statuses import OPEN, PAYMENT_MOVES, Failure, PaymentStatus, RecurrentState
from crm.subscriptions.models import Subscription
from crm.subscriptions.shortening import end_now
from crm.users.audit_log import record_act

log = get_logger(__name__)

R = RecurrentState
REFUNDED = N_("Payment %(id)s was given back: %(reason)s")
CALLED_OFF = N_("Called off by a person: %(reason)s")
# Why a payment cannot be given back, by its status.
NOT_PAID = {
    PaymentStatus.FORM: N_("Only what was paid is given back, and this payment is still on its way."),
    PaymentStatus.AUTHORIZED: N_("Only what was paid is given back, and this payment is only authorized."),
    PaymentStatus.FAIL: N_("Only what was paid is given back, and this payment was not billed."),
    PaymentStatus.TIMEOUT: N_("Only what was paid is given back, and this payment was not billed."),
    PaymentStatus.REFUND: N_("This payment is given back already."),
}
NOT_OPEN = N_("Only a payment that is on its way is called off; this one is decided.")
MAY_BE_BILLED = N_(
    "Its SMS has left, so it may still be billed: wait for the report; what nobody will report, a person settles."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refunded:
    """What a refund did besides; `may_still_be_billed` when the next charge had left already."""

    payment: Payment
    is_subscription_ended: bool
    stopped: RecurrentPayment | None
    may_still_be_billed: bool


def find_refusal_to_refund(payment: Payment) -> str | None:
    """Return the rule by which a payment cannot be given back."""
    if PaymentStatus.REFUND in PAYMENT_MOVES[PaymentStatus(payment.status)]:
        return None
    return NOT_PAID[PaymentStatus(payment.status)]


def find_following(session: Session, payment: Payment) -> RecurrentPayment | None:
    """Return the renewal that is planned, or on its way, for the period after the one that was paid."""
    following = select(RecurrentPayment).where(
        RecurrentPayment.period_payment_id == payment.id, RecurrentPayment.state.in_(OPEN)
    )
    return session.execute(following.order_by(RecurrentPayment.id.desc()).limit(1)).scalar_one_or_none()


def refund(session: Session, payment_id: int, *, ends_subscription: bool, reason: str) -> Refunded:
    """Write down that the money was given back, outside; stop what follows, and end the subscription if so asked.

    Raises: PaymentNotFoundError, RefusedMoveError with the rule.
    """
    payment = _take(session, payment_id)
    refusal = find_refusal_to_refund(payment)
    if refusal is not None:
        raise RefusedMoveError(refusal)
    before, payment.status = payment.status, PaymentStatus.REFUND
    session.flush()
    stopped, left = _stop_following(session, payment, str(Said(REFUNDED, id=payment.id, reason=reason)))
    is_ended = ends_subscription and _end_subscription(session, payment, reason)
    record_act(
        session,
        "payment.refund",
        f"payment {payment.id}",
        before={"status": before, "subscription_ends_now": None},
        after={"status": payment.status, "subscription_ends_now": is_ended},
        reason=reason,
    )
    tell_status(session, [payment.id], PaymentStatus.REFUND)
    log.warning("payment_refunded", payment_id=payment.id, subscription_ended=is_ended)
    return Refunded(
        payment=payment, is_subscription_ended=is_ended, stopped=stopped, may_still_be_billed=left
    )


def call_off(session: Session, payment_id: int, *, reason: str) -> Payment:
    """Let an open payment fail by calling its SMS back before it leaves; a renewal is tried again by its rule.

    Raises: PaymentNotFoundError, RefusedMoveError if it is decided, or may still be billed.
    """
    payment = _take(session, payment_id)
    if payment.status != PaymentStatus.FORM:
        raise RefusedMoveError(NOT_OPEN)
    gateway = gateways.get(gateway_codes(session)[payment.payment_gateway_id])
    if payment.id not in gateway.withdraw(session, [payment.id]):
        raise RefusedMoveError(MAY_BE_BILLED)
    told = str(Said(CALLED_OFF, reason=reason))
    fail(session, [Failed(payment_id=payment.id, failure=Failure.PERSON, code=None, told=told)])
    record_act(
        session,
        "payment.call_off",
        f"payment {payment.id}",
        before={"status": PaymentStatus.FORM},
        after={"status": PaymentStatus.FAIL},
        reason=reason,
    )
    return payment


def _take(session: Session, payment_id: int) -> Payment:
    """Return the payment, locked, with its reader's lane: in the order in which a worker takes them."""
    owner = session.execute(select(Payment.user_id).where(Payment.id == payment_id)).scalar_one_or_none()
    if owner is None:
        raise PaymentNotFoundError(payment_id)
    take_lanes(session, [owner])
    found = select(Payment).where(Payment.id == payment_id).with_for_update()
    return session.execute(found.execution_options(populate_existing=True)).scalar_one()


def _stop_following(session: Session, payment: Payment, told: str) -> tuple[RecurrentPayment | None, bool]:
    """Stop the renewal of the next period; return it, and whether it may be billed nevertheless."""
    row = find_following(session, payment)
    if row is None:
        return None, False
    session.refresh(row, with_for_update=True)
    before = row.state
    may_be_billed = row.state == R.PENDING and not withdraw(session, row)
    if may_be_billed:
        row.stop_wanted = R.ADMIN_STOP  # what comes of it is not known; after it nothing more
    else:
        row.state, row.stop_wanted = R.SYSTEM_STOP, None
    row.note, row.paused_at, row.pause_reason = told, None, None
    session.flush()
    record_act(
        session,
        "renewal.stop",
        f"recurrent_payment {row.id}",
        before={"state": before},
        after={"state": row.stop_wanted or row.state},
        reason=told,
    )
    if not may_be_billed:
        tell_state(session, [row.id], R.SYSTEM_STOP)
    return row, may_be_billed


def _end_subscription(session: Session, payment: Payment, reason: str) -> bool:
    """End what was paid for, if it is not over; the renewals of what follows it move with it."""
    subscription = session.get(Subscription, payment.subscription_id) if payment.subscription_id else None
    if subscription is None:
        return False
    moves = end_now(session, subscription, reason)
    follow(session, moves)
    return bool(moves)
