"""The numbers that readers write to: those that are described, and those that messages or settings name."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from crm.core.business_settings import get_setting
from crm.core.errors import N_, NotFoundError
from crm.mobiletech.catalogue.errors import ShortNumberExistsError
from crm.mobiletech.catalogue.models import ShortNumber
from crm.mobiletech.catalogue.places import (
    SHORT_NUMBER,
    checked_note,
    checked_operators,
    checked_short_number,
)
from crm.mobiletech.models import InboundMessage
from crm.users.audit_log import record_act

SENDER_SETTING = "mobiletech_short_number"
SEEN_IN = 2000  # newest messages
LONGEST_NAME = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortNumberLine:
    """A number that is known in some way; `seen` counts the newest SEEN_IN messages of readers."""

    number: str
    name: str
    operators: Sequence[str]
    is_described: bool
    is_sender: bool
    seen: int


def list_short_numbers(session: Session) -> list[ShortNumberLine]:
    """Return every known number: the described ones, then those that only a setting or messages name."""
    described = {row.number: row for row in session.execute(select(ShortNumber)).scalars()}
    sender, seen = get_setting(session, SENDER_SETTING), _read_seen(session)
    numbers = sorted({*described, *seen} | ({sender} if sender else set()))
    lines = [
        ShortNumberLine(
            number=number,
            name=described[number].name if number in described else "",
            operators=described[number].operators if number in described else (),
            is_described=number in described,
            is_sender=number == sender,
            seen=seen.get(number, 0),
        )
        for number in numbers
    ]
    return sorted(lines, key=lambda line: not line.is_described)


def list_numbers(session: Session) -> list[str]:
    """Return every known number, for a person to choose from."""
    return sorted(line.number for line in list_short_numbers(session))


def get_short_number(session: Session, number: str) -> ShortNumber:
    """Return what is said of a number.

    Raises: NotFoundError.
    """
    row = session.get(ShortNumber, number) if SHORT_NUMBER.fullmatch(number) else None
    if row is None:
        raise NotFoundError(N_("There is no such short number."))
    return row


def add_short_number(session: Session, number: str, name: str, operators: Sequence[str]) -> ShortNumber:
    """Describe a number.

    Raises: InvalidEntryError, ShortNumberExistsError.
    """
    row = ShortNumber(number=checked_short_number("number", number), **_checked(name, operators))
    try:
        with session.begin_nested():
            session.add(row)
            session.flush()
    except IntegrityError as error:
        raise ShortNumberExistsError(row.number) from error
    record_act(session, "short_number.create", _subject(row), after=_told(row))
    return row


def edit_short_number(session: Session, row: ShortNumber, name: str, operators: Sequence[str]) -> bool:
    """Change what is said of a number; return whether anything is different now.

    Raises: InvalidEntryError.
    """
    before, values = _told(row), _checked(name, operators)
    if before == values:
        return False
    for column, value in values.items():
        setattr(row, column, value)
    session.flush()
    record_act(session, "short_number.edit", _subject(row), before=before, after=_told(row))
    return True


def remove_short_number(session: Session, row: ShortNumber) -> None:
    """Forget what is said of a number; messages to and from it stay as they are."""
    before = _told(row)
    session.delete(row)
    session.flush()
    record_act(session, "short_number.remove", _subject(row), before=before)


def _read_seen(session: Session) -> dict[str, int]:
    newest = select(InboundMessage.to).order_by(InboundMessage.created_at.desc(), InboundMessage.id.desc())
    recent = newest.limit(SEEN_IN).subquery()
    counted = select(recent.c.to, func.count()).where(recent.c.to.regexp_match("^[0-9]{3,6}$"))
    return dict(session.execute(counted.group_by(recent.c.to)).all())


def _checked(name: str, operators: Sequence[str]) -> dict[str, object]:
    return {
        "name": checked_note("name", name, longest=LONGEST_NAME),
        "operators": checked_operators(operators),
    }


def _told(row: ShortNumber) -> dict[str, object]:
    return {"name": row.name, "operators": row.operators}


def _subject(row: ShortNumber) -> str:
    return f"short_number {row.number}"
