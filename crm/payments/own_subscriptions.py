"""What a reader has: each subscription with its period, what is charged next, and what happens then."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from crm.core.clock import db_now
from crm.payments.due import read_due
from crm.payments.errors import RenewalNotFoundError
from crm.payments.models import Payment, RecurrentPayment
from crm.payments.statuses import OPEN, Failure, RecurrentState
from crm.subscriptions.models import Subscription, SubscriptionType
from crm.subscriptions.queries import list_types

R = RecurrentState
ENDED_IS_SHOWN = timedelta(days=31)  # so that who wonders where it went finds out why


class Standing(StrEnum):
    """How it goes on, as its reader needs to know it."""

    RENEWS = "renews"
    CHARGING = "charging"  # a charge is on its way: it may be billed
    LAST_CHARGE = "last_charge"  # the same, but nothing follows it
    RETRIES = "retries"  # a charge was not billed, and is tried again
    PAUSED = "paused"  # a person looks at it first
    STOPPED = "stopped"
    STOPPED_BY_STAFF = "stopped_by_staff"
    GIVEN_UP = "given_up"
    ENDS = "ends"  # it was never to renew itself


GOES_ON = (Standing.RENEWS, Standing.CHARGING, Standing.RETRIES, Standing.PAUSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class NextCharge:
    """What is charged, when, and what for; `is_due` once the moment has come."""

    at: datetime
    amount: Decimal
    currency: str
    kind: SubscriptionType
    is_due: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnSubscription:
    """One subscription of a reader; `payment_id` is that of a charge on its way.

    Shape: without a renewal there is no `chain_id`, without a period no `end`.
    """

    kind: SubscriptionType
    standing: Standing
    chain_id: int | None = None
    payment_id: int | None = None
    start: datetime | None = None
    end: datetime | None = None
    has_ended: bool = False
    next: NextCharge | None = None
    failure: Failure | None = None

    @property
    def can_be_stopped(self) -> bool:
        """Whether there is anything left to stop."""
        return self.standing in GOES_ON

    @property
    def can_go_on(self) -> bool:
        """Whether the reader may take the stop back: until the next charge would have been made."""
        if self.standing is Standing.LAST_CHARGE:
            return True
        return self.standing is Standing.STOPPED and self.next is not None and not self.next.is_due


def list_own_subscriptions(session: Session, user_id: int) -> list[OwnSubscription]:
    """Return what a person has, or has lost of late: what renews first, then by its end."""
    now = session.execute(select(db_now())).scalar_one()
    types = {each.id: each for each in list_types(session)}
    rows = list_newest_rows(session, user_id)
    periods = _periods(session, rows)
    failures = _failures(session, rows)
    charges = {due.charge.recurrent.id: due.charge for due in read_due(session, rows, types)}
    found = []
    for row in rows:
        charge, period = charges[row.id], periods.get(row.period_payment_id)
        kind = types[period.subscription_type_id if period else row.subscription_type_id]
        following = NextCharge(
            at=row.charge_at,
            amount=charge.amount,
            currency=charge.currency,
            kind=charge.type,
            is_due=row.charge_at <= now,
        )
        found.append(_as_own(row, kind, period, following, failures.get(row.id), now))
    found += _without_renewal(session, user_id, types)
    shown = [each for each in found if _is_shown(each, now)]
    return sorted(shown, key=lambda each: (each.standing not in GOES_ON, each.end is None, each.end or now))


def list_newest_rows(session: Session, user_id: int) -> Sequence[RecurrentPayment]:
    """Return of each chain the row that is open, or else its last one."""
    chain = RecurrentPayment.payment_method_id
    newest = (
        select(RecurrentPayment)
        .where(RecurrentPayment.user_id == user_id)
        .ext(distinct_on(chain))
        .order_by(chain, RecurrentPayment.state.in_(OPEN).desc(), RecurrentPayment.id.desc())
    )
    return session.execute(newest).scalars().all()


def get_own_subscription(session: Session, user_id: int, chain_id: int) -> OwnSubscription:
    """Return one that has a renewal. Raises: RenewalNotFoundError if the person has no such."""
    mine = list_own_subscriptions(session, user_id)
    found = next((each for each in mine if each.chain_id == chain_id), None)
    if found is None:
        raise RenewalNotFoundError(chain_id)
    return found


def _periods(session: Session, rows: Sequence[RecurrentPayment]) -> Mapping[int, Subscription]:
    """Return, by its payment, the last period that each chain has paid for."""
    found = (
        select(Payment.id, Subscription)
        .join(Subscription, Subscription.id == Payment.subscription_id)
        .where(Payment.id.in_({row.period_payment_id for row in rows}))
    )
    return dict(session.execute(found).all())


def _failures(session: Session, rows: Sequence[RecurrentPayment]) -> Mapping[int, Failure]:
    """Return, by row, why it was not charged: its own reason, or that of the try before it."""
    parents = {row.parent_payment_id for row in rows if row.parent_payment_id != row.period_payment_id}
    found = select(Payment.id, Payment.failure).where(Payment.id.in_(parents), Payment.failure.is_not(None))
    before = dict(session.execute(found).all())
    reasons = {row.id: row.failure or before.get(row.parent_payment_id) for row in rows}
    return {row_id: Failure(reason) for row_id, reason in reasons.items() if reason}


def _as_own(
    row: RecurrentPayment,
    kind: SubscriptionType,
    period: Subscription | None,
    following: NextCharge,
    failure: Failure | None,
    now: datetime,
) -> OwnSubscription:
    end = period.end_time if period else None
    return OwnSubscription(
        kind=kind,
        standing=_standing(row, failure),
        chain_id=row.payment_method_id,
        payment_id=row.payment_id if row.state == R.PENDING else None,
        start=period.start_time if period else None,
        end=end,
        has_ended=(end or row.charge_at) <= now,
        next=following,
        failure=failure,
    )


_STANDINGS: Mapping[str, Standing] = {
    R.USER_STOP: Standing.STOPPED,
    R.ADMIN_STOP: Standing.STOPPED_BY_STAFF,
    R.SYSTEM_STOP: Standing.GIVEN_UP,
}


def _standing(row: RecurrentPayment, failure: Failure | None) -> Standing:
    if row.state == R.PENDING:
        return Standing.LAST_CHARGE if row.stop_wanted else Standing.CHARGING
    if row.state != R.ACTIVE:
        return _STANDINGS.get(row.state, Standing.ENDS)
    if row.paused_at is not None:
        return Standing.PAUSED
    return Standing.RETRIES if failure else Standing.RENEWS


def _without_renewal(
    session: Session, user_id: int, types: Mapping[int, SubscriptionType]
) -> list[OwnSubscription]:
    """Return what runs or will run and hangs on no renewal: a gift, or what was paid once."""
    of_a_chain = (
        select(RecurrentPayment.id)
        .where(
            RecurrentPayment.user_id == user_id,
            or_(
                RecurrentPayment.period_payment_id == Payment.id,
                RecurrentPayment.payment_id == Payment.id,
            ),
        )
        .exists()
    )
    alone = (
        select(Subscription)
        .outerjoin(Payment, Payment.subscription_id == Subscription.id)
        .where(Subscription.user_id == user_id, Subscription.end_time > db_now(), ~of_a_chain)
        .order_by(Subscription.end_time)
    )
    return [
        OwnSubscription(
            kind=types[each.subscription_type_id],
            standing=Standing.ENDS,
            start=each.start_time,
            end=each.end_time,
        )
        for each in session.execute(alone).scalars()
    ]


def _is_shown(own: OwnSubscription, now: datetime) -> bool:
    """What goes on and what runs is; what has ended is for a month."""
    if own.standing in (*GOES_ON, Standing.LAST_CHARGE) or not own.has_ended:
        return True
    last = own.end or (own.next.at if own.next else now)
    return own.chain_id is not None and last > now - ENDED_IS_SHOWN
