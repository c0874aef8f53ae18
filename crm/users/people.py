"""The list of people: by role and state, and found by a name, an e-mail, a number or its end."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from crm.core.keyset import KeysetPage, Place, read_page
from crm.core.phone import find_slovak_mobile
from crm.users.models import MobilePhone, User
from crm.users.roles import Role

SHORTEST_END = 3  # digits of a number's end that say something
LONGEST_TERM = 200
# Slovak letters and their neighbours' without their marks: Novakova finds Nováková.
_MARKED = "áäčďéěíĺľňóôöőŕřšťúůüűýž"
_PLAIN = "aacdeeillnoooorrstuuuuyz"
_UNMARK = str.maketrans(_MARKED, _PLAIN)


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


def _matches(term: str) -> ColumnElement[bool]:
    if "\0" in term:  # the one character that the database cannot be asked about
        return User.id.is_(None)
    full_name = func.concat_ws(" ", User.first_name, User.last_name)
    ways: list[ColumnElement[bool]] = [
        _unmarked(User.public_name).contains(_plain(term), autoescape=True),
        _unmarked(full_name).contains(_plain(term), autoescape=True),
        func.lower(User.email).contains(term.lower(), autoescape=True),
    ]
    numbers = _numbers(term)
    return (
        or_(*ways, User.id.in_(select(MobilePhone.user_id).where(numbers)))
        if numbers is not None
        else or_(*ways)
    )


def _numbers(term: str) -> ColumnElement[bool] | None:
    """Return which numbers the term means: the one that it spells, or those that end with its digits."""
    local = find_slovak_mobile(term)
    if local is not None:
        return MobilePhone.phone_number == local
    digits = "".join(term.split()).replace("-", "").replace("/", "")
    if not (digits.isascii() and digits.isdigit()) or len(digits) < SHORTEST_END:
        return None
    return MobilePhone.phone_number.endswith(digits)


def _unmarked(text: InstrumentedAttribute[str] | ColumnElement[str]) -> ColumnElement[str]:
    return func.translate(func.lower(text), _MARKED, _PLAIN)


def _plain(term: str) -> str:
    return term.lower().translate(_UNMARK)
