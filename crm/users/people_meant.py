"""Whom does a search mean? The end of a number, a name or an e-mail, as ids of people."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from crm.core.phone import find_slovak_mobile
from crm.users.models import KnownNumber, MobilePhone, User
from crm.users.people import LONGEST_TERM, find_end, is_named

MOST_PEOPLE = 1000
_AFTER_DIGITS = ":"  # the character that follows 9


@dataclass(frozen=True, slots=True)
class PeopleMeant:
    """Their ids; `is_cut`: the term means more people than these, the newest of them."""

    ids: Sequence[int]
    is_cut: bool


def find_people_meant(session: Session, term: str) -> PeopleMeant:
    """Return whom a term means, which is not empty; digits are the number, or its end."""
    found = _meant(term.strip()[:LONGEST_TERM]).order_by(User.id.desc()).limit(MOST_PEOPLE + 1)
    ids = session.execute(found).scalars().all()
    return PeopleMeant(ids[:MOST_PEOPLE], is_cut=len(ids) > MOST_PEOPLE)


def _meant(term: str) -> Select[int]:
    people = select(User.id).where(User.deleted_at.is_(None))
    local = find_slovak_mobile(term)
    if local is not None:
        return people.where(User.id.in_(select(MobilePhone.user_id).where(MobilePhone.phone_number == local)))
    end = find_end(term)
    if end is None:
        return people.where(is_named(term))
    # Not LIKE: prepared once for any term, it would not know that it asks for a beginning.
    start, column = end[::-1], KnownNumber.reversed
    numbers = select(KnownNumber.local).where(
        column.op("~>=~")(start), column.op("~<~")(start + _AFTER_DIGITS)
    )
    return people.where(User.id.in_(select(MobilePhone.user_id).where(MobilePhone.phone_number.in_(numbers))))
