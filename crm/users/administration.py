"""What staff do to a person, each act with its entry in the audit log.

Two things nobody can do: shut out the last active administrator, or close one's own account.
"""

from dataclasses import asdict, dataclass

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from crm.core.clock import db_now
from crm.core.errors import N_
from crm.users.accounts import change_role, checked_email, create_user
from crm.users.audit_log import find_actor, record_act
from crm.users.client import Client
from crm.users.codes import ask_for_code, end_codes_of
from crm.users.errors import (
    EmailTakenError,
    InvalidUserError,
    LastAdminError,
    NoNumberError,
    OwnAccountError,
    StaffNumberError,
)
from crm.users.languages import LOCALES
from crm.users.models import User
from crm.users.phones import find_phones_of, link_phone, unlink_phone
from crm.users.roles import STAFF, Permission, Role, may
from crm.users.sessions import EndReason, end_all, end_one


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """What staff may write about a person; an empty text is nothing."""

    public_name: str
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    locale: str = ""
    note: str = ""


def add_person(
    session: Session,
    *,
    email: str | None = None,
    phone: str | None = None,
    password: str | None = None,
    role: str = Role.CUSTOMER,
    public_name: str | None = None,
) -> User:
    """Add a person as `create_user` does.

    Raises: InvalidUserError, EmailTakenError, InvalidPhoneError, PhoneTakenError.
    """
    user = create_user(
        session, email=email, phone=phone, password=password, role=role, public_name=public_name
    )
    number = find_phones_of(session, [user.id]).get(user.id)
    after = {"public_name": user.public_name, "email": user.email, "phone": number, "role": user.role}
    record_act(session, "user.create", _subject(user), after=after)
    return user


def edit_person(session: Session, user: User, details: Details) -> bool:
    """Write the details down; return whether anything is different now.

    Raises: InvalidUserError, EmailTakenError.
    """
    before = _details_of(user)
    after = _checked(session, user, details)
    if after == before:
        return False
    for name, value in after.items():
        setattr(user, name, value)
    if after["email"] != before["email"]:
        user.email_validated_at = None
    try:
        with session.begin_nested():
            session.flush()
    except IntegrityError as error:
        raise EmailTakenError(str(after["email"])) from error
    record_act(session, "user.edit", _subject(user), before=before, after=after)
    return True


def set_role(session: Session, user: User, role: str, *, reason: str = "") -> None:
    """Give the person another role; every sign-in ends.

    Raises: InvalidUserError, LastAdminError.
    """
    if role != Role.ADMIN:
        _keep_an_admin(session, user)
    change_role(session, user, role, reason=reason)


def link_number(session: Session, user: User, phone: str, *, by_role: str, reason: str = "") -> str:
    """Bind the number to the person and return it in its local form; the same again changes nothing.

    `by_role` is the role of who does it: see StaffNumberError.
    Raises: InvalidPhoneError, PhoneTakenError if either side is bound already, StaffNumberError.
    """
    had = find_phones_of(session, [user.id]).get(user.id)
    local = link_phone(session, phone, user.id, reason=reason).phone_number
    _check_may_bind(session, user, by_role)
    if had is None:
        record_act(session, "user.link_number", _subject(user), after={"phone": local}, reason=reason)
    return local


def unlink_number(
    session: Session, user: User, *, by_role: str, reason: str, phone: str | None = None
) -> str:
    """Take the number from the person: open codes and sign-ins end, for whoever has the number may have made them.

    With `phone`, its local form, it is done only if that is the person's number still.
    Raises: NoNumberError, StaffNumberError.
    """
    local = unlink_phone(session, user.id, phone=phone, reason=reason)
    _check_may_bind(session, user, by_role)
    _shut(session, user, EndReason.ENDED_BY_STAFF)
    record_act(session, "user.unlink_number", _subject(user), before={"phone": local}, reason=reason)
    return local


def may_bind_number(by_role: str, role: str) -> bool:
    """Return whether somebody with the one role links and unlinks numbers of people with the other.

    Whoever has a number in hand can sign in by a code to it: so who may not look after people binds none to
    an account that may do more than a reader's.
    """
    return may(by_role, Permission.MANAGE_PEOPLE) or (may(by_role, Permission.ANSWER) and role not in STAFF)


