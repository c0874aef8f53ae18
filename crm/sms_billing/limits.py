"""How often may one person have a type? Its `limit_per_user` counts all that they ever had of it."""

from collections.abc import Collection, Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.sms_billing.sale import Sale
from crm.subscriptions.models import Subscription


def read_used_up(session: Session, user_ids: Collection[int], sales: Sequence[Sale]) -> set[tuple[int, int]]:
    """Return who may have which type no more, as (user id, type id)."""
    limits = {
        sale.type.id: sale.type.limit_per_user for sale in sales if sale.type.limit_per_user is not None
    }
    if not (limits and user_ids):
        return set()
    user_id, type_id = Subscription.user_id, Subscription.subscription_type_id
    had = select(user_id, type_id, func.count()).where(user_id.in_(user_ids), type_id.in_(limits))
    return {
        (person, kind)
        for person, kind, times in session.execute(had.group_by(user_id, type_id))
        if times >= limits[kind]
    }
