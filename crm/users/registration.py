"""Registration by the publisher's other systems: a new account, or one that has waited for its owner.

An *unclaimed* account is made for somebody who has not registered yet; nobody can sign in to it. The first
normal registration with its e-mail or its number claims it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from crm.core.errors import N_
from crm.core.phone import to_local
from crm.users.accounts import confirm_many, create_user
from crm.users.audit_log import record_act
from crm.users.email_addresses import is_email_address
from crm.users.errors import EmailTakenError, InvalidEmailError, PhoneTakenError, UserNotFoundError
from crm.users.models import NO_PASSWORD, User
from crm.users.phones import link_phone
from crm.users.queries import find_by_email, find_by_phone
from crm.users.user_meta import is_unclaimed, mark_claimed, mark_unclaimed, set_meta


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """What another system tells of a person: an e-mail, a number in any spelling, or both, and more.

    `remarks` are kept in the user's meta.
    """

    email: str | None = None
    phone: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    ext_id: int | None = None
    source: str = "api"
    referer: str | None = None
    note: str | None = None
    locale: str | None = None
    is_unclaimed: bool = False
    remarks: Mapping[str, str] = field(default_factory=dict)


def register(session: Session, wish: Registration, *, password_hash: str | None = None) -> User:
    """Add the person, or give an unclaimed account to its owner; without a hash no password opens it.

    Raises: InvalidEmailError, InvalidPhoneError, EmailTakenError, PhoneTakenError.
    """
    _check_names(wish)
    waiting = _find_waiting(session, wish)
    if waiting is None:
        user = create_user(session, email=wish.email, phone=wish.phone)
        if wish.is_unclaimed:
            mark_unclaimed(session, user.id)
    else:
        user = _claim(session, waiting, wish)
    user.password = password_hash or NO_PASSWORD
    _fill_in(user, wish)
    for key, value in wish.remarks.items():
        set_meta(session, user.id, key, value)
    session.flush()
    session.refresh(user)
    record_act(
        session,
        "user.create" if waiting is None else "user.claim",
        f"user {user.id}",
        after={
            "email": user.email,
            "phone": wish.phone,
            "source": user.source,
            "unclaimed": wish.is_unclaimed,
        },
    )
    return user


def confirm_by_email(session: Session, email: str) -> User:
    """Confirm the account of an address; one that is confirmed stays as it is.

    Raises: UserNotFoundError.
    """
    user = find_by_email(session, email)
    if user is None:
        raise UserNotFoundError(email)
    if user.confirmed_at is None:
        confirm_many(session, [user.id])
        record_act(session, "user.confirm", f"user {user.id}")
    return user


def _check_names(wish: Registration) -> None:
    if (wish.email or not wish.phone) and not is_email_address(wish.email or ""):
        raise InvalidEmailError(wish.email or "")
    if wish.phone:
        to_local(wish.phone)


def _find_waiting(session: Session, wish: Registration) -> User | None:
    """Return the unclaimed account that the registration claims, locked; None if a new one is to be made.

    Raises: EmailTakenError, PhoneTakenError if the e-mail or the number belongs to somebody else.
    """
    by_email = find_by_email(session, wish.email) if wish.email else None
    by_phone = find_by_phone(session, to_local(wish.phone)) if wish.phone else None
    if by_email is not None and not _may_claim(session, by_email, wish):
        raise EmailTakenError(str(wish.email))
    if by_phone is not None and not _may_claim(session, by_phone, wish):
        raise _phone_taken(wish)
    if by_email is not None and by_phone is not None and by_email.id != by_phone.id:
        raise _phone_taken(wish)
    if by_phone is not None and by_phone.email and wish.email and by_email is None:
        raise _phone_taken(wish)
    return by_email or by_phone


def _may_claim(session: Session, owner: User, wish: Registration) -> bool:
    """Lock the account first: of two who claim it at once, one comes too late."""
    session.execute(select(User.id).where(User.id == owner.id).with_for_update())
    return not wish.is_unclaimed and owner.active and is_unclaimed(session, owner.id)


def _claim(session: Session, user: User, wish: Registration) -> User:
    if wish.phone:
        link_phone(session, wish.phone, user.id)
    if wish.email and not user.email:
        try:
            with session.begin_nested():
                user.email = wish.email
        except IntegrityError as error:
            raise EmailTakenError(wish.email) from error
    mark_claimed(session, user.id)
    return user


def _fill_in(user: User, wish: Registration) -> None:
    """Write down what was told; what was not told stays as it is."""
    user.source = wish.source
    told = {
        "first_name": wish.first_name,
        "last_name": wish.last_name,
        "ext_id": wish.ext_id,
        "referer": wish.referer,
        "note": wish.note,
        "locale": wish.locale,
    }
    for name, value in told.items():
        if value is not None:
            setattr(user, name, value)


def _phone_taken(wish: Registration) -> PhoneTakenError:
    return PhoneTakenError(N_("The number %(phone)s belongs to another user."), phone=wish.phone)
