"""The list of the numbers that we know: whose they are, and found by their end or by who has them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, exists, func, literal, select
from sqlalchemy.orm import Session

from crm.core.phone import find_slovak_mobile, to_international
from crm.users.models import KnownNumber, MobilePhone, User
from crm.users.people import LONGEST_TERM, find_end, is_named

KEY = (KnownNumber.created_at, KnownNumber.id)
MOST_PEOPLE = 1000  # of whom a search looks at the numbers
_AFTER_DIGITS = ":"  # the character that follows 9


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberFilter:
    """Which numbers to list; None and an empty term are "any"."""

    linked: bool | None = None
    term: str = ""


@dataclass(frozen=True, slots=True)
class FoundNumbers:
    """The statement that reads the numbers; `is_cut`: the term means more people than were looked at."""

    statement: Select[KnownNumber]
    is_cut: bool = False


def find_numbers(session: Session, wanted: NumberFilter) -> FoundNumbers:
    """Return what to read page by page, along KEY."""
    found, is_cut = select(KnownNumber), False
    if wanted.linked is not None:
        is_linked = exists().where(MobilePhone.phone_number == KnownNumber.local)
        found = found.where(is_linked if wanted.linked else ~is_linked)
    term = wanted.term.strip()[:LONGEST_TERM]
    if term:
        condition = _meant(term)
        if condition is None:
            people = _list_people(session, term)
            is_cut = len(people) > MOST_PEOPLE
            condition = _belongs_to(people[:MOST_PEOPLE])
        found = found.where(condition)
    return FoundNumbers(found, is_cut)


def read_owners(session: Session, numbers: Sequence[KnownNumber]) -> Mapping[int, User]:
    """Return who has the numbers, by the number's id."""
    owners = (
        select(KnownNumber.id, User)
        .join(MobilePhone, MobilePhone.phone_number == KnownNumber.local)
        .join(User, User.id == MobilePhone.user_id)
        .where(KnownNumber.id.in_([number.id for number in numbers]))
    )
    return {row.id: row.User for row in session.execute(owners)}


def _meant(term: str) -> ColumnElement[bool] | None:
    """Return which numbers the term spells, or ends; None if it is no part of a number."""
    local = find_slovak_mobile(term)
    if local is not None:
        return KnownNumber.number == to_international(local)
    end = find_end(term)
    if end is None:
        return None
    # Not LIKE: prepared once for any term, it would not know that it asks for a beginning.
    start, column = end[::-1], KnownNumber.reversed
    return _gathered(
        select(KnownNumber.id).where(column.op("~>=~")(start), column.op("~<~")(start + _AFTER_DIGITS))
    )


def _list_people(session: Session, term: str) -> Sequence[int]:
    """Return the people whose name or e-mail has the term in it, the newest accounts, one too many at most."""
    named = select(User.id).where(User.deleted_at.is_(None), is_named(term)).order_by(User.id.desc())
    return session.execute(named.limit(MOST_PEOPLE + 1)).scalars().all()


def _belongs_to(people: Sequence[int]) -> ColumnElement[bool]:
    # By the number as the gateway writes it: that has an index, its local form has none.
    owned = select(literal("+421").concat(func.substr(MobilePhone.phone_number, 2)))
    return _gathered(
        select(KnownNumber.id).where(KnownNumber.number.in_(owned.where(MobilePhone.user_id.in_(people))))
    )


def _gathered(ids: Select[int]) -> ColumnElement[bool]:
    """Return the condition that a number is one of these, which are gathered before the list is walked."""
    few = ids.cte("few").prefix_with("MATERIALIZED")
    return KnownNumber.id.in_(select(few.c.id))
