"""The list of people: by role and state, and found by a name, an e-mail, a number or its end."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, false, or_, select
from sqlalchemy.orm import Session

from crm.core.keyset import KeysetPage, Place, read_page
from crm.core.phone import find_slovak_mobile
from crm.users.models import MobilePhone, User
from crm.users.roles import Role
from crm.users.unmarked import unmarked

SHORTEST_END = 3  # digits of a number's end that say something
LONGEST_TERM = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleFilter:
    """Whom to list; None and an empty term are "any"."""

    role: Role | None = None
    active: bool | None = None
    term: str = ""


def list_people(
    session: Session,
    wanted: PeopleFilter,
    *,
    limit: int,
    after: Place | None = None,
    before: Place | None = None,
) -> KeysetPage[User]:
    """Return one page of people, the newest account first."""
    found = select(User).where(User.deleted_at.is_(None))
    if wanted.role is not None:
        found = found.where(User.role == wanted.role)
    if wanted.active is not None:
        found = found.where(User.active.is_(wanted.active))
    if wanted.term.strip():
        found = found.where(_matches(wanted.term.strip()[:LONGEST_TERM]))
    return read_page(session, found, (User.created_at, User.id), limit=limit, after=after, before=before)


def is_named(term: str) -> ColumnElement[bool]:
    """Return the condition that a person's name or e-mail has the term in it."""
    if "\0" in term:  # the one character that the database cannot be asked about
        return false()
    return User.search_text.contains(unmarked(term), autoescape=True)


def find_end(term: str) -> str | None:
    """Return the digits if the term is the end of a number, however it is spaced."""
    digits = "".join(term.split()).replace("-", "").replace("/", "")
    is_end = digits.isascii() and digits.isdigit() and len(digits) >= SHORTEST_END
    return digits if is_end else None


def _matches(term: str) -> ColumnElement[bool]:
    numbers = _numbers(term)
    if numbers is None:
        return is_named(term)
    return or_(is_named(term), User.id.in_(select(MobilePhone.user_id).where(numbers)))


def _numbers(term: str) -> ColumnElement[bool] | None:
    """Return which numbers the term means: the one that it spells, or those that end with its digits."""
    local = find_slovak_mobile(term)
    if local is not None:
        return MobilePhone.phone_number == local
    end = find_end(term)
    return MobilePhone.phone_number.endswith(end) if end else None
