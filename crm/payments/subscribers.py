"""The readers who have or had a subscription, each by the one that ends last: who has it longest comes first.

Their state is told from the subscription and the renewals as they stand now; nothing of it is kept.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, exists, func, not_, or_, select, tuple_
from sqlalchemy.orm import Session, aliased

from crm.core.bounded_walk import Walk, WalkedPage, walk_page
from crm.core.clock import db_now
from crm.core.keyset import Place
from crm.payments.due import read_due
from crm.payments.models import Payment, RecurrentPayment
from crm.payments.planning import Planner
from crm.payments.statuses import OPEN, PaymentStatus, RecurrentState
from crm.subscriptions.models import Subscription
from crm.users.models import User

KEY = (Subscription.end_time, Subscription.id)
WALKED = 3000


class State(StrEnum):
    """How a reader stands to us."""

    RENEWING = "renewing"  # will be charged again, and no charge has failed since what they have ended
    STOPPED = "stopped"  # has a subscription that runs out
    FAILED = "failed"  # has none any more, for the charge failed; it may still be tried
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriberFilter:
    """Whom to list; None is "any". `user_ids` are those that a search means."""

    state: State | None = None
    type_id: int | None = None
    user_ids: Collection[int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NextCharge:
    """The charge that is planned, or on its way; `attempt` is 0 for the first try of the period."""

    recurrent_payment_id: int
    charge_at: datetime
    amount: Decimal
    currency: str
    is_pending: bool
    is_paused: bool
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriber:
    """One reader; `last_paid` is the newest payment that was paid, or given back."""

    user: User
    subscription: Subscription
    state: State
    last_paid: Payment | None
    next_charge: NextCharge | None


@dataclass(frozen=True, slots=True)
class _Beside:
    """What belongs to the readers of a page, by their ids."""

    now: datetime
    users: Mapping[int, User]
    newest: Mapping[int, str]  # state of the newest renewal
    charges: Mapping[int, NextCharge]
    fresh: Collection[int]  # who has a charge to come that has not failed yet
    paid: Mapping[int, Payment]


def list_subscribers(
    session: Session,
    wanted: SubscriberFilter,
    *,
    limit: int,
    after: Place | None = None,
    before: Place | None = None,
) -> WalkedPage[Subscription]:
    """Return one page: of each reader the subscription that ends last. Of at most WALKED it is told how they stand."""
    # One that leads to another is not the last; the rest, far fewer, is looked at.
    found = select(Subscription).where(Subscription.next_subscription_id.is_(None))
    if wanted.type_id is not None:
        found = found.where(Subscription.subscription_type_id == wanted.type_id)
    if wanted.user_ids is not None:
        found = found.where(Subscription.user_id.in_(wanted.user_ids))
    condition = _is_last()
    if wanted.state is not None:
        condition = and_(condition, _condition(wanted.state))
    walk = Walk(found, condition, KEY, WALKED)
    return walk_page(session, walk, limit=limit, after=after, before=before)


def read_subscribers_of(session: Session, rows: Sequence[Subscription]) -> list[Subscriber]:
    """Return whose the subscriptions are, their state, last payment and next charge; in a handful of statements."""
    if not rows:
        return []
    ids = [row.user_id for row in rows]
    users = session.execute(select(User).where(User.id.in_(ids))).scalars()
    planned = _list_open(session, ids)
    beside = _Beside(
        now=session.execute(select(db_now())).scalar_one(),
        users={user.id: user for user in users},
        newest=_read_newest(session, ids),
        charges=_next_charges(session, planned),
        fresh={row.user_id for row in planned if row.attempt == 0 and row.failure is None},
        paid=_read_last_paid(session, ids),
    )
    return [_subscriber(row, beside) for row in rows]


def _subscriber(row: Subscription, beside: _Beside) -> Subscriber:
    return Subscriber(
        user=beside.users[row.user_id],
        subscription=row,
        state=_state(row, beside),
        last_paid=beside.paid.get(row.user_id),
        next_charge=beside.charges.get(row.user_id),
    )


def _state(row: Subscription, beside: _Beside) -> State:
    has_charge = row.user_id in beside.charges
    if row.end_time > beside.now:
        return State.RENEWING if has_charge else State.STOPPED
    if row.user_id in beside.fresh:
        return State.RENEWING
    given_up = beside.newest.get(row.user_id) == RecurrentState.SYSTEM_STOP
    return State.FAILED if has_charge or given_up else State.ENDED


def _list_open(session: Session, user_ids: Collection[int]) -> Sequence[RecurrentPayment]:
    """Return the charges that are planned or on their way, the last first."""
    found = select(RecurrentPayment).where(
        RecurrentPayment.user_id.in_(user_ids), RecurrentPayment.state.in_(OPEN)
    )
    return session.execute(found.order_by(RecurrentPayment.charge_at.desc())).scalars().all()


def _next_charges(session: Session, rows: Sequence[RecurrentPayment]) -> Mapping[int, NextCharge]:
    """Return what each person is charged next, by their id; of several charges the first."""
    due = read_due(session, rows, Planner(session).types) if rows else []
    return {
        row.user_id: NextCharge(
            recurrent_payment_id=row.id,
            charge_at=row.charge_at,
            amount=each.charge.amount,
            currency=each.charge.currency,
            is_pending=row.state == RecurrentState.PENDING,
            is_paused=row.paused_at is not None,
            attempt=row.attempt,
        )
        for row, each in zip(rows, due, strict=True)
    }


def _read_newest(session: Session, user_ids: Collection[int]) -> Mapping[int, str]:
    newest = select(func.max(RecurrentPayment.id)).where(RecurrentPayment.user_id.in_(user_ids))
    found = select(RecurrentPayment.user_id, RecurrentPayment.state).where(
        RecurrentPayment.id.in_(newest.group_by(RecurrentPayment.user_id))
    )
    return dict(session.execute(found).all())


def _read_last_paid(session: Session, user_ids: Collection[int]) -> Mapping[int, Payment]:
    """Return the newest payment of each person that was paid; newest by its making."""
    one = aliased(Payment)
    newest = (
        select(one.id)
        .where(one.user_id == User.id, one.status.in_((PaymentStatus.PAID, PaymentStatus.REFUND)))
        .order_by(one.id.desc())
        .limit(1)
        .correlate(User)
        .scalar_subquery()
    )
    wanted = select(newest).select_from(User).where(User.id.in_(user_ids))
    found = session.execute(select(Payment).where(Payment.id.in_(wanted))).scalars()
    return {payment.user_id: payment for payment in found}


def _is_last() -> ColumnElement[bool]:
    """Return the condition that no subscription of the same reader ends later."""
    later = aliased(Subscription)
    ends_later = tuple_(later.end_time, later.id) > tuple_(Subscription.end_time, Subscription.id)
    return not_(exists().where(later.user_id == Subscription.user_id, ends_later))


def _runs() -> ColumnElement[bool]:
    return Subscription.end_time > db_now()


def _has_charge(*, fresh: bool = False) -> ColumnElement[bool]:
    """Return the condition that a charge is planned or on its way; a fresh one has not failed yet."""
    row = aliased(RecurrentPayment)
    found = select(row.id).where(row.user_id == Subscription.user_id, row.state.in_(OPEN))
    if fresh:
        found = found.where(row.attempt == 0, row.failure.is_(None))
    # Looked up for each reader of the walk: gathered for all of them at once it would take longer than the page may.
    return found.limit(1).correlate(Subscription).scalar_subquery().is_not(None)


def _was_given_up() -> ColumnElement[bool]:
    row = aliased(RecurrentPayment)
    newest = select(row.state).where(row.user_id == Subscription.user_id).order_by(row.id.desc()).limit(1)
    state = newest.correlate(Subscription).scalar_subquery()
    return state.is_not_distinct_from(RecurrentState.SYSTEM_STOP)  # NULL where there never was a renewal


def _condition(state: State) -> ColumnElement[bool]:
    match state:
        case State.RENEWING:
            return or_(and_(_runs(), _has_charge()), _has_charge(fresh=True))
        case State.STOPPED:
            return and_(_runs(), not_(_has_charge()))
        case State.FAILED:
            tried_or_given_up = or_(_has_charge(), _was_given_up())
            return and_(not_(_runs()), not_(_has_charge(fresh=True)), tried_or_given_up)
        case State.ENDED:
            return and_(not_(_runs()), not_(_has_charge()), not_(_was_given_up()))
