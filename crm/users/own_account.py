"""What people change about themselves; each change is kept in the audit log, under `account.`."""

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from crm.core.errors import N_
from crm.users.accounts import change_password, checked_email
from crm.users.audit_log import record_act
from crm.users.errors import EmailTakenError, InvalidUserError
from crm.users.languages import LOCALES
from crm.users.models import NO_PASSWORD, User
from crm.users.phones import find_phone_of
from crm.users.sessions import EndReason, end_all, end_one

LONGEST_NAME = 100


def has_password(user: User) -> bool:
    """Return whether the person can sign in with a password."""
    return user.password != NO_PASSWORD


def change_own_name(session: Session, user: User, *, first: str, last: str) -> None:
    """Set the names; how the person is called follows them, then the e-mail, then the number.

    Raises: InvalidUserError if one is too long.
    """
    names = [" ".join(name.split()) for name in (first, last)]
    if any(len(name) > LONGEST_NAME or not name.isprintable() for name in names):
        told = N_("A name has at most %(longest)s characters, none of them invisible.")
        raise InvalidUserError(told, longest=LONGEST_NAME)
    before = _names(user)
    user.first_name, user.last_name = names[0] or None, names[1] or None
    phone = find_phone_of(session, user.id)
    fallback = user.email or (phone.phone_number if phone else user.public_name)
    user.public_name = " ".join(filter(None, names)) or fallback
    _record(session, "account.name", user, before, _names(user))


def change_own_email(session: Session, user: User, email: str) -> None:
    """Set the e-mail.

    Raises: InvalidUserError, EmailTakenError.
    """
    address, before = checked_email(email), user.email
    if address is None:
        raise InvalidUserError(N_("Write an e-mail address like eva@example.sk."))
    if address == before:
        return
    is_called_so = user.public_name == before
    try:
        with session.begin_nested():
            user.email = address
            user.email_validated_at = None
            user.public_name = address if is_called_so else user.public_name
    except IntegrityError as error:
        raise EmailTakenError(address) from error
    _record(session, "account.email", user, {"email": before}, {"email": address})


def choose_language(session: Session, user: User, language: str) -> None:
    """Set the language of pages and SMS.

    Raises: InvalidUserError for one that we do not speak.
    """
    if language not in LOCALES:
        raise InvalidUserError(N_("We do not speak this language."))
    before, user.locale = user.locale, LOCALES[language]
    _record(session, "account.language", user, {"locale": before}, {"locale": user.locale})


def choose_password(session: Session, user: User, new: str, *, new_hash: str, keep_session: int) -> None:
    """Set a password; all other sign-ins end. Of the password itself nothing is kept but the hash.

    Raises: InvalidUserError if it is too short, too long or too common.
    """
    had_one = has_password(user)
    change_password(session, user, new, keep_session=keep_session, new_hash=new_hash)
    record_act(session, "account.password", f"user {user.id}", before={"had_one": had_one}, after=None)


def end_own_sign_in(session: Session, user_id: int, token_id: int) -> bool:
    """End one of one's own sign-ins; return False if it is none of theirs or ended already."""
    is_ended = end_one(session, user_id, token_id, reason=EndReason.ENDED_BY_OWNER)
    if is_ended:
        record_act(session, "account.end_sign_in", f"user {user_id}", before={"sign_in": token_id})
    return is_ended


def end_other_sign_ins(session: Session, user_id: int, *, but: int) -> int:
    """End all of one's own sign-ins but one; return how many there were."""
    ended = end_all(session, user_id, reason=EndReason.ENDED_BY_OWNER, but=but)
    if ended:
        record_act(session, "account.end_sign_ins", f"user {user_id}", before={"sign_ins": ended})
    return ended


def _record(
    session: Session, action: str, user: User, before: dict[str, str | None], after: dict[str, str | None]
) -> None:
    session.flush()
    if before != after:
        record_act(session, action, f"user {user.id}", before=before, after=after)


def _names(user: User) -> dict[str, str | None]:
    return {
        "first_name": user.first_name,
        "last_name": user.last_name,
        "public_name": user.public_name,
    }
