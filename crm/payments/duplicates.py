"""Readers who pay for several renewals at once: meant by some, an oversight of others."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.payments.models import RecurrentPayment
from crm.payments.statuses import OPEN


@dataclass(frozen=True, slots=True, kw_only=True)
class Duplicate:
    """A reader with more than one open renewal; `same_type` if two of them are for the same."""

    user_id: int
    same_type: bool
    rows: Sequence[RecurrentPayment]


def list_duplicates(session: Session, *, limit: int) -> Sequence[Duplicate]:
    """Return readers with several open renewals, those who pay twice for the same first."""
    types = func.count(RecurrentPayment.subscription_type_id.distinct())
    same_type = (func.count() > types).label("same_type")
    several = (
        select(RecurrentPayment.user_id, same_type)
        .where(RecurrentPayment.state.in_(OPEN))
        .group_by(RecurrentPayment.user_id)
        .having(func.count() > 1)
        .order_by(same_type.desc(), RecurrentPayment.user_id)
        .limit(limit)
    )
    found = dict(session.execute(several).all())
    rows = (
        select(RecurrentPayment)
        .where(RecurrentPayment.user_id.in_(found), RecurrentPayment.state.in_(OPEN))
        .order_by(RecurrentPayment.subscription_type_id, RecurrentPayment.id)
    )
    by_user: dict[int, list[RecurrentPayment]] = {user_id: [] for user_id in found}
    for row in session.execute(rows).scalars() if found else ():
        by_user[row.user_id].append(row)
    return [
        Duplicate(user_id=user_id, same_type=same, rows=by_user[user_id]) for user_id, same in found.items()
    ]
