"""A STOP that comes while a payment may still be billed: whatever is billed of it, no renewal follows.

An open renewal is stopped by stopping.py. Here is what has none: a first payment on its way, and one that counts as
failed, first or last try, until a late report says otherwise. The stop is a meta of the payment.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from crm.core.errors import N_
from crm.core.log import get_logger
from crm.payments.events import tell_status
from crm.payments.gateways import gateway_codes, gateways
from crm.payments.models import Payment, PaymentMeta
from crm.payments.statuses import Failure, PaymentStatus, RecurrentState

log = get_logger(__name__)

STOP_WANTED = "stop_wanted"
CALLED_BACK = N_("Called back before it left.")


@dataclass(frozen=True, slots=True)
class StoppedPayment:
    """A payment after which nothing is renewed; `may_still_be_billed` when its SMS is on its way."""

    payment_id: int
    may_still_be_billed: bool


def stop_payments(
    session: Session, user_id: int, *, by_user: bool, type_id: int | None = None
) -> list[StoppedPayment]:
    """Stop what a person ordered and was not billed for yet; return what was on its way.

    What has not left is called back. Needs the reader's lane; call it beside `stop`.
    """
    payments = [
        payment
        for payment in list_unbilled(session, [user_id])
        if type_id in (None, payment.subscription_type_id)
    ]
    return stop_unbilled(session, payments, by_user=by_user)


def stop_unbilled(session: Session, payments: Sequence[Payment], *, by_user: bool) -> list[StoppedPayment]:
    """Do what `stop_payments` does for some payments of `list_unbilled`."""
    waiting = [each for each in payments if is_first_on_its_way(each)]
    gone = _call_back(session, waiting)
    state = RecurrentState.USER_STOP if by_user else RecurrentState.ADMIN_STOP
    rows = [
        {"payment_id": each.id, "key": STOP_WANTED, "value": str(state)}
        for each in payments
        if each.id not in gone
    ]
    if rows:
        session.execute(insert(PaymentMeta).values(rows).on_conflict_do_nothing())
    if waiting:
        log.info("orders_stopped", payment_ids=[each.id for each in waiting], called_back=sorted(gone))
    return [StoppedPayment(each.id, each.id not in gone) for each in waiting]


def list_unbilled(session: Session, user_ids: Collection[int]) -> Sequence[Payment]:
    """Lock and return what people ordered and were not billed for, or not yet; a late report may still bill it."""
    unbilled = select(Payment).where(
        Payment.user_id.in_(user_ids),
        Payment.status.in_((PaymentStatus.FORM, PaymentStatus.FAIL)),
    )
    taken = unbilled.order_by(Payment.id).with_for_update().execution_options(populate_existing=True)
    return session.execute(taken).scalars().all()


def is_first_on_its_way(payment: Payment) -> bool:
    """Return whether it is an order whose outcome is not known yet; renewals on their way are stopped as such."""
    return payment.status == PaymentStatus.FORM and not payment.recurrent_charge


def read_stops(session: Session, payment_ids: Collection[int]) -> Mapping[int, RecurrentState]:
    """Return, by payment, how it was stopped before it was billed."""
    found = select(PaymentMeta.payment_id, PaymentMeta.value).where(
        PaymentMeta.payment_id.in_(payment_ids), PaymentMeta.key == STOP_WANTED
    )
    return {row.payment_id: RecurrentState(row.value) for row in session.execute(found)}


def forget_stops_of(session: Session, payment_ids: Collection[int]) -> None:
    """The reader orders the same once more while these are on their way: they are renewed after all."""
    session.execute(
        delete(PaymentMeta).where(PaymentMeta.payment_id.in_(payment_ids), PaymentMeta.key == STOP_WANTED)
    )


def forget_stops(session: Session, user_id: int) -> None:
    """The reader goes on: what is billed late is renewed again."""
    theirs = select(Payment.id).where(Payment.user_id == user_id)
    session.execute(
        delete(PaymentMeta).where(PaymentMeta.payment_id.in_(theirs), PaymentMeta.key == STOP_WANTED)
    )


def _call_back(session: Session, payments: Sequence[Payment]) -> set[int]:
    """Let payments whose SMS has not left fail; return them."""
    codes = gateway_codes(session)
    gone: set[int] = set()
    for code in sorted({codes[each.payment_gateway_id] for each in payments}):
        same = [each.id for each in payments if codes[each.payment_gateway_id] == code]
        gone |= gateways.get(code).withdraw(session, same)
    for payment in payments:
        if payment.id in gone:
            payment.status, payment.failure = PaymentStatus.FAIL, Failure.PERSON
            payment.error_message = CALLED_BACK
    session.flush()
    tell_status(session, sorted(gone), PaymentStatus.FAIL)
    return gone
