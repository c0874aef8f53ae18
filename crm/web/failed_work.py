"""Work that failed: the list, filtered by its address, and one piece of work in full."""

import re

from flask import Blueprint, abort
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from crm.core.db import current_session
from crm.core.errors import N_, InvalidInputError
from crm.core.keyset import KeysetPage
from crm.events.failed_work import FailedState, WorkFilter, find_work, list_kinds, list_work
from crm.events.models import OutboxEntry
from crm.users.roles import Permission, may
from crm.web.filters import Chip, Choice, Reader, one_of
from crm.web.guards import staff
from crm.web.ids import LARGEST_ID
from crm.web.list_query import ListQuery, make_pager, read_query
from crm.web.page_tools import render_staff_page
from crm.web.session import get_signed_in
from crm.web.work_page import show_work
from crm.web.work_words import FAILED, as_row, event_name

failed_work = Blueprint("failed_work", __name__)

PAGE = 50
LABELS = {"state": N_("State"), "event": N_("Work"), "handler": N_("Handler")}
_NAME = re.compile(r"[A-Za-z0-9_.:-]{1,120}", re.ASCII)


@failed_work.get("")
@staff(Permission.READ)
def show_list() -> ResponseReturnValue:
    """List the failed work that the address asks for."""
    query = read_work_query()
    session = current_session()
    page: KeysetPage[OutboxEntry] = KeysetPage(rows=(), newer=None, older=None)
    if not query.problems:
        wanted = WorkFilter(**query.wanted)
        page = list_work(session, wanted, limit=PAGE, after=query.after, before=query.before)
    shown = render_staff_page(
        "failed_work/list.html",
        rows=[as_row(entry) for entry in page.rows],
        filters=_choices(session, query),
        active_filters=_chips(query),
        pager=make_pager(query, page),
        problems=query.problems,
        may_decide=may(get_signed_in().role, Permission.OPERATE),
    )
    return (shown, 400) if query.problems else shown


@failed_work.get("/<int:entry_id>")
@staff(Permission.READ)
def show(entry_id: int) -> str:
    """Show one piece of work, failed or not."""
    found = find_work(current_session(), [entry_id]) if entry_id <= LARGEST_ID else ()
    if not found:
        abort(404)
    return show_work(current_session(), found[0])


def read_work_query() -> ListQuery:
    """Return what the address of the list asks for."""
    readers: dict[str, Reader] = {"state": one_of(FailedState), "event": _name, "handler": _name}
    return read_query({name: (LABELS[name], read) for name, read in readers.items()})


def _name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise InvalidInputError(N_("%(given)r is no name of an event or a handler."), given=text[:40])
    return text


def _choices(session: Session, query: ListQuery) -> list[Choice]:
    """Return the filters that have something to choose; what is in force is among it."""
    kinds = list_kinds(session)
    options: dict[str, dict[str, str]] = {
        "state": {state: _(word.word) for state, word in FAILED.items()},
        "event": {event: f"{event_name(event)} ({event})" for event, _handler in kinds},
        "handler": {handler: handler for _event, handler in kinds if handler},
    }
    for name, value in query.values.items():
        if name in query.wanted:
            options[name].setdefault(value, value)
    return [
        Choice(
            name=name, label=_(label), value=query.values.get(name, ""), options=list(options[name].items())
        )
        for name, label in LABELS.items()
        if options[name]
    ]


def _chips(query: ListQuery) -> list[Chip]:
    words = {state.value: _(word.word) for state, word in FAILED.items()}
    return [
        query.chip(name, f"{_(LABELS[name])}: {words.get(value, value)[:40]}")
        for name, value in query.values.items()
    ]
