"""Create, find and confirm people."""

from collections.abc import Sequence

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from crm.core.clock import db_now
from crm.users.errors import EmailTakenError, InvalidUserError, UserNotFoundError
from crm.users.models import NO_PASSWORD, User
from crm.users.passwords import hash_password
from crm.users.phones import link_phone
from crm.users.roles import Role

LONGEST_EMAIL = 255


def create_user(
    session: Session,
    *,
    email: str | None = None,
    phone: str | None = None,
    password: str | None = None,
    role: str = Role.CUSTOMER,
    public_name: str | None = None,
) -> User:
    """Add a person; without an e-mail the number is the name that staff see.

    Raises: InvalidUserError, EmailTakenError, InvalidPhoneError, PhoneTakenError.
    """
    address = _checked_email(email)
    if address is None and not phone:
        raise InvalidUserError("A user needs an e-mail or a phone number.")
    if role not in set(Role):
        raise InvalidUserError(f"There is no role {role!r}. The roles are: {', '.join(Role)}.")
    user = User(
        email=address,
        public_name=public_name or address or str(phone),
        password=hash_password(password) if password else NO_PASSWORD,
        role=role,
    )
    try:
        with session.begin_nested():
            session.add(user)
    except IntegrityError as error:
        raise EmailTakenError(str(address)) from error
    if phone:
        linked = link_phone(session, phone, user.id)
        if not (public_name or address):
            user.public_name = linked.phone_number
    return user


def find_by_email(session: Session, email: str) -> User | None:
    """Return the owner of the address, however it is capitalised."""
    return session.execute(
        select(User).where(func.lower(User.email) == email.strip().lower())
    ).scalar_one_or_none()


def get_user(session: Session, user_id: int) -> User:
    """Return the user.

    Raises: UserNotFoundError.
    """
    user = session.get(User, user_id)
    if user is None:
        raise UserNotFoundError(user_id)
    return user


def confirm_many(session: Session, user_ids: Sequence[int]) -> None:
    """Confirm the accounts that are not confirmed yet."""
    waiting = update(User).where(User.id.in_(user_ids), User.confirmed_at.is_(None))
    session.execute(waiting.values(confirmed_at=db_now()))


def _checked_email(email: str | None) -> str | None:
    if not email or not email.strip():
        return None
    address = email.strip()
    local, _, domain = address.rpartition("@")
    plain = address.isprintable() and not any(character.isspace() for character in address)
    if not local or "." not in domain.strip(".") or len(address) > LONGEST_EMAIL or not plain:
        raise InvalidUserError(f"{address[:80]!r} is no e-mail address; write it like eva@example.sk.")
    return address
