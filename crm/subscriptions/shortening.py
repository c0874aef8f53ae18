"""Cut a subscription short; what follows it without a gap moves with its end.

Source: behaviour.md 10.4 (SubscriptionShortenedHandlerTest, NextSubscriptionIdTest).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.subscriptions.errors import LongerEndError
from crm.subscriptions.events import tell_ends
from crm.subscriptions.lifecycle import link_following, lock_readers
from crm.subscriptions.models import Subscription
from crm.subscriptions.newsroom import current_zone
from crm.subscriptions.periods import days_between, moved
from crm.subscriptions.statuses import InternalStatus, status_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A subscription whose time is another one now, for those who planned something by its end."""

    subscription_id: int
    old_end: datetime
    new_end: datetime


def end_now(session: Session, subscription: Subscription, reason: str) -> Sequence[Move]:
    """End a subscription at once; one that has not begun never will. The reason becomes its note."""
    now = lock_readers(session, [subscription.user_id])
    session.refresh(subscription)
    end = min(subscription.end_time, max(now, subscription.start_time))
    return _shorten(session, subscription, end, reason, now)


def shorten(session: Session, subscription: Subscription, end: datetime, reason: str) -> Sequence[Move]:
    """Let a subscription end earlier, at its start at the earliest.

    Shape: what moved, the subscription itself first; empty if it ended then already.
    Raises: LongerEndError.
    """
    now = lock_readers(session, [subscription.user_id])
    session.refresh(subscription)
    if end > subscription.end_time:
        raise LongerEndError
    return _shorten(session, subscription, max(end, subscription.start_time), reason, now)


def _shorten(
    session: Session, subscription: Subscription, end: datetime, reason: str, now: datetime
) -> Sequence[Move]:
    if end == subscription.end_time:
        return []
    followers = _list_following(session, subscription)
    moves = [_set_period(subscription, subscription.start_time, end, now)]
    subscription.note = "\n".join(part for part in (subscription.note, reason) if part)
    for follower in followers:
        start = moves[-1].new_end
        later = moved(follower.start_time, follower.end_time, to=start, zone=current_zone())
        moves.append(_set_period(follower, start, later, now))
    session.flush()
    link_following(session, [subscription.user_id], since=min(now, end))
    changed = (subscription, *followers)
    tell_ends(session, [each.id for each in changed if each.internal_status == InternalStatus.AFTER_END])
    return moves


def _list_following(session: Session, subscription: Subscription) -> list[Subscription]:
    """Return the chain that begins when the subscription ends, without a gap, in its order."""
    later = select(Subscription).where(
        Subscription.user_id == subscription.user_id, Subscription.start_time >= subscription.end_time
    )
    chain, end = [], subscription.end_time
    for each in session.execute(later.order_by(Subscription.start_time, Subscription.id)).scalars():
        if each.id != subscription.id and each.start_time == end and each.end_time > each.start_time:
            chain.append(each)
            end = each.end_time
    return chain


def _set_period(subscription: Subscription, start: datetime, end: datetime, now: datetime) -> Move:
    move = Move(subscription_id=subscription.id, old_end=subscription.end_time, new_end=end)
    subscription.start_time, subscription.end_time = start, end
    subscription.length = days_between(start, end, current_zone())
    subscription.internal_status = status_at(now, start, end)
    return move
