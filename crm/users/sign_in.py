"""Let a person in by e-mail and password: one answer and one duration for whatever is wrong."""

from sqlalchemy.orm import Session

from crm.core.clock import db_now
from crm.users.accounts import find_by_email
from crm.users.models import NO_PASSWORD, User
from crm.users.passwords import verify_password


def sign_in(session: Session, *, email: str, password: str, address: str) -> User | None:
    """Return the person and note when and from where, or None: unknown, closed or a wrong password."""
    user = find_by_email(session, email) if "\0" not in email else None
    has_password = user is not None and user.password != NO_PASSWORD
    fits = verify_password(password, user.password if user is not None and has_password else None)
    if user is None or not fits or not user.active or user.deleted_at is not None:
        return None
    user.current_sign_in_at = db_now()
    user.current_sign_in_ip = address
    session.flush()
    return user
