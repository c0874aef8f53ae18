"""Ask for the password again: a try like one at the door, with its limits, hashed outside any transaction."""

from dataclasses import dataclass
from math import ceil

from sqlalchemy.orm import Session

from crm.core.db import transaction
from crm.core.phone import mask
from crm.users.accounts import get_user
from crm.users.attempts import AttemptStatus, Tried, begin_attempt, settle_attempt
from crm.users.client import Client
from crm.users.masking import mask_email
from crm.users.models import User
from crm.users.passwords import verify_password
from crm.users.phones import find_phone_of


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordCheck:
    """Whether it was right; `retry_after`, in seconds, where a limit has refused to look at it."""

    is_right: bool
    retry_after: int | None = None


def check_own_password(user_id: int, password: str, client: Client) -> PasswordCheck:
    """Check the password of who is signed in. Opens its own transactions."""
    with transaction() as session:
        user = get_user(session, user_id)
        hashed = user.password
        begun = begin_attempt(session, _tried(session, user), client)
    if begun.wait is not None:
        return PasswordCheck(is_right=False, retry_after=max(1, ceil(begun.wait.total_seconds())))
    is_right = verify_password(password, hashed)
    with transaction() as session:
        status = AttemptStatus.OK if is_right else AttemptStatus.WRONG_PASS
        settle_attempt(session, begun.attempt_id, status, user_id=user_id, message="asked again")
    return PasswordCheck(is_right=is_right)


def _tried(session: Session, user: User) -> Tried:
    """Return what the sign-in form would have counted, so that both have one limit."""
    phone = find_phone_of(session, user.id)
    if user.email is not None:
        identity, shown = f"email:{user.email.lower()[:256]}", mask_email(user.email)
    elif phone is not None:
        identity, shown = f"phone:{phone.phone_number}", mask(phone.phone_number)
    else:
        identity, shown = f"user:{user.id}", "***"
    return Tried(identity=identity, shown=shown, user_id=user.id)
