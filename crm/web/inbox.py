"""The inbox: readers' messages that wait for a person, and what one press does with them."""

from collections.abc import Callable

from flask import Blueprint, abort, flash, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session

from crm.core.db import current_session, transaction
from crm.core.keyset import KeysetPage
from crm.mobiletech.conversations import inbox as service
from crm.mobiletech.conversations.models import InboxItem
from crm.users.roles import Permission, may
from crm.web.flashes import Undo, flash_undoable
from crm.web.guards import staff
from crm.web.ids import LARGEST_ID
from crm.web.inbox_page import (
    as_filter,
    list_chips,
    list_choices,
    list_tabs,
    read_filters,
    read_rows,
    told_count,
)
from crm.web.list_query import make_pager
from crm.web.page_tools import render_staff_page
from crm.web.return_path import own_path
from crm.web.session import get_signed_in

inbox = Blueprint("inbox", __name__)

PAGE = 50
HERE = "/admin/inbox"


@inbox.get("")
@staff(Permission.READ)
def show_list() -> ResponseReturnValue:
    """List what waits, or what was done, as the address asks for."""
    session, person = current_session(), get_signed_in()
    query = read_filters()
    wanted = as_filter(query, person.id)
    page: KeysetPage[InboxItem] = KeysetPage(rows=(), newer=None, older=None)
    if not query.problems:
        page = service.list_items(session, wanted, limit=PAGE, after=query.after, before=query.before)
    shown = render_staff_page(
        "inbox/list.html",
        rows=read_rows(session, page.rows, person),
        is_done=wanted.state is service.ItemState.DONE,
        is_mine=wanted.person_id is not None,
        tabs=list_tabs(session, query, person),
        filters=list_choices(session, query),
        hidden={name: query.values[name] for name in ("state", "whose") if name in query.values},
        active_filters=list_chips(query),
        pager=make_pager(query, page),
        problems=query.problems,
        may_answer=may(person.role, Permission.ANSWER),
    )
    return (shown, 400) if query.problems else shown


@inbox.post("/done")
@staff(Permission.ANSWER)
def finish() -> ResponseReturnValue:
    """Mark messages as done."""
    by = get_signed_in().id
    return _change(lambda session, items: service.finish(session, items, by=by), _told_done, undo="reopen")


@inbox.post("/reopen")
@staff(Permission.ANSWER)
def reopen() -> ResponseReturnValue:
    """Let messages wait again."""
    return _change(service.reopen, lambda _waiting: _("It waits in the inbox again."), undo="done")


@inbox.post("/take")
@staff(Permission.ANSWER)
def take() -> ResponseReturnValue:
    """Say that one sees to messages."""
    by = get_signed_in().id
    return _change(
        lambda session, items: service.take(session, items, by=by),
        lambda _waiting: _("It is yours now."),
        undo="give-back",
    )


@inbox.post("/give-back")
@staff(Permission.ANSWER)
def give_back() -> ResponseReturnValue:
    """Leave messages to all again."""
    by = get_signed_in().id
    return _change(
        lambda session, items: service.give_back(session, items, by=by),
        lambda _waiting: _("It is everybody's again."),
        undo="take",
    )


def _change(
    change: Callable[[Session, list[int]], list[int]], say: Callable[[int], str], *, undo: str
) -> ResponseReturnValue:
    """Do it to the items of the form, say so with the way to undo it, and go on to where the form says."""
    items, way_on = _items(), own_path(request.values.get("next", ""), otherwise=HERE)
    with transaction() as session:
        changed = change(session, items)
        waiting = service.count_open(session)
    if changed:
        fields = {"item": ",".join(map(str, changed)), "next": way_on}
        flash_undoable(say(waiting), Undo(action=f"{HERE}/{undo}", label=_("Undo"), fields=fields))
    else:
        flash(_("Somebody was quicker: it is so already."), "wait")
    return redirect(way_on)


def _told_done(waiting: int) -> str:
    if not waiting:
        return str(_("Done. Nothing waits any more."))
    words = ngettext(
        "Done. %(count)s still waits.", "Done. %(count)s still wait.", waiting, count=told_count(waiting)
    )
    return str(words)


def _items() -> list[int]:
    """Return the ids that the form names, with commas between them; 404 for what can be none."""
    listed = ",".join(request.form.getlist("item")).split(",")
    named = [text for text in listed if text.isascii() and text.isdecimal()]
    ids = [int(text) for text in named[: service.MOST_AT_ONCE] if len(text) < 20]
    if not ids or max(ids) > LARGEST_ID:
        abort(404)
    return ids
