"""The numbers that we know: list them, and find one by its end or by who has it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from crm.core.clock import now
from crm.core.db import current_session
from crm.core.errors import N_, InvalidInputError
from crm.core.keyset import KeysetPage, read_page
from crm.mobiletech.number_traffic import Traffic, read_traffic
from crm.mobiletech.numbers_on_operator import SCANNED, OperatorPage, list_numbers_on
from crm.mobiletech.operator_history import read_since
from crm.mobiletech.operator_resolver import weigh_evidence
from crm.mobiletech.wire.operators import Operator
from crm.mobiletech.words import Word
from crm.users.models import KnownNumber, User
from crm.users.number_list import KEY, MOST_PEOPLE, NumberFilter, find_numbers, read_owners
from crm.users.people import LONGEST_TERM
from crm.users.roles import Permission, may
from crm.web.filters import Chip, Choice, Options, Reader, one_of
from crm.web.guards import staff
from crm.web.list_query import ListQuery, make_pager, read_query
from crm.web.message_pages import spaced
from crm.web.number_words import LINKED, NOT_LINKED, OperatorWords, operator_words
from crm.web.page_tools import get_settings, local_time, render_staff_page
from crm.web.sealed import seal, unseal
from crm.web.session import get_signed_in

numbers = Blueprint("numbers", __name__)

PAGE = 50
PURPOSE = "search for numbers"
LABELS = {"linked": N_("State"), "operator": N_("Operator"), "q": N_("Search")}
STATES: Mapping[str, tuple[bool, Word]] = {"yes": (True, LINKED), "no": (False, NOT_LINKED)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One number in the list; `person_href` is None for those who may not open people."""

    href: str
    number: str
    person: str | None
    person_href: str | None
    operator: OperatorWords
    wrote_at: datetime | None
    written_at: datetime | None


@numbers.get("")
@staff(Permission.READ)
def show_list() -> ResponseReturnValue:
    """List the numbers that the address asks for."""
    query = read_query(_readers())
    session = current_session()
    page, is_cut = OperatorPage(KeysetPage(rows=(), newer=None, older=None)), False
    if not query.problems:
        page, is_cut = _read(session, query)
    shown = render_staff_page(
        "numbers/list.html",
        rows=_rows(session, page.page),
        term=query.wanted.get("q", ""),
        search_href=f"/admin/phone-numbers/search{query.chip('q', '').remove_href}",
        filters=_choices(query),
        hidden={"q": query.values["q"]} if "q" in query.values else {},
        active_filters=_chips(query),
        pager=make_pager(query, page.page),
        hint=_hint(page),
        most_people=MOST_PEOPLE if is_cut else None,
        problems=query.problems,
    )
    return (shown, 400) if query.problems else shown


@numbers.post("/search")
@staff(Permission.READ)
def search() -> ResponseReturnValue:
    """Put what was typed into the address, sealed: a number or a name stands in no log and no history."""
    term = request.form.get("term", "").strip()[:LONGEST_TERM]
    query = read_query({name: reader for name, reader in _readers().items() if name != "q"})
    sealed = {"q": seal(term, key=get_settings().secret_key, purpose=PURPOSE, at=now())} if term else {}
    return redirect(f"/admin/phone-numbers{query.href(**sealed)}".removesuffix("?"))


def _read(session: Session, query: ListQuery) -> tuple[OperatorPage, bool]:
    """Return one page, and whether the search means more people than were looked at."""
    wanted = NumberFilter(linked=query.wanted.get("linked"), term=query.wanted.get("q", ""))
    found = find_numbers(session, wanted)
    places = {"after": query.after, "before": query.before}
    if "operator" in query.wanted:
        operator = query.wanted["operator"]
        return list_numbers_on(session, found.statement, operator, limit=PAGE, **places), found.is_cut
    return OperatorPage(read_page(session, found.statement, KEY, limit=PAGE, **places)), found.is_cut


def _hint(shown: OperatorPage) -> str:
    """Return how far back the list was walked, if it was not walked to its end."""
    if not shown.is_cut or shown.page.older is None:
        return ""
    at = local_time(shown.page.older.at, "minute")
    return _("Looked at %(count)s numbers, back to %(at)s. Go on with Older.", count=SCANNED, at=at)


def _rows(session: Session, page: KeysetPage[KnownNumber]) -> list[Row]:
    evidence = weigh_evidence(session, [row.number for row in page.rows])
    since = read_since(session, evidence)
    traffic = read_traffic(session, list(evidence))
    owners = read_owners(session, page.rows)
    return [
        _row(
            row,
            owners.get(row.id),
            operator_words(row.number, evidence[row.number], since.get(row.number)),
            traffic[row.number],
        )
        for row in page.rows
    ]


def _row(number: KnownNumber, owner: User | None, operator: OperatorWords, traffic: Traffic) -> Row:
    opens_people = owner is not None and may(get_signed_in().role, Permission.MANAGE_PEOPLE)
    return Row(
        href=f"/admin/phone-numbers/{number.id}",
        number=spaced(number.number),
        person=owner.public_name if owner else None,
        person_href=f"/admin/users/{owner.id}" if owner and opens_people else None,
        operator=operator,
        wrote_at=traffic.wrote_at,
        written_at=traffic.written_at,
    )


def _readers() -> dict[str, tuple[str, Reader]]:
    return {
        "linked": (LABELS["linked"], _linked),
        "operator": (LABELS["operator"], one_of(Operator)),
        "q": (LABELS["q"], _unsealed),
    }


def _linked(text: str) -> bool:
    if text not in STATES:
        raise InvalidInputError(
            N_("%(given)r is none of %(known)s."), given=text[:40], known=", ".join(STATES)
        )
    return STATES[text][0]


def _unsealed(word: str) -> str:
    return unseal(word, key=get_settings().secret_key, purpose=PURPOSE, at=now())


def _choices(query: ListQuery) -> list[Choice]:
    options: dict[str, Options] = {
        "linked": [(state, _(word.word)) for state, (_linked, word) in STATES.items()],
        "operator": [(each, each.label) for each in Operator],
    }
    return [
        Choice(name=name, label=_(LABELS[name]), value=query.values.get(name, ""), options=each)
        for name, each in options.items()
    ]


def _chips(query: ListQuery) -> list[Chip]:
    return [
        query.chip(name, f"{_(LABELS[name])}: {_shown(name, value, query.wanted.get(name))[:40]}")
        for name, value in query.values.items()
    ]


def _shown(name: str, value: str, meant: Any) -> str:
    if meant is None:
        return value
    if name == "linked":
        return _(STATES[value][1].word)
    if name == "operator":
        return Operator(value).label
    return f"“{meant}”"
