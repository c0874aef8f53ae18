"""Read models of people."""

from collections.abc import Iterable, Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.users.models import User


def read_names(session: Session, user_ids: Iterable[int | None]) -> Mapping[int, str]:
    """Return the names that staff see, by user id."""
    ids = {user_id for user_id in user_ids if user_id is not None}
    if not ids:
        return {}
    rows = session.execute(select(User.id, User.public_name).where(User.id.in_(ids)))
    return {row.id: row.public_name for row in rows}
