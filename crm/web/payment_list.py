"""The list of payments: filtered by its address, in pages; the search for a number or a variable symbol; the file."""

from collections.abc import Iterator
from urllib.parse import urlencode

from flask import Blueprint, Response, redirect, request, stream_with_context
from flask.typing import ResponseReturnValue
from flask_babel import ngettext
from sqlalchemy.orm import Session

from crm.core.clock import now
from crm.core.csv_cells import csv_lines
from crm.core.db import current_session, transaction
from crm.core.keyset import KeysetPage, Place
from crm.mobiletech.search.finding import LONGEST_TERM, find_whole_number
from crm.payments.models import Payment
from crm.payments.payment_list import COUNTED, PaymentFilter, count_payments, find_by_symbol, list_payments
from crm.users.audit_log import record_act
from crm.users.roles import Permission
from crm.web.count_words import spell
from crm.web.guards import staff
from crm.web.list_query import make_pager
from crm.web.page_tools import get_settings, render_staff_page
from crm.web.payment_cells import COLUMNS, as_cells
from crm.web.payment_filters import HIDDEN, LABELS, PURPOSE, View, list_chips, list_choices, read_view
from crm.web.payment_rows import as_rows
from crm.web.payment_words import LIST
from crm.web.sealed import seal

payment_list = Blueprint("payment_list", __name__)

PAGE = 50
EXPORTED_AT_ONCE = 500
TOLD_END = 4
NOTHING: KeysetPage[Payment] = KeysetPage(rows=(), newer=None, older=None)


@payment_list.get("")
@staff(Permission.READ)
def show_list() -> ResponseReturnValue:
    """List the payments that the address asks for."""
    session = current_session()
    view = read_view(session)
    if view.problems:
        return _list(session, view, NOTHING), 400
    query = view.query
    page = list_payments(session, view.wanted, limit=PAGE, after=query.after, before=query.before)
    return _list(session, view, page)


@payment_list.post("/search")
@staff(Permission.READ)
def search() -> ResponseReturnValue:
    """Lead to the payment that a variable symbol names, or list those of a number, or of numbers with that end."""
    term = request.form.get("term", "").replace("\0", "").strip()[:LONGEST_TERM]
    session = current_session()
    number = find_whole_number(session, term) if term else None
    if number is not None:
        return redirect(_address(thread=str(number.id)), 303)
    named = find_by_symbol(session, term)
    if named is not None:
        return redirect(f"{LIST}/{named.id}", 303)
    if not term:
        return redirect(_address(), 303)
    sealed = seal(term, key=get_settings().secret_key, purpose=PURPOSE, at=now())
    return redirect(_address(q=sealed), 303)


@payment_list.post("/export")
@staff(Permission.READ)
def export() -> ResponseReturnValue:
    """Send the whole view as CSV, a piece at a time; that somebody did is an act."""
    view = read_view(current_session())
    if view.problems:
        return show_list()
    values = dict(view.query.values)
    if "q" in view.query.wanted:
        values["q"] = f"…{view.query.wanted['q'][-TOLD_END:]}"  # told, and yet no number in the log
    with transaction() as session:
        record_act(session, "payments.export", "payments", after={"filter": values})
    name = f"payments-{now().astimezone(get_settings().timezone):%Y-%m-%d}.csv"
    return Response(
        stream_with_context(_lines(view.wanted)),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _address(**values: str) -> str:
    """Return the address of the list, with the filters that it has now but for what was searched for before."""
    kept = {name: text for name, text in request.args.items() if name in LABELS and name not in HIDDEN}
    query = urlencode({**kept, **values})
    return f"{LIST}?{query}" if query else LIST


def _lines(wanted: PaymentFilter) -> Iterator[str]:
    """Write page after page; between two of them no transaction is open, however slowly they are taken."""
    yield csv_lines([COLUMNS])
    place: Place | None = None
    while True:
        session = current_session()
        page = list_payments(session, wanted, limit=EXPORTED_AT_ONCE, after=place)
        lines = csv_lines(as_cells(session, page.rows))
        session.rollback()
        yield lines
        if page.older is None:
            return
        place = page.older


def _list(session: Session, view: View, page: KeysetPage[Payment]) -> str:
    return render_staff_page(
        "payments/list.html",
        rows=as_rows(session, page.rows),
        filters=list_choices(session, view.query),
        hidden=view.hidden,
        active_filters=list_chips(session, view),
        term=view.query.wanted.get("q", ""),
        search_href=f"{LIST}/search{view.query.href().removesuffix('?')}",
        thread_href=f"/admin/threads/{view.number.id}" if view.number else None,
        pager=make_pager(view.query, page),
        total_hint=_hint(session, view.wanted) if page.rows else "",
        export_href=f"{LIST}/export{view.query.href()}" if page.rows else None,
        problems=view.problems,
    )


def _hint(session: Session, wanted: PaymentFilter) -> str:
    count = count_payments(session, wanted)
    shown = f"{spell(COUNTED)}+" if count > COUNTED else str(count)
    return ngettext("%(count)s payment", "%(count)s payments", count, count=shown)
