"""A charge was not billed: its payment fails, and its renewal is tried again, given up, or goes on as it was asked to.

Only a payment that is still on its way fails: a failure that is told twice, or after a success, changes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core.log import get_logger
from crm.payments.chains import Chain, read_chains
from crm.payments.events import tell_state, tell_status
from crm.payments.models import Payment, PaymentMethod, RecurrentPayment
from crm.payments.pausing import hand_over
from crm.payments.planning import Planner
from crm.payments.statuses import Failure, PaymentStatus, RecurrentState, statuses_before
from crm.subscriptions.models import Subscription

log = get_logger(__name__)

R = RecurrentState
LONGEST = 250


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """What is known of a charge that was not billed: the class, the gateway's code, and what that means."""

    payment_id: int
    failure: Failure
    code: str | None
    told: str


def fail(session: Session, failures: Sequence[Failed]) -> list[int]:
    """Let payments fail; return the ids of those that had not."""
    known = {each.payment_id: each for each in failures}
    wanted = select(Payment).where(
        Payment.id.in_(known), Payment.status.in_(statuses_before(PaymentStatus.FAIL))
    )
    taken = wanted.order_by(Payment.id).with_for_update().execution_options(populate_existing=True)
    payments = session.execute(taken).scalars().all()
    if not payments:
        return []
    for payment in payments:
        said = known[payment.id]
        payment.status, payment.failure, payment.error_message = PaymentStatus.FAIL, said.failure, said.told
    session.flush()
    _go_on(session, [payment.id for payment in payments], known)
    ids = [payment.id for payment in payments]
    tell_status(session, ids, PaymentStatus.FAIL)
    log.warning("payments_failed", payment_ids=ids)
    return ids


def _go_on(session: Session, payment_ids: Sequence[int], known: Mapping[int, Failed]) -> None:
    """Decide about the renewals that these payments were made for."""
    methods = select(RecurrentPayment.payment_method_id).where(RecurrentPayment.payment_id.in_(payment_ids))
    chains = read_chains(session, set(session.execute(methods).scalars()))
    planner = Planner(session)
    pending = [
        (row, chain)
        for chain in chains.values()
        for row in chain.rows
        if row.state == R.PENDING and row.payment_id in known
    ]
    for row, chain in pending:
        _end(session, planner, row, chain, known[row.payment_id or 0])
    planner.flush()
    for state in (R.CHARGE_FAILED, *(R.SYSTEM_STOP, R.USER_STOP, R.ADMIN_STOP)):
        tell_state(session, [row.id for row, _ in pending if row.state == state], state)


def _end(session: Session, planner: Planner, row: RecurrentPayment, chain: Chain, said: Failed) -> None:
    """End one try; a stop that came meanwhile is what the row after it becomes."""
    stop = R(row.stop_wanted) if row.stop_wanted else None
    row.status, row.approval, row.failure = said.code, said.told[:LONGEST], said.failure
    row.state, row.stop_wanted = R.CHARGE_FAILED, None
    paid = chain.find_paid_since(session, row)
    if paid is not None:
        # Another try was billed meanwhile: nothing is owed, the period after it is planned.
        following: RecurrentPayment | None = _plan_after(session, planner, paid, stop or R.ACTIVE)
    else:
        following = planner.plan_again(row, said.failure, parent=said.payment_id, state=stop or R.ACTIVE)
    if following is None:
        row.state = stop or R.SYSTEM_STOP
    else:
        hand_over(row, following)


def _plan_after(
    session: Session, planner: Planner, paid: RecurrentPayment, state: RecurrentState
) -> RecurrentPayment:
    payment = session.get(Payment, paid.payment_id)
    method = session.get(PaymentMethod, paid.payment_method_id)
    assert payment is not None and method is not None
    subscription = session.get(Subscription, payment.subscription_id) if payment.subscription_id else None
    custom = paid.custom_amount if paid.subscription_type_id == payment.subscription_type_id else None
    return planner.plan_period(payment, subscription, method, custom=custom, state=state)
