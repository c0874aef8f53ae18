"""Read models of subscription types and of subscriptions."""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from crm.core.clock import db_now
from crm.subscriptions.errors import SubscriptionTypeNotFoundError
from crm.subscriptions.models import (
    Subscription,
    SubscriptionType,
    SubscriptionTypeItem,
    SubscriptionTypeMeta,
)
from crm.subscriptions.short_names import KEY, short_name_of


def list_types(session: Session) -> Sequence[SubscriptionType]:
    """Return all types in the order that staff gave them."""
    ordered = select(SubscriptionType).order_by(SubscriptionType.sorting, SubscriptionType.code)
    return session.execute(ordered).scalars().all()


def find_type(session: Session, code: str) -> SubscriptionType | None:
    """Return the type with that code."""
    if "\0" in code:  # the one character that the database cannot be asked about
        return None
    return session.execute(select(SubscriptionType).where(SubscriptionType.code == code)).scalar_one_or_none()


def get_type(session: Session, code: str) -> SubscriptionType:
    """Return the type with that code.

    Raises: SubscriptionTypeNotFoundError.
    """
    found = find_type(session, code)
    if found is None:
        raise SubscriptionTypeNotFoundError(code)
    return found


def read_types(session: Session, type_ids: Collection[int | None]) -> Mapping[int, SubscriptionType]:
    """Return types by their ids."""
    ids = {type_id for type_id in type_ids if type_id is not None}
    if not ids:
        return {}
    found = session.execute(select(SubscriptionType).where(SubscriptionType.id.in_(ids))).scalars()
    return {each.id: each for each in found}


def read_written_short_names(session: Session, type_ids: Collection[int]) -> Mapping[int, str]:
    """Return the short names that staff wrote, by type id; a type without one is not there."""
    meta = SubscriptionTypeMeta
    rows = session.execute(
        select(meta.subscription_type_id, meta.value).where(
            meta.subscription_type_id.in_(type_ids), meta.key == KEY
        )
    )
    return {row.subscription_type_id: row.value for row in rows}


def read_short_names(session: Session, type_ids: Collection[int]) -> Mapping[int, str]:
    """Return how types are called in an SMS, by id; one whose label has no ASCII likeness by its code."""
    meta = SubscriptionTypeMeta
    written = and_(meta.subscription_type_id == SubscriptionType.id, meta.key == KEY)
    rows = session.execute(
        select(SubscriptionType.id, SubscriptionType.code, SubscriptionType.user_label, meta.value)
        .outerjoin(meta, written)
        .where(SubscriptionType.id.in_(type_ids))
    )
    return {row.id: short_name_of(row.value, row.user_label) or row.code for row in rows}


def list_items(session: Session, type_ids: Collection[int]) -> Sequence[SubscriptionTypeItem]:
    """Return the items that types cost today, in their order."""
    item = SubscriptionTypeItem
    there = select(item).where(item.subscription_type_id.in_(type_ids), item.deleted_at.is_(None))
    return session.execute(there.order_by(item.subscription_type_id, item.sorting, item.id)).scalars().all()


def list_subscriptions(session: Session, user_id: int, *, limit: int = 100) -> Sequence[Subscription]:
    """Return what a person has and had, the one that ends last first."""
    theirs = select(Subscription).where(Subscription.user_id == user_id)
    newest = theirs.order_by(Subscription.end_time.desc(), Subscription.id.desc()).limit(limit)
    return session.execute(newest).scalars().all()


def find_running(session: Session, user_id: int, type_id: int | None = None) -> Subscription | None:
    """Return what a person has right now, of that type or of any; of several the one that ends last."""
    running = select(Subscription).where(
        Subscription.user_id == user_id,
        Subscription.start_time <= db_now(),
        Subscription.end_time > db_now(),
    )
    if type_id is not None:
        running = running.where(Subscription.subscription_type_id == type_id)
    last = running.order_by(Subscription.end_time.desc(), Subscription.id.desc()).limit(1)
    return session.execute(last).scalar_one_or_none()
