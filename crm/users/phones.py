"""Whose number is it: link a number to a person, find the person of a number."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from crm.core.phone import to_local
from crm.users.errors import PhoneTakenError, UserNotFoundError
from crm.users.models import MobilePhone, User


def link_phone(session: Session, phone: str, user_id: int) -> MobilePhone:
    """Bind the number to the person; linking the same pair again changes nothing.

    Raises: InvalidPhoneError, UserNotFoundError, PhoneTakenError if either side is bound already.
    """
    local = to_local(phone)
    if session.get(User, user_id) is None:
        raise UserNotFoundError(user_id)
    known = session.execute(
        select(MobilePhone).where((MobilePhone.phone_number == local) | (MobilePhone.user_id == user_id))
    ).scalars()
    for row in known:
        if row.phone_number == local and row.user_id == user_id:
            return row
        raise _taken(row, local, user_id)
    row = MobilePhone(phone_number=local, user_id=user_id)
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError as error:
        raise PhoneTakenError(f"The number {local} or user {user_id} was bound a moment ago.") from error
    return row


def find_phones_of(session: Session, user_ids: Collection[int]) -> dict[int, str]:
    """Return the numbers, local form, of those of the people who have one."""
    statement = select(MobilePhone.user_id, MobilePhone.phone_number).where(MobilePhone.user_id.in_(user_ids))
    return {row.user_id: row.phone_number for row in session.execute(statement)}


def _taken(row: MobilePhone, local: str, user_id: int) -> PhoneTakenError:
    if row.phone_number == local:
        return PhoneTakenError(f"The number {local} belongs to user {row.user_id} already.")
    return PhoneTakenError(f"User {user_id} has the number {row.phone_number} already.")
