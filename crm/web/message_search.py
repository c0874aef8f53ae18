"""One box for the end of a number, a gateway's id and words of a text; what it found, told in sentences."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session

from crm.core.clock import now
from crm.core.db import current_session
from crm.core.errors import N_, InvalidInputError
from crm.mobiletech.message_log import Kind, LogFilter, Position
from crm.mobiletech.search.finding import (
    LONGEST_TERM,
    MOST_MESSAGES,
    MOST_NUMBERS,
    Findings,
    find_by_gateway_id,
    find_messages,
    find_whole_number,
)
from crm.users.models import KnownNumber
from crm.users.roles import Permission
from crm.web.guards import staff
from crm.web.languages import told
from crm.web.message_filters import LABELS, PURPOSE, Filters, read_filters
from crm.web.message_pages import spaced
from crm.web.page_tools import get_settings
from crm.web.sealed import seal

message_search = Blueprint("message_search", __name__)

LIST = "/admin/messages"
SHOWN_NUMBERS = 8
_PAGES = {Kind.INBOUND: f"{LIST}/inbound/", Kind.OUTBOUND: f"{LIST}/outbound/"}


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What the address asks for, looked up: the number that it means, and what was found."""

    wanted: LogFilter
    problems: tuple[str, ...] = ()
    number: KnownNumber | None = None
    findings: Findings | None = None


@dataclass(frozen=True, slots=True)
class NumberLink:
    """A number that was found, and all its messages."""

    label: str
    href: str


@message_search.post("/search")
@staff(Permission.READ)
def search() -> ResponseReturnValue:
    """Lead to what was typed: the one message or the one number that it names, else the list of what is like it."""
    term = request.form.get("term", "").replace("\0", "").strip()[:LONGEST_TERM]
    filters = read_filters({name: value for name, value in request.args.items() if name != "q"})
    if not term:
        return redirect(_list(filters), 303)
    session = current_session()
    number = find_whole_number(session, term)
    if number is not None:
        return redirect(_list(filters, thread=str(number.id)), 303)
    named = find_by_gateway_id(session, term)
    if len(named) == 1:
        return redirect(_page_of(named[0]), 303)
    sealed = seal(term, key=get_settings().secret_key, purpose=PURPOSE, at=now())
    return redirect(_list(filters, q=sealed), 303)


def look_up(session: Session, filters: Filters, *, since: datetime | None = None) -> View:
    """Find what the number and the search of the filters mean; `since` when only what is newer matters."""
    wanted = filters.wanted
    if filters.problems:
        return View(wanted=wanted, problems=tuple(filters.problems))
    number = findings = None
    if filters.thread is not None:
        number = session.get(KnownNumber, filters.thread)
        if number is None:
            unknown = InvalidInputError(N_("No number has the id %(id)s."), id=filters.thread)
            return View(wanted=wanted, problems=(f"{_(LABELS['thread'])}: {told(unknown)}",))
        wanted = replace(wanted, number=number.number)
    if filters.term is not None:
        since = max(filter(None, (since, wanted.since)), default=None)
        findings = find_messages(
            session, filters.term, direction=wanted.direction, since=since, until=wanted.until
        )
        wanted = replace(wanted, found=findings.found)
    return View(wanted=wanted, number=number, findings=findings)


def search_sentences(findings: Findings) -> Iterable[str]:
    """Tell what was looked for and how far."""
    count = len(findings.numbers)
    if findings.more_numbers:
        yield _(
            "More than %(most)s numbers end in %(end)s; these are the newest. Type more digits.",
            most=MOST_NUMBERS,
            end=findings.end,
        )
    elif findings.end is not None and not count:
        yield _("No number ends in %(end)s.", end=findings.end)
    elif findings.end is not None:
        yield ngettext(
            "%(count)s number ends in %(end)s.",
            "%(count)s numbers end in %(end)s.",
            count,
            count=count,
            end=findings.end,
        )
    if findings.more_messages:
        most = f"{MOST_MESSAGES:,}".replace(",", "\u202f")
        yield _("Words are searched in the last 90 days: the newest %(most)s matches are here.", most=most)
    elif findings.has_words:
        yield _("Words are searched in the last 90 days.")


def number_links(findings: Findings) -> list[NumberLink]:
    """Return the numbers that were found, if they are few enough to choose from."""
    if len(findings.numbers) > SHOWN_NUMBERS:
        return []
    return [NumberLink(spaced(each.number), f"?thread={each.id}") for each in findings.numbers]


def _list(filters: Filters, **more: str) -> str:
    return f"{LIST}{filters.href(**more)}".removesuffix("?")


def _page_of(position: Position) -> str:
    return f"{_PAGES[Kind(position.kind)]}{position.id}"
