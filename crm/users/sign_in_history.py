"""The tries to sign in to an account, as its owner may see them."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.users.models import LoginAttempt

SHOWN = 20


def list_attempts_at(session: Session, user_id: int, *, limit: int = SHOWN) -> Sequence[LoginAttempt]:
    """Return the last tries at the account, newest first."""
    found = (
        select(LoginAttempt)
        .where(LoginAttempt.user_id == user_id)
        .order_by(LoginAttempt.created_at.desc(), LoginAttempt.id.desc())
    )
    return session.execute(found.limit(limit)).scalars().all()
