"""Subscription types, and subscriptions as readers have them."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from crm.core.clock import db_now
from crm.core.db import transaction
from crm.subscriptions.lifecycle import Start, start_many
from crm.subscriptions.models import Subscription, SubscriptionType

DAY = timedelta(days=1)


def make_type(code: str = "month", **values: Any) -> int:
    """Add a type of 30 days for 4.99 unless something else is said, and return its id."""
    wanted = {"name": code, "user_label": code, "price": "4.99", "length": 30} | values
    with transaction() as session:
        kind = SubscriptionType(code=code, **wanted)
        session.add(kind)
        session.flush()
        return kind.id


def make_subscription(
    user_id: int, type_id: int, *, start: timedelta = -5 * DAY, end: timedelta = 25 * DAY, **values: Any
) -> int:
    """Add a row as it is, its times counted from now, and return its id."""
    with transaction() as session:
        now = session.execute(select(db_now())).scalar_one()
        row = Subscription(
            user_id=user_id,
            subscription_type_id=type_id,
            start_time=now + start,
            end_time=now + end,
            length=(end - start).days,
            **values,
        )
        session.add(row)
        session.flush()
        return row.id


def read_now() -> datetime:
    """Return the database's time."""
    with transaction() as session:
        return session.execute(select(db_now())).scalar_one()


def start_one(user_id: int, type_id: int, **values: Any) -> int:
    """Begin a subscription that is paid now, and return its id."""
    with transaction() as session:
        wanted = {"paid_at": session.execute(select(db_now())).scalar_one()} | values
        kind = session.get_one(SubscriptionType, type_id)
        [begun] = start_many(session, [Start(user_id=user_id, type=kind, **wanted)])
        assert begun is not None
        return begun.id
