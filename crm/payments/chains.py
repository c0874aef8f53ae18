"""The rows of one payment method are a chain: what is open in it, what stopped it, what was paid in it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.core.errors import N_
from crm.payments.events import tell_status
from crm.payments.gateways import gateway_codes, gateways
from crm.payments.models import Payment, RecurrentPayment
from crm.payments.statuses import OPEN, STOPS_BY_PERSON, Failure, PaymentStatus, RecurrentState
from crm.subscriptions.models import Subscription

SUPERSEDED = "A later report shows that the period is paid; another row took the place of this one."
TWIN = N_("The reader has another renewal of the same type: this one is not charged beside it.")
REPLACED = (SUPERSEDED, TWIN)  # ended by the system, and yet not given up: another renewal charges instead


@dataclass(slots=True)
class Chain:
    """All rows of a payment method, the oldest first; locked."""

    rows: list[RecurrentPayment] = field(default_factory=list)

    @property
    def open_row(self) -> RecurrentPayment | None:
        """The charge that is planned or on its way."""
        return next((row for row in self.rows if row.state in OPEN), None)

    @property
    def stopped_as(self) -> RecurrentState | None:
        """How a person stopped it, None if it lives: the newest row says so, or what waits for its result."""
        newest = self.rows[-1] if self.rows else None
        if newest is None:
            return None
        state = newest.stop_wanted or newest.state
        return RecurrentState(state) if state in STOPS_BY_PERSON else None

    def find_paid_since(self, session: Session, row: RecurrentPayment) -> RecurrentPayment | None:
        """Return the row whose payment gave the last period of all, if that is a later one than `row` follows."""
        ids = {each.payment_id for each in self.rows if each.state == RecurrentState.CHARGED}
        ends = (
            select(Payment.id)
            .outerjoin(Subscription, Subscription.id == Payment.subscription_id)
            .where(Payment.id.in_(ids | {row.period_payment_id}))
            .order_by(func.coalesce(Subscription.end_time, Payment.paid_at).desc(), Payment.id.desc())
        )
        last = session.execute(ends.limit(1)).scalar_one()
        if last == row.period_payment_id:
            return None
        return next(each for each in self.rows if each.payment_id == last)

    def give_way(self, session: Session) -> bool:
        """Let the open row, if there is one, make place: what it was to pay is paid by another.

        A planned one does; one on its way does if it can be called back for certain. Return False if it cannot:
        what comes of it decides then.
        """
        row = self.open_row
        if row is None:
            return True
        if row.state == RecurrentState.PENDING and not withdraw(session, row):
            return False
        row.state, row.note, row.stop_wanted = RecurrentState.SYSTEM_STOP, SUPERSEDED, None
        session.flush()  # before the next open row of the chain
        return True


def read_chains(session: Session, method_ids: Collection[int]) -> Mapping[int, Chain]:
    """Lock and return the chains, by payment method; one without rows is there too."""
    chains = {method_id: Chain() for method_id in method_ids}
    if not chains:
        return {}
    wanted = select(RecurrentPayment).where(RecurrentPayment.payment_method_id.in_(chains))
    taken = wanted.order_by(RecurrentPayment.id).with_for_update().execution_options(populate_existing=True)
    for row in session.execute(taken).scalars():
        chains[row.payment_method_id].rows.append(row)
    return chains


def withdraw(session: Session, row: RecurrentPayment) -> bool:
    """Call a charge back that is on its way; if it certainly never leaves, its payment fails. Return whether so."""
    if row.payment_id is None:
        return False
    gateway = gateways.get(gateway_codes(session)[row.payment_gateway_id])
    if row.payment_id not in gateway.withdraw(session, [row.payment_id]):
        return False
    payment = session.get(Payment, row.payment_id, with_for_update=True, populate_existing=True)
    if payment is None or payment.status != PaymentStatus.FORM:
        return False
    payment.status, payment.failure = PaymentStatus.FAIL, Failure.PERSON
    payment.error_message = "Called back before it left."
    row.failure = Failure.PERSON
    session.flush()
    tell_status(session, [payment.id], PaymentStatus.FAIL)
    return True
