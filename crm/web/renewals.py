"""The renewals: in views by what they wait for, filtered by the address, and as a file."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from flask import Blueprint, Response, stream_with_context
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from crm.core.clock import now
from crm.core.csv_cells import csv_lines
from crm.core.db import current_session, transaction
from crm.core.keyset import KeysetPage, Place
from crm.payments.holding import find_hold
from crm.payments.models import RecurrentPayment
from crm.payments.renewal_list import (
    COUNTED,
    RenewalFilter,
    RenewalView,
    count_views,
    is_oldest_first,
    list_renewals,
)
from crm.sms_billing.unproven import list_unproven
from crm.users.audit_log import find_latest_acts, record_act
from crm.users.queries import read_names
from crm.users.roles import Permission, may
from crm.web.act_words import actor_word
from crm.web.count_words import spell
from crm.web.guards import staff
from crm.web.list_query import ListQuery, make_pager
from crm.web.page_tools import get_settings, iso, render_staff_page
from crm.web.renewal_filters import as_filter, list_chips, list_choices, read_renewal_query, view_label
from crm.web.renewal_rows import as_row, read_surroundings
from crm.web.renewal_words import EMPTY_WORDS, LIST
from crm.web.session import get_signed_in

renewals = Blueprint("renewals", __name__)

PAGE = 50
EXPORTED_AT_ONCE = 1000
COLUMNS = (
    "charge_at", "id", "user_id", "reader", "number", "type", "amount", "currency", "try", "retries_left",
    "state", "failure", "code", "reason", "period_ends", "payment_id", "paused_since", "updated_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tab:
    """One view above the list, with how many stand in it."""

    label: str
    href: str
    count: str
    is_current: bool


@renewals.get("")
@staff(Permission.READ)
def show_list() -> ResponseReturnValue:
    """List the renewals that the address asks for."""
    session, query = current_session(), read_renewal_query()
    unproven = list_unproven(session)
    wanted = as_filter(query, unproven)
    page: KeysetPage[RecurrentPayment] = KeysetPage(rows=(), newer=None, older=None)
    if not query.problems:
        page = list_renewals(session, wanted, limit=PAGE, after=query.after, before=query.before)
    around = read_surroundings(session, page.rows, unproven)
    shown = render_staff_page(
        "renewals/list.html",
        rows=[as_row(row, around) for row in page.rows],
        tabs=_tabs(query, count_views(session, unproven)),
        filters=list_choices(session, query),
        hidden={name: query.values[name] for name in ("view", "user") if name in query.values},
        active_filters=list_chips(query, _reader(session, wanted)),
        all_href=f"?view={wanted.view}" if wanted.view else "?",
        oldest_first=is_oldest_first(wanted.view),
        pager=make_pager(query, page),
        empty=EMPTY_WORDS.get(wanted.view) if wanted.view else None,
        export_href=f"{LIST}/export{query.href()}" if page.rows else None,
        held=read_hold(session),
        may_hold=may(get_signed_in().role, Permission.MANAGE_RENEWALS),
        problems=query.problems,
    )
    return (shown, 400) if query.problems else shown


@renewals.post("/export")
@staff(Permission.READ)
def export() -> ResponseReturnValue:
    """Send the whole view as CSV, a piece at a time; that somebody did is an act."""
    query = read_renewal_query()
    if query.problems:
        return show_list()
    wanted = as_filter(query, list_unproven(current_session()))
    with transaction() as session:
        record_act(session, "renewals.export", "renewals", after={"filter": dict(query.values)})
    name = f"renewals-{now().astimezone(get_settings().timezone):%Y-%m-%d}.csv"
    return Response(
        stream_with_context(_lines(wanted)),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldShown:
    """That nothing is charged: since when, why, and who said so, if it is known."""

    since: object
    reason: str
    actor: str | None


def read_hold(session: Session) -> HoldShown | None:
    """Return the hold that is in force, as pages tell it."""
    hold = find_hold(session)
    if hold is None:
        return None
    act = find_latest_acts(session, ["renewals"]).get("renewals")
    is_its = act is not None and act.action == "renewals.hold"
    return HoldShown(
        since=hold.since, reason=hold.reason, actor=actor_word(act.actor) if act and is_its else None
    )


def _tabs(query: ListQuery, counts: Mapping[RenewalView, int]) -> list[Tab]:
    current = query.values.get("view", "")
    tabs = [Tab(_("All"), LIST, "", not current)]
    for view, count in counts.items():
        shown = f"{spell(COUNTED)}+" if count > COUNTED else spell(count)
        tabs.append(Tab(view_label(view), f"{LIST}?view={view}", shown, current == view))
    return tabs


def _reader(session: Session, wanted: RenewalFilter) -> str | None:
    return read_names(session, [wanted.user_id]).get(wanted.user_id) if wanted.user_id else None


def _lines(wanted: RenewalFilter) -> Iterator[str]:
    """Write page after page; between two of them no transaction is open, however slowly they are taken."""
    yield csv_lines([COLUMNS])
    place: Place | None = None
    oldest_first = is_oldest_first(wanted.view)
    while True:
        session = current_session()
        after, before = (None, place) if oldest_first else (place, None)
        page = list_renewals(session, wanted, limit=EXPORTED_AT_ONCE, after=after, before=before)
        lines = csv_lines(_cells(session, page.rows))
        place = page.newer if oldest_first else page.older
        session.rollback()
        yield lines
        if place is None:
            return


def _cells(session: Session, rows: Sequence[RecurrentPayment]) -> Iterator[Sequence[object]]:
    """Return what the file tells of each renewal, as programs write it."""
    around = read_surroundings(session, rows, ())
    for row in rows:
        kind = around.types[row.subscription_type_id]
        amount, currency = around.amounts.get(row.id, (row.custom_amount or kind.price, kind.currency))
        ends = around.period_ends.get(row.period_payment_id)
        yield (
            iso(row.charge_at), row.id, row.user_id, around.names.get(row.user_id, ""),
            around.numbers.get(row.user_id, ""), kind.code, amount, currency, row.attempt + 1, row.retries,
            row.state, row.failure, row.status, row.approval, iso(ends) if ends else "", row.payment_id,
            iso(row.paused_at) if row.paused_at else "", iso(row.updated_at),
        )  # fmt: skip