def deactivate(session: Session, user: User, *, reason: str) -> None:
    """Close the account: sign-ins, tokens and open codes end with it.

    Raises: OwnAccountError, LastAdminError.
    """
    actor = find_actor()
    if actor is not None and actor.user_id == user.id:
        raise OwnAccountError
    _keep_an_admin(session, user)
    if not user.active:
        return
    user.active = False
    _shut(session, user, EndReason.DEACTIVATED)
    _record_active(session, user, reason)


def activate(session: Session, user: User, *, reason: str) -> None:
    """Open a closed account again."""
    session.refresh(user, with_for_update=True)
    if user.active:
        return
    user.active = True
    _record_active(session, user, reason)


def confirm_person(session: Session, user: User) -> None:
    """Note that the account is its owner's; once is enough."""
    session.refresh(user, with_for_update=True)
    if user.confirmed_at is not None:
        return
    user.confirmed_at = session.execute(select(db_now())).scalar_one()
    record_act(session, "user.confirm", _subject(user))


def send_password_code(session: Session, user: User, client: Client) -> None:
    """Send a code to the person's number, with which a new password can be chosen.

    Raises: InvalidUserError for a closed account, NoNumberError, TooManyCodesError.
    """
    if not user.active:
        raise InvalidUserError(N_("The account is closed. Activate it first."))
    number = find_phones_of(session, [user.id]).get(user.id)
    if number is None:
        raise NoNumberError
    ask_for_code(session, number, client)
    record_act(session, "user.send_code", _subject(user))


def end_sign_in(session: Session, user: User, session_id: int) -> bool:
    """End one sign-in of the person; return False if it has ended already."""
    ended = end_one(session, user.id, session_id, reason=EndReason.ENDED_BY_STAFF)
    if ended:
        record_act(session, "user.end_sign_in", _subject(user), before={"sign_in": session_id})
    return ended


def end_sign_ins(session: Session, user: User) -> int:
    """End every sign-in of the person; return how many there were."""
    ended = end_all(session, user.id, reason=EndReason.ENDED_BY_STAFF)
    if ended:
        record_act(session, "user.end_sign_ins", _subject(user), before={"sign_ins": ended})
    return ended


def _keep_an_admin(session: Session, user: User) -> None:
    """Lock the active administrators, so that of two acts at once the second sees the first.

    Raises: LastAdminError if the person is the only one.
    """
    active = select(User.id).where(User.role == Role.ADMIN, User.active, User.deleted_at.is_(None))
    admins = session.execute(active.order_by(User.id).with_for_update()).scalars().all()
    session.refresh(user, with_for_update=True)
    if list(admins) == [user.id]:
        raise LastAdminError


def _check_may_bind(session: Session, user: User, by_role: str) -> None:
    """Read the person's role under a lock, so that nobody is given another one meanwhile.

    After the act, which is undone with the transaction: everybody locks the number first, then the person.
    Raises: StaffNumberError.
    """
    session.flush()
    session.refresh(user, with_for_update={"key_share": True})
    if not may_bind_number(by_role, user.role):
        raise StaffNumberError


def _shut(session: Session, user: User, reason: EndReason) -> None:
    end_all(session, user.id, reason=reason)
    end_codes_of(session, user.id)
    session.flush()


def _record_active(session: Session, user: User, reason: str) -> None:
    act = "user.activate" if user.active else "user.deactivate"
    before, after = {"active": not user.active}, {"active": user.active}
    record_act(session, act, _subject(user), before=before, after=after, reason=reason)


def _checked(session: Session, user: User, details: Details) -> dict[str, str | None]:
    values = {name: value.strip() or None for name, value in asdict(details).items()}
    values["email"] = checked_email(details.email)
    if values["public_name"] is None:
        raise InvalidUserError(N_("A person needs a name."))
    if values["email"] is None and not find_phones_of(session, [user.id]):
        raise InvalidUserError(N_("A person without a number needs an e-mail."))
    if values["locale"] is not None and values["locale"] not in LOCALES.values():
        raise InvalidUserError(N_("We do not speak this language."))
    return values


def _details_of(user: User) -> dict[str, str | None]:
    return {name: getattr(user, name) for name in Details.__dataclass_fields__}


def _subject(user: User) -> str:
    return f"user {user.id}"
