"""What a person was charged, or was to be: the newest first."""

from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core.keyset import ById, KeysetPage, Place, read_page
from crm.payments.models import Payment
from crm.subscriptions.models import Subscription


def list_payments_of(
    session: Session, user_id: int, *, limit: int, after: Place | None = None, before: Place | None = None
) -> KeysetPage[Payment]:
    """Return a page of the person's payments."""
    theirs = select(Payment).where(Payment.user_id == user_id)
    key = ById(Payment.created_at, Payment.id)
    return read_page(session, theirs, key, limit=limit, after=after, before=before)


def read_periods(session: Session, payments: Sequence[Payment]) -> Mapping[int, Subscription]:
    """Return, by payment, the period that each of them has paid for; one that paid for none is not in it."""
    by_subscription = {each.subscription_id: each.id for each in payments if each.subscription_id is not None}
    if not by_subscription:
        return {}
    found = select(Subscription).where(Subscription.id.in_(by_subscription))
    return {by_subscription[each.id]: each for each in session.execute(found).scalars()}
