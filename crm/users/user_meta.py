"""Remarks about people, by key: what other systems noted, and whether an account was ever claimed."""

from collections.abc import Mapping

from sqlalchemy import ColumnElement, SQLColumnExpression, delete, exists, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from crm.users.models import UserMeta

UNCLAIMED = "unclaimed_user"
_YES = "1"


def is_unclaimed(session: Session, user_id: int) -> bool:
    """Return whether the account was made for somebody who has not registered yet."""
    return bool(session.execute(select(unclaimed(user_id))).scalar_one())


def unclaimed(user_id: int | SQLColumnExpression[int]) -> ColumnElement[bool]:
    """Return the SQL condition that an account waits for its owner."""
    return exists().where(UserMeta.user_id == user_id, UserMeta.key == UNCLAIMED, UserMeta.value == _YES)


def mark_unclaimed(session: Session, user_id: int) -> None:
    """Note that the account waits for its owner."""
    set_meta(session, user_id, UNCLAIMED, _YES)


def mark_claimed(session: Session, user_id: int) -> None:
    """Note that the owner has come."""
    session.execute(delete(UserMeta).where(UserMeta.user_id == user_id, UserMeta.key == UNCLAIMED))


def set_meta(session: Session, user_id: int, key: str, value: str, *, is_public: bool = False) -> None:
    """Store a remark; the one before it under the same key goes."""
    statement = insert(UserMeta).values(user_id=user_id, key=key, value=value, is_public=is_public)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["user_id", "key"],
            set_={"value": value, "is_public": is_public, "updated_at": func.crm_now()},
        )
    )


def read_public_meta(session: Session, user_id: int) -> Mapping[str, str]:
    """Return the remarks that the person's own programs may see."""
    found = select(UserMeta.key, UserMeta.value).where(UserMeta.user_id == user_id, UserMeta.is_public)
    return {row.key: row.value for row in session.execute(found.order_by(UserMeta.key))}
