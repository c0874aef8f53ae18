"""The people: list them, search for one, add one; who may do what."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, flash, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from crm.core.clock import now
from crm.core.db import current_session, transaction
from crm.core.errors import N_, InvalidInputError
from crm.core.keyset import KeysetPage
from crm.core.phone import InvalidPhoneError
from crm.mobiletech.words import Word
from crm.users.administration import add_person
from crm.users.errors import EmailTakenError, InvalidUserError, PhoneTakenError
from crm.users.models import User
from crm.users.people import LONGEST_TERM, PeopleFilter, list_people
from crm.users.phones import find_phones_of
from crm.users.roles import MEANINGS, PERMISSIONS, Permission, Role
from crm.web.filters import Chip, Choice, Reader, one_of
from crm.web.guards import staff
from crm.web.languages import told
from crm.web.list_query import ListQuery, make_pager, read_query
from crm.web.message_pages import spaced
from crm.web.page_tools import get_settings, render_staff_page
from crm.web.person_forms import NewPersonForm
from crm.web.person_page import state_word
from crm.web.sealed import seal, unseal

people = Blueprint("people", __name__)

PAGE = 50
PURPOSE = "search for people"
STATES = {"active": True, "closed": False}
LABELS = {"role": N_("Role"), "state": N_("State"), "q": N_("Search")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One person in the list."""

    href: str
    name: str
    email: str
    number: str
    role: str
    state: Word
    created_at: datetime
    seen_at: datetime | None


@people.get("")
@staff(Permission.MANAGE_PEOPLE)
def show_list() -> ResponseReturnValue:
    """List the people that the address asks for."""
    query = read_query(_readers())
    wanted = PeopleFilter(
        role=query.wanted.get("role"), active=query.wanted.get("state"), term=query.wanted.get("q", "")
    )
    session = current_session()
    page: KeysetPage[User] = KeysetPage(rows=(), newer=None, older=None)
    if not query.problems:
        page = list_people(session, wanted, limit=PAGE, after=query.after, before=query.before)
    shown = render_staff_page(
        "people/list.html",
        rows=_rows(session, page),
        term=wanted.term,
        search_href=f"/admin/users/search{_without_term(query)}",
        filters=_choices(query),
        hidden={"q": query.values["q"]} if "q" in query.values else {},
        active_filters=_chips(query),
        pager=make_pager(query, page),
        problems=query.problems,
    )
    return (shown, 400) if query.problems else shown


@people.post("/search")
@staff(Permission.MANAGE_PEOPLE)
def search() -> ResponseReturnValue:
    """Put what was typed into the address, sealed: an e-mail or a number stands in no log and no history."""
    term = request.form.get("term", "").strip()[:LONGEST_TERM]
    query = read_query({name: reader for name, reader in _readers().items() if name != "q"})
    sealed = {"q": seal(term, key=get_settings().secret_key, purpose=PURPOSE, at=now())} if term else {}
    return redirect(f"/admin/users{query.href(**sealed)}".removesuffix("?"))


@people.get("/new")
@staff(Permission.MANAGE_PEOPLE)
def write_new() -> str:
    """Show an empty form."""
    return _new_page(NewPersonForm())


@people.post("/new")
@staff(Permission.MANAGE_PEOPLE)
def create() -> ResponseReturnValue:
    """Add a reader; a role is given afterwards, on a page that asks for the password."""
    form = NewPersonForm()
    if not form.validate():
        return _new_page(form), 422
    try:
        with transaction() as session:
            user = add_person(
                session,
                email=form.told("email"),
                phone=form.told("phone").strip(),
                public_name=form.told("public_name").strip(),
            )
            user_id, name = user.id, user.public_name
    except (EmailTakenError, InvalidUserError) as error:
        form.email.errors = [told(error)]
        return _new_page(form), 422
    except (InvalidPhoneError, PhoneTakenError) as error:
        form.phone.errors = [told(error)]
        return _new_page(form), 422
    flash(_("%(name)s was added.", name=name), "good")
    return redirect(f"/admin/users/{user_id}")


@people.get("/roles")
@staff(Permission.MANAGE_PEOPLE)
def show_roles() -> str:
    """Show who may do what."""
    return render_staff_page(
        "people/roles.html", roles=list(Role), meanings=MEANINGS, permissions=PERMISSIONS
    )


def _new_page(form: NewPersonForm) -> str:
    return render_staff_page("people/new.html", form=form)


def _rows(session: Session, page: KeysetPage[User]) -> list[Row]:
    numbers = find_phones_of(session, [user.id for user in page.rows])
    return [
        Row(
            href=f"/admin/users/{user.id}",
            name=user.public_name,
            email=user.email or "",
            number=spaced(numbers.get(user.id, "")),
            role=user.role,
            state=state_word(active=user.active),
            created_at=user.created_at,
            seen_at=user.current_sign_in_at,
        )
        for user in page.rows
    ]


def _readers() -> dict[str, tuple[str, Reader]]:
    return {
        "role": (N_("Role"), one_of(Role)),
        "state": (N_("State"), _state),
        "q": (N_("Search"), _unsealed),
    }


def _state(text: str) -> bool:
    if text not in STATES:
        raise InvalidInputError(
            N_("%(given)r is none of %(known)s."), given=text[:40], known=", ".join(STATES)
        )
    return STATES[text]


def _unsealed(word: str) -> str:
    return unseal(word, key=get_settings().secret_key, purpose=PURPOSE, at=now())


def _without_term(query: ListQuery) -> str:
    return query.chip("q", "").remove_href


def _choices(query: ListQuery) -> list[Choice]:
    states = [(state, str(state_word(active=active).word)) for state, active in STATES.items()]
    return [
        Choice(
            name="role",
            label=_("Role"),
            value=query.values.get("role", ""),
            options=[(role, _(role)) for role in Role],
        ),
        Choice(name="state", label=_("State"), value=query.values.get("state", ""), options=states),
    ]


def _chips(query: ListQuery) -> list[Chip]:
    chips = []
    for name, value in query.values.items():
        meant = query.wanted.get(name)
        shown = value if meant is None else _shown(name, meant)
        chips.append(query.chip(name, f"{_(LABELS[name])}: {shown[:40]}"))
    return chips


def _shown(name: str, meant: Any) -> str:
    if name == "state":
        return state_word(active=meant).word
    return _(meant) if name == "role" else f"“{meant}”"
