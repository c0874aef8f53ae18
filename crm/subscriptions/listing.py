"""The list of subscriptions: by where they stand, what they are of, whether they renew, and when they end."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import not_, select
from sqlalchemy.orm import Session

from crm.core.clock import db_now
from crm.core.keyset import KeysetPage, Place, read_oldest_first, read_page
from crm.subscriptions.models import Subscription
from crm.subscriptions.statuses import InternalStatus

KEY = (Subscription.end_time, Subscription.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionFilter:
    """Which subscriptions to list; None is "any". `ends_within` is counted from now."""

    status: InternalStatus | None = None
    type_id: int | None = None
    is_recurrent: bool | None = None
    ends_within: timedelta | None = None
    user_id: int | None = None


def list_all(
    session: Session,
    wanted: SubscriptionFilter,
    *,
    limit: int,
    after: Place | None = None,
    before: Place | None = None,
) -> KeysetPage[Subscription]:
    """Return one page: the one that ends last first; of those that end soon the soonest first."""
    found = select(Subscription)
    if wanted.status is not None:
        found = found.where(Subscription.internal_status == wanted.status)
    if wanted.type_id is not None:
        found = found.where(Subscription.subscription_type_id == wanted.type_id)
    if wanted.is_recurrent is not None:
        # Written as the index has it: with IS FALSE it would not be seen.
        renews = Subscription.is_recurrent
        found = found.where(renews if wanted.is_recurrent else not_(renews))
    if wanted.user_id is not None:
        found = found.where(Subscription.user_id == wanted.user_id)
    if wanted.ends_within is None:
        return read_page(session, found, KEY, limit=limit, after=after, before=before)
    soon = found.where(
        Subscription.end_time > db_now(), Subscription.end_time <= db_now() + wanted.ends_within
    )
    return read_oldest_first(session, soon, KEY, limit=limit, after=after, before=before)
