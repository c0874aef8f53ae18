"""Create, find and confirm people."""

from collections.abc import Sequence

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from crm.core.clock import db_now
from crm.core.errors import N_
from crm.users.audit_log import record_act
from crm.users.codes import end_codes_of
from crm.users.email_addresses import is_email_address
from crm.users.errors import EmailTakenError, InvalidEmailError, InvalidUserError, UserNotFoundError
from crm.users.models import NO_PASSWORD, User
from crm.users.passwords import check_choice, hash_password
from crm.users.phones import link_phone
from crm.users.roles import Role
from crm.users.sessions import EndReason, end_all


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
    address = checked_email(email)
    if address is None and not phone:
        raise InvalidUserError(N_("A user needs an e-mail or a phone number."))
    user = User(
        email=address,
        public_name=public_name or address or str(phone),
        password=hash_password(password) if password else NO_PASSWORD,
        role=_checked_role(role),
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


def get_user(session: Session, user_id: int) -> User:
    """Return the user.

    Raises: UserNotFoundError.
    """
    user = session.get(User, user_id)
    if user is None:
        raise UserNotFoundError(user_id)
    return user


def change_password(
    session: Session, user: User, new: str, *, keep_session: int | None = None, new_hash: str | None = None
) -> None:
    """Set a password that a person has chosen; every sign-in but the one kept ends, and so do open codes.

    `new_hash` is made beforehand with `hash_password`, so that no transaction waits for it.
    Raises: InvalidUserError if the password is too short, too long or too common.
    """
    check_new_password(user, new)
    user.password = new_hash or hash_password(new)
    session.flush()  # waits for a sign-in with the old password, so that its session ends as well
    end_all(session, user.id, reason=EndReason.PASSWORD_CHANGED, but=keep_session)
    end_codes_of(session, user.id)


def check_new_password(user: User, new: str) -> None:
    """Refuse a password that is no good for this person.

    Raises: InvalidUserError.
    """
    check_choice(new, names=(user.email, user.public_name, user.first_name, user.last_name))


def change_role(session: Session, user: User, role: str, *, reason: str = "") -> None:
    """Give the person another role; every sign-in ends, so that nobody goes on with the rights of before.

    Raises: InvalidUserError for a role that does not exist.
    """
    wanted = _checked_role(role)
    if wanted == user.role:
        return
    before, user.role = user.role, wanted
    session.flush()  # waits for a sign-in with the old role, so that its session ends as well
    end_all(session, user.id, reason=EndReason.ROLE_CHANGED)
    record_act(
        session,
        "user.role",
        f"user {user.id}",
        before={"role": before},
        after={"role": wanted},
        reason=reason,
    )


def confirm_many(session: Session, user_ids: Sequence[int]) -> None:
    """Confirm the accounts that are not confirmed yet."""
    waiting = update(User).where(User.id.in_(user_ids), User.confirmed_at.is_(None))
    session.execute(waiting.values(confirmed_at=db_now()))


def checked_email(email: str | None) -> str | None:
    """Return the address as it is stored, None for none.

    Raises: InvalidUserError.
    """
    if not email or not email.strip():
        return None
    address = email.strip()
    if not is_email_address(address):
        raise InvalidEmailError(address)
    return address


def _checked_role(role: str) -> Role:
    if role not in set(Role):
        told = N_("There is no role %(role)s. The roles are: %(roles)s.")
        raise InvalidUserError(told, role=repr(role), roles=", ".join(Role))
    return Role(role)
