"""The numbers that we know, whoever they belong to: each has an id, so that no number stands in an address."""

from collections.abc import Iterable

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from crm.core.copying import array_text
from crm.users.errors import UnknownNumberError
from crm.users.models import KnownNumber

# Those that are known are not tried: a refused insert would burn an id and write to the table all the same. Each is
# looked up by itself (OFFSET 0): as a join all numbers would be read, once for each batch of an import.
_NOTE = text("""
    INSERT INTO known_numbers (number)
    SELECT given.number FROM unnest(CAST(:numbers AS text[])) AS given (number)
    WHERE NOT EXISTS (SELECT 1 FROM known_numbers AS known WHERE known.number = given.number OFFSET 0)
    ORDER BY given.number
    ON CONFLICT (number) DO NOTHING
""")


def note_numbers(session: Session, numbers: Iterable[str]) -> None:
    """Give each number an id, unless it has one; numbers as the gateway writes them."""
    fresh = sorted(set(numbers))
    if fresh:
        session.execute(_NOTE, {"numbers": array_text(fresh)})


def get_number(session: Session, number_id: int) -> KnownNumber:
    """Return the number with the id.

    Raises: UnknownNumberError.
    """
    number = session.get(KnownNumber, number_id)
    if number is None:
        raise UnknownNumberError(number_id)
    return number


def find_number(session: Session, number: str) -> KnownNumber | None:
    """Return the number as we know it, or None."""
    return session.execute(select(KnownNumber).where(KnownNumber.number == number)).scalar_one_or_none()


def list_number_ids(session: Session, numbers: Iterable[str]) -> dict[str, int]:
    """Return the ids of those of the numbers that we know."""
    known = select(KnownNumber.number, KnownNumber.id).where(KnownNumber.number.in_(set(numbers)))
    return {row.number: row.id for row in session.execute(known)}
