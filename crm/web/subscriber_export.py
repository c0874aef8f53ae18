"""Subscribers and subscriptions as files: the whole view, streamed, however long it is."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from flask import Blueprint, Response, stream_with_context
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from crm.core.clock import now
from crm.core.csv_cells import csv_lines
from crm.core.db import current_session, transaction
from crm.core.keyset import KeysetPage, Place
from crm.core.phone import mask_in_text
from crm.payments.queries import read_payments_of
from crm.payments.subscribers import list_subscribers, read_subscribers_of
from crm.subscriptions.listing import list_all
from crm.subscriptions.models import Subscription
from crm.subscriptions.queries import read_types
from crm.users.audit_log import record_act
from crm.users.phones import find_phones_of
from crm.users.roles import Permission
from crm.web import subscribers, subscriptions
from crm.web.guards import staff
from crm.web.page_tools import get_settings, iso

subscriber_export = Blueprint("subscriber_export", __name__)

EXPORTED_AT_ONCE = 500
SUBSCRIBER_COLUMNS = (
    "user_id", "number", "name", "email", "subscription_type", "state", "subscription_end", "last_paid_at",
    "last_amount", "last_currency", "next_charge_at", "next_amount", "next_currency", "source",
)  # fmt: skip
SUBSCRIPTION_COLUMNS = (
    "id", "user_id", "number", "subscription_type", "start_time", "end_time", "length", "status", "recurrent",
    "payment_id", "payment_status", "amount", "currency",
)  # fmt: skip

ReadPage = Callable[[Session, Place | None], KeysetPage[Subscription]]
ReadCells = Callable[[Session, Sequence[Subscription]], Iterator[Sequence[object]]]


@subscriber_export.post("/subscribers/export")
@staff(Permission.READ)
def export_subscribers() -> ResponseReturnValue:
    """Send the whole view of the subscribers as CSV; that somebody did is an act."""
    wanted = subscribers.read_wanted(current_session())
    if wanted.query.problems:
        return subscribers.show_list()
    term = wanted.query.wanted.get("q")
    values = dict(wanted.query.values) | ({"q": mask_in_text(term)} if term else {})
    _record("subscribers", values)

    def read(session: Session, place: Place | None) -> KeysetPage[Subscription]:
        return list_subscribers(session, wanted.filter, limit=EXPORTED_AT_ONCE, after=place).page

    return _file("subscribers", _lines(SUBSCRIBER_COLUMNS, read, _subscriber_cells))


@subscriber_export.post("/subscriptions/export")
@staff(Permission.READ)
def export_subscriptions() -> ResponseReturnValue:
    """Send the whole view of the subscriptions as CSV; that somebody did is an act."""
    query, wanted = subscriptions.read_wanted(current_session())
    if query.problems:
        return subscriptions.show_list()
    _record("subscriptions", query.values)
    is_soonest_first = wanted.ends_within is not None

    def read(session: Session, place: Place | None) -> KeysetPage[Subscription]:
        page = list_all(
            session,
            wanted,
            limit=EXPORTED_AT_ONCE,
            **{"before" if is_soonest_first else "after": place},
        )
        # of a list that begins with the soonest the way on is the newer one
        return KeysetPage(rows=page.rows, newer=None, older=page.newer if is_soonest_first else page.older)

    return _file("subscriptions", _lines(SUBSCRIPTION_COLUMNS, read, _subscription_cells))


def _record(what: str, values: Mapping[str, str]) -> None:
    with transaction() as session:
        record_act(session, f"{what}.export", what, after={"filter": values})


def _file(what: str, lines: Iterator[str]) -> Response:
    name = f"{what}-{now().astimezone(get_settings().timezone):%Y-%m-%d}.csv"
    return Response(
        stream_with_context(lines),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _lines(columns: Sequence[str], read: ReadPage, cells: ReadCells) -> Iterator[str]:
    """Write page after page. Between two of them no transaction is open, however slowly they are taken."""
    yield csv_lines([columns])
    place: Place | None = None
    while True:
        session = current_session()
        page = read(session, place)
        lines = csv_lines(cells(session, page.rows))
        session.rollback()
        yield lines
        if page.older is None:
            return
        place = page.older


def _subscriber_cells(session: Session, rows: Sequence[Subscription]) -> Iterator[Sequence[object]]:
    numbers = find_phones_of(session, {row.user_id for row in rows})
    types = read_types(session, {row.subscription_type_id for row in rows})
    for each in read_subscribers_of(session, rows):
        paid, charge = each.last_paid, each.next_charge
        yield (
            each.user.id, numbers.get(each.user.id, ""), each.user.public_name, each.user.email or "",
            types[each.subscription.subscription_type_id].code, each.state, iso(each.subscription.end_time),
            iso(paid.paid_at) if paid and paid.paid_at else "",
            paid.amount if paid else "", paid.currency if paid else "",
            iso(charge.charge_at) if charge else "", charge.amount if charge else "",
            charge.currency if charge else "", each.user.source,
        )  # fmt: skip


def _subscription_cells(session: Session, rows: Sequence[Subscription]) -> Iterator[Sequence[object]]:
    numbers = find_phones_of(session, {row.user_id for row in rows})
    types = read_types(session, {row.subscription_type_id for row in rows})
    payments = read_payments_of(session, [row.id for row in rows])
    for row in rows:
        payment = payments.get(row.id)
        yield (
            row.id, row.user_id, numbers.get(row.user_id, ""), types[row.subscription_type_id].code,
            iso(row.start_time), iso(row.end_time), row.length, row.internal_status, int(row.is_recurrent),
            payment.id if payment else "", payment.status if payment else "",
            payment.amount if payment else "", payment.currency if payment else "",
        )  # fmt: skip
