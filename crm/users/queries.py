"""Read models of people."""

from collections.abc import Iterable, Mapping

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.users.languages import language_of
from crm.users.models import MobilePhone, User


def find_by_email(session: Session, email: str) -> User | None:
    """Return the owner of the address, however it is capitalised."""
    if "\0" in email:  # the one character that the database cannot be asked about
        return None
    same = func.lower(User.email) == func.lower(email.strip())  # the database's small letters are its own
    return session.execute(select(User).where(same)).scalar_one_or_none()


def find_by_phone(session: Session, local: str) -> User | None:
    """Return the owner of a number, which is given in its local form."""
    owner = select(User).join(MobilePhone, MobilePhone.user_id == User.id)
    return session.execute(owner.where(MobilePhone.phone_number == local)).scalar_one_or_none()


def find_by_ext_id(session: Session, ext_id: int) -> User | None:
    """Return the person whom another system of the publisher knows by the number; of several the oldest."""
    if not 0 <= ext_id < 2**31:
        return None
    same = select(User).where(User.ext_id == ext_id).order_by(User.id).limit(1)
    return session.execute(same).scalar_one_or_none()


def read_names(session: Session, user_ids: Iterable[int | None]) -> Mapping[int, str]:
    """Return the names that staff see, by user id."""
    ids = {user_id for user_id in user_ids if user_id is not None}
    if not ids:
        return {}
    rows = session.execute(select(User.id, User.public_name).where(User.id.in_(ids)))
    return {row.id: row.public_name for row in rows}


def read_languages(session: Session, user_ids: Iterable[int]) -> Mapping[int, str | None]:
    """Return the language that each person has chosen, None where none is chosen, by user id."""
    ids = set(user_ids)
    if not ids:
        return {}
    rows = session.execute(select(User.id, User.locale).where(User.id.in_(ids)))
    return {row.id: language_of(row.locale) for row in rows}
