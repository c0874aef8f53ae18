"""Whose number is it: link a number to a person, move it to who has it in hand, find the person of a number."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from crm.core.clock import db_now
from crm.core.copying import among
from crm.core.errors import N_
from crm.core.log import get_logger
from crm.core.phone import to_international, to_local
from crm.users.audit_log import record_act
from crm.users.codes import end_codes_of
from crm.users.errors import NoNumberError, PhoneTakenError, UserNotFoundError
from crm.users.models import MobilePhone, User
from crm.users.numbers import note_numbers
from crm.users.phone_history import (
    ANOTHER_PERSON,
    CHANGED,
    PROVED,
    PROVED_BY_ANOTHER,
    close_link,
    open_link,
)
from crm.users.sessions import EndReason, end_begun_by_code

log = get_logger(__name__)


def link_phone(session: Session, phone: str, user_id: int, *, reason: str = "") -> MobilePhone:
    """Bind the number to the person; linking the same pair again changes nothing.

    Raises: InvalidPhoneError, UserNotFoundError, PhoneTakenError if either side is bound already.
    """
    local = to_local(phone)
    if session.get(User, user_id) is None:
        raise UserNotFoundError(user_id)
    for row in _rows_of(session, local, user_id):
        if row.phone_number == local and row.user_id == user_id:
            return row
        raise _taken(row, local, user_id)
    return _add(session, local, user_id, reason=reason)


def unlink_phone(session: Session, user_id: int, *, phone: str | None = None, reason: str = "") -> str:
    """Take the number from the person and return it, local form; with `phone` only if it is that one still.

    Raises: NoNumberError.
    """
    held = select(MobilePhone).where(MobilePhone.user_id == user_id).with_for_update()
    row = session.execute(held.execution_options(populate_existing=True)).scalar_one_or_none()
    if row is None or phone not in (None, row.phone_number):
        raise NoNumberError
    local = row.phone_number
    session.delete(row)
    session.flush()
    close_link(session, local, user_id, reason=reason)
    _call_otherwise(session, user_id, local)
    return local


def move_phone(session: Session, phone: str, user_id: int) -> MobilePhone:
    """Give the number to a person who has proved, by a code, to have it in hand.

    A number that they had before is theirs no more. Somebody else who had this one loses it, with the open
    codes and the sign-ins that a code has begun: the operator has given the number to another customer.
    Raises: InvalidPhoneError, UserNotFoundError, PhoneTakenError if another move was quicker.
    """
    local = to_local(phone)
    person = session.get(User, user_id)
    if person is None:
        raise UserNotFoundError(user_id)
    before: str | None = None
    for row in _rows_of(session, local, user_id, lock=True):
        if row.phone_number == local and row.user_id == user_id:
            return row
        if row.user_id == user_id:
            before = row.phone_number
            close_link(session, before, user_id, reason=CHANGED)
        else:
            _take_from(session, row.user_id, local, new_owner=user_id)
        session.delete(row)
    session.flush()
    moved = _add(session, local, user_id, reason=PROVED)
    _welcome(session, person, before, local)
    return moved


def find_phone_of(session: Session, user_id: int) -> MobilePhone | None:
    """Return the person's number, with since when it is theirs."""
    return session.execute(select(MobilePhone).where(MobilePhone.user_id == user_id)).scalar_one_or_none()


def find_phones_of(session: Session, user_ids: Collection[int]) -> dict[int, str]:
    """Return the numbers, local form, of those of the people who have one."""
    statement = select(MobilePhone.user_id, MobilePhone.phone_number).where(
        among(MobilePhone.user_id, user_ids)
    )
    return {row.user_id: row.phone_number for row in session.execute(statement)}


def _rows_of(session: Session, local: str, user_id: int, *, lock: bool = False) -> list[MobilePhone]:
    """Return the rows of the number and of the person, in one order, so that two who lock them take turns."""
    either = (MobilePhone.phone_number == local) | (MobilePhone.user_id == user_id)
    statement = select(MobilePhone).where(either).order_by(MobilePhone.id)
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    return list(session.execute(statement).scalars())


def _add(session: Session, local: str, user_id: int, *, reason: str) -> MobilePhone:
    row = MobilePhone(phone_number=local, user_id=user_id)
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError as error:
        told = N_("The number %(phone)s or user %(user_id)s was bound a moment ago.")
        raise PhoneTakenError(told, phone=local, user_id=user_id) from error
    open_link(session, local, user_id, reason=reason)
    note_numbers(session, [to_international(local)])
    return row


def _take_from(session: Session, user_id: int, local: str, *, new_owner: int) -> None:
    close_link(session, local, user_id, by=ANOTHER_PERSON, reason=PROVED_BY_ANOTHER)
    _call_otherwise(session, user_id, local)
    end_codes_of(session, user_id)
    ended = end_begun_by_code(session, user_id, reason=EndReason.PHONE_LOST)
    record_act(
        session,
        "account.phone_lost",
        f"user {user_id}",
        before={"phone": local},
        after={"phone": None},
        reason=f"User {new_owner} has proved by a code to have the number in hand.",
    )
    log.warning("phone_taken_over", user_id=new_owner, from_user_id=user_id, ended_sign_ins=ended)


def _call_otherwise(session: Session, user_id: int, local: str) -> None:
    """Let nobody be called by a number that is theirs no more."""
    person = session.get(User, user_id)
    if person is not None and person.public_name == local:
        person.public_name = person.email or f"user {user_id}"


def _welcome(session: Session, person: User, before: str | None, local: str) -> None:
    if before is not None:
        end_codes_of(session, person.id)  # they went to the number of before
    if person.public_name == before:
        person.public_name = local
    if person.confirmed_at is None:
        person.confirmed_at = session.execute(select(db_now())).scalar_one()
    record_act(
        session, "account.phone", f"user {person.id}", before={"phone": before}, after={"phone": local}
    )
    log.info("phone_moved", user_id=person.id, had_one=before is not None)
    session.flush()


def _taken(row: MobilePhone, local: str, user_id: int) -> PhoneTakenError:
    if row.phone_number == local:
        told = N_("The number %(phone)s belongs to user %(user_id)s already.")
        return PhoneTakenError(told, phone=local, user_id=row.user_id)
    told = N_("User %(user_id)s has the number %(phone)s already.")
    return PhoneTakenError(told, phone=row.phone_number, user_id=user_id)
