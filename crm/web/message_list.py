"""The list of all messages: filtered by its address, in pages; and how many came since it was read."""

from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core.clock import db_now
from crm.core.db import current_session
from crm.mobiletech.message_log import (
    COUNTED,
    LogFilter,
    LogPage,
    Position,
    count_messages,
    count_newer,
    list_messages,
)
from crm.mobiletech.message_rows import read_rows
from crm.mobiletech.queries import list_billkey_codes
from crm.mobiletech.sms_templates import list_templates
from crm.users.roles import Permission
from crm.web.cursor import InvalidCursorError, read_cursor, write_cursor
from crm.web.guards import staff
from crm.web.languages import told
from crm.web.message_filters import HIDDEN, Filters, list_chips, list_choices, read_filters
from crm.web.message_pages import as_row, spaced
from crm.web.message_search import View, look_up, number_links, search_sentences
from crm.web.page_tools import local_time, render_staff_page

message_list = Blueprint("message_list", __name__)

PAGE = 50
NOTHING = LogPage(positions=[], newer=None, older=None)


@dataclass(frozen=True, slots=True)
class Pager:
    """The ways to the neighbouring pages."""

    newer_href: str | None
    older_href: str | None


@message_list.get("")
@staff(Permission.READ)
def show_list() -> ResponseReturnValue:
    """List the messages that the address asks for."""
    session, filters = current_session(), read_filters(request.args)
    view = look_up(session, filters)
    problems = list(view.problems)
    try:
        after, before = _place("after", filters), _place("before", filters)
    except InvalidCursorError as error:
        problems.append(told(error))
    if problems:
        return _list(session, filters, view, NOTHING, problems), 400
    page = list_messages(session, view.wanted, limit=PAGE, after=after, before=before)
    return _list(session, filters, view, page, [])


@message_list.get("/newer")
@staff(Permission.READ)
def tell_newer() -> ResponseReturnValue:
    """Say how many messages of a view have come since it was read, for the bar above it; empty for none."""
    session, filters = current_session(), read_filters(request.args)
    try:
        than = _place("than", filters)
    except InvalidCursorError as error:
        return {"problem": told(error)}, 400
    view = look_up(session, filters, since=than.at if than else None)
    if than is None or view.problems:
        return {"problem": " ".join(view.problems)}, 400
    count = count_newer(session, view.wanted, than)
    return {"shown": _("Newer (%(count)s)", count=_shown(count)) if count else ""}


def _place(name: str, filters: Filters) -> Position | None:
    word = request.args.get(name, "")
    return read_cursor(word, filters.values) if word else None


def _list(session: Session, filters: Filters, view: View, page: LogPage, problems: list[str]) -> str:
    templates = [template.code for template in list_templates(session)]
    number = spaced(view.number.number) if view.number else None
    rows = [as_row(row) for row in read_rows(session, page.positions)]
    return render_staff_page(
        "messages/list.html",
        rows=rows,
        filters=list_choices(filters, templates=templates, billkeys=list_billkey_codes(session)),
        hidden={name: filters.values[name] for name in HIDDEN if name in filters.values},
        active_filters=list_chips(filters, number=number),
        term=filters.term or "",
        search_href=f"/admin/search{_without_search(filters)}",
        found=list(search_sentences(view.findings)) if view.findings else [],
        numbers=number_links(view.findings) if view.findings else [],
        thread_href=f"/admin/threads/{view.number.id}" if view.number else None,
        pager=Pager(_href(filters, "before", page.newer), _href(filters, "after", page.older)),
        total_hint=_hint(session, view.wanted, page) if not problems else "",
        newer_href=_newer_href(session, filters, page) if not problems else None,
        top_href=filters.href(),
        export_href=f"/admin/messages/export{filters.href()}" if rows else None,
        problems=problems,
    )


def _without_search(filters: Filters) -> str:
    """Return the filters in force, for a new search within them."""
    rest = {name: value for name, value in filters.values.items() if name not in HIDDEN}
    return read_filters(rest).href().removesuffix("?")


def _href(filters: Filters, name: str, position: Position | None) -> str | None:
    return filters.href(**{name: write_cursor(position, filters.values)}) if position else None


def _newer_href(session: Session, filters: Filters, page: LogPage) -> str | None:
    """Return where to ask what is newer than the top of the list; further down there is the pager for it."""
    if page.newer is not None:
        return None
    top = page.positions[0] if page.positions else Position(_moment(session), 0, 0)
    return f"/admin/messages/newer{filters.href(than=write_cursor(top, filters.values))}"


def _moment(session: Session) -> datetime:
    moment: datetime = session.execute(select(db_now())).scalar_one()
    return moment


def _hint(session: Session, wanted: LogFilter, page: LogPage) -> str:
    if page.is_cut and page.older is not None:
        moment = local_time(page.older.at, "minute")
        return _("Searched back to %(moment)s; go on with Older.", moment=moment)
    count = count_messages(session, wanted)
    if count is None:
        return ""
    return ngettext("%(count)s message", "%(count)s messages", count, count=_shown(count))


def _shown(count: int) -> str:
    """Return a count; what was not counted to its end says so."""
    return f"{COUNTED:,}+".replace(",", "\u202f") if count > COUNTED else str(count)
