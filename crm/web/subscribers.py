"""The readers who have or had a subscription: list them, and find one by number, name or e-mail."""

from dataclasses import dataclass

from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from crm.core.bounded_walk import WalkedPage
from crm.core.clock import now
from crm.core.db import current_session
from crm.core.errors import N_
from crm.core.keyset import KeysetPage
from crm.payments.subscribers import WALKED, State, SubscriberFilter, list_subscribers
from crm.subscriptions.models import Subscription
from crm.subscriptions.queries import list_types
from crm.users.people import LONGEST_TERM
from crm.users.people_meant import MOST_PEOPLE, PeopleMeant, find_people_meant
from crm.users.roles import Permission
from crm.web.filters import Chip, Choice, Reader, one_of
from crm.web.guards import staff
from crm.web.list_query import ListQuery, make_pager, read_query
from crm.web.page_tools import get_settings, local_time, render_staff_page
from crm.web.sealed import seal, unseal
from crm.web.subscriber_rows import read_rows
from crm.web.subscription_words import STATE_WORDS, type_by_code, type_options

subscribers = Blueprint("subscribers", __name__)

PAGE = 50
PURPOSE = "search for subscribers"
HREF = "/admin/subscribers"
LABELS = {"state": N_("State"), "type": N_("Subscription"), "q": N_("Search")}
NOTHING: WalkedPage[Subscription] = WalkedPage(KeysetPage(rows=(), newer=None, older=None))


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the address asks for; `is_cut`: the search means more people than are looked at."""

    query: ListQuery
    filter: SubscriberFilter
    is_cut: bool


@subscribers.get("")
@staff(Permission.READ)
def show_list() -> ResponseReturnValue:
    """List the subscribers that the address asks for."""
    session = current_session()
    wanted = read_wanted(session)
    query, walked = wanted.query, NOTHING
    if not query.problems:
        walked = list_subscribers(session, wanted.filter, limit=PAGE, after=query.after, before=query.before)
    page = walked.page
    shown = render_staff_page(
        "subscribers/list.html",
        rows=read_rows(session, page.rows),
        term=query.wanted.get("q", ""),
        search_href=f"{HREF}/search{query.chip('q', '').remove_href}",
        export_href=f"{HREF}/export{query.href()}".removesuffix("?") if page.rows or page.older else "",
        filters=_choices(session, query),
        hidden={"q": query.values["q"]} if "q" in query.values else {},
        active_filters=_chips(session, query),
        pager=make_pager(query, page),
        hint=_hint(walked),
        most_people=MOST_PEOPLE if wanted.is_cut else None,
        problems=query.problems,
    )
    return (shown, 400) if query.problems else shown


@subscribers.post("/search")
@staff(Permission.READ)
def search() -> ResponseReturnValue:
    """Put what was typed into the address, sealed: a number or a name stands in no log and no history."""
    term = request.form.get("term", "").strip()[:LONGEST_TERM]
    readers = {name: reader for name, reader in _readers(current_session()).items() if name != "q"}
    query = read_query(readers)
    sealed = {"q": seal(term, key=get_settings().secret_key, purpose=PURPOSE, at=now())} if term else {}
    return redirect(f"{HREF}{query.href(**sealed)}".removesuffix("?"))


def read_wanted(session: Session) -> Wanted:
    """Return what the address asks for."""
    query = read_query(_readers(session))
    people = PeopleMeant(ids=(), is_cut=False)
    if "q" in query.wanted:
        people = find_people_meant(session, query.wanted["q"])
    wanted = SubscriberFilter(
        state=query.wanted.get("state"),
        type_id=query.wanted.get("type"),
        user_ids=people.ids if "q" in query.wanted else None,
    )
    return Wanted(query, wanted, people.is_cut)


def _hint(walked: WalkedPage[Subscription]) -> str:
    """Return how far the list was walked, if it was not walked to its end."""
    if not walked.is_cut or walked.page.older is None:
        return ""
    at = local_time(walked.page.older.at, "day")
    return _(
        "Looked at %(count)s subscriptions, down to those until %(at)s. Go on with Older.",
        count=WALKED,
        at=at,
    )


def _readers(session: Session) -> dict[str, tuple[str, Reader]]:
    return {
        "state": (LABELS["state"], one_of(State)),
        "type": (LABELS["type"], type_by_code(session)),
        "q": (LABELS["q"], _unsealed),
    }


def _unsealed(word: str) -> str:
    return unseal(word, key=get_settings().secret_key, purpose=PURPOSE, at=now())


def _choices(session: Session, query: ListQuery) -> list[Choice]:
    options = {
        "state": [(state, _(word.word)) for state, word in STATE_WORDS.items()],
        "type": type_options(list_types(session)),
    }
    return [
        Choice(name=name, label=_(LABELS[name]), value=query.values.get(name, ""), options=each)
        for name, each in options.items()
    ]


def _chips(session: Session, query: ListQuery) -> list[Chip]:
    shown = dict(type_options(list_types(session))) | {
        state: _(word.word) for state, word in STATE_WORDS.items()
    }
    chips = []
    for name, value in query.values.items():
        meant = query.wanted.get(name)
        words = f"“{meant}”" if name == "q" and meant is not None else shown.get(value, value)
        chips.append(query.chip(name, f"{_(LABELS[name])}: {words[:40]}"))
    return chips
