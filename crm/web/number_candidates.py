"""Whom a number could be linked to: found by e-mail, name or id, and linked only if nothing is in the way."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from crm.core.clock import now
from crm.core.db import current_session
from crm.core.errors import N_
from crm.core.phone import to_international
from crm.mobiletech.words import Word
from crm.users.models import User
from crm.users.numbers import list_number_ids
from crm.users.people import LONGEST_TERM, PeopleFilter, list_people
from crm.users.phones import find_phones_of
from crm.users.roles import Permission, Role, may
from crm.web.guards import staff
from crm.web.ids import LARGEST_ID
from crm.web.list_query import read_query
from crm.web.message_pages import spaced, unbroken
from crm.web.number_page import as_owner, find_number_or_404, find_owner
from crm.web.page_tools import get_settings, render_staff_page
from crm.web.person_page import state_word
from crm.web.sealed import seal, unseal
from crm.web.session import get_signed_in

number_candidates = Blueprint("number_candidates", __name__)

MOST = 20
PURPOSE = "search for somebody to link"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """Somebody who was found; who has a number already is shown with the way to it."""

    name: str
    email: str | None
    id: int
    role: str
    state: Word | None  # only of a closed account
    href: str
    number: str | None
    number_href: str | None


@number_candidates.get("/<int:number_id>/link")
@staff(Permission.ANSWER)
def choose(number_id: int) -> ResponseReturnValue:
    """Ask whose the number is, and show who was found."""
    session = current_session()
    number = find_number_or_404(session, number_id)
    query = read_query({"q": (N_("Search"), _unsealed)})
    owner = find_owner(session, number)
    found = _find(session, query.wanted.get("q", ""))
    shown = render_staff_page(
        "number_links/choose.html",
        number=number,
        shown=unbroken(spaced(number.number)),
        owner=as_owner(owner) if owner else None,
        term=query.wanted.get("q", ""),
        candidates=_candidates(session, number.id, found[:MOST]),
        has_more=len(found) > MOST,
        is_admin=_may_bind_anybody(),
        problems=query.problems,
    )
    return (shown, 400) if query.problems else shown


@number_candidates.post("/<int:number_id>/link/search")
@staff(Permission.ANSWER)
def search(number_id: int) -> ResponseReturnValue:
    """Put what was typed into the address, sealed."""
    find_number_or_404(current_session(), number_id)
    term = request.form.get("term", "").strip()[:LONGEST_TERM]
    address = f"/admin/phone-numbers/{number_id}/link"
    if not term:
        return redirect(address)
    return redirect(f"{address}?q={seal(term, key=get_settings().secret_key, purpose=PURPOSE, at=now())}")


def _unsealed(word: str) -> str:
    return unseal(word, key=get_settings().secret_key, purpose=PURPOSE, at=now())


def _find(session: Session, term: str) -> Sequence[User]:
    """Return who has the id, then whose name, e-mail or number matches; one too many at most."""
    if not term:
        return []
    role = None if _may_bind_anybody() else Role.CUSTOMER
    matching = list_people(session, PeopleFilter(role=role, term=term), limit=MOST + 1).rows
    by_id = _find_by_id(session, term)
    if by_id is None or (role is not None and by_id.role != role):
        return matching
    return [by_id, *(user for user in matching if user.id != by_id.id)]


def _find_by_id(session: Session, term: str) -> User | None:
    digits = term.removeprefix("#")
    if not (digits.isascii() and digits.isdigit()) or int(digits[:20]) > LARGEST_ID:
        return None
    user = session.get(User, int(digits))
    return user if user is not None and user.deleted_at is None else None


def _candidates(session: Session, number_id: int, found: Sequence[User]) -> list[Candidate]:
    numbers = find_phones_of(session, [user.id for user in found])
    ids = list_number_ids(session, [to_international(local) for local in numbers.values()])
    candidates = []
    for user in found:
        local = numbers.get(user.id)
        held = ids.get(to_international(local)) if local else None
        candidates.append(
            Candidate(
                name=user.public_name,
                email=user.email,
                id=user.id,
                role=user.role,
                state=None if user.active else state_word(active=False),
                href=f"/admin/phone-numbers/{number_id}/link/{user.id}",
                number=spaced(local) if local else None,
                number_href=f"/admin/phone-numbers/{held}" if held else None,
            )
        )
    return candidates


def _may_bind_anybody() -> bool:
    return may(get_signed_in().role, Permission.MANAGE_PEOPLE)
