"""The list of subscriptions: each period that somebody has or had, the one that ends last first."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Blueprint
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session

from crm.core.db import current_session
from crm.core.errors import N_, InvalidInputError
from crm.core.keyset import KeysetPage
from crm.core.phone import to_international
from crm.mobiletech.words import Word
from crm.payments.queries import read_payments_of
from crm.payments.statuses import PaymentStatus
from crm.subscriptions.listing import SubscriptionFilter, list_all
from crm.subscriptions.models import Subscription
from crm.subscriptions.queries import list_types, read_types
from crm.subscriptions.statuses import InternalStatus
from crm.users.numbers import list_number_ids
from crm.users.phones import find_phones_of
from crm.users.queries import read_names
from crm.users.roles import Permission
from crm.web.filters import Chip, Choice, Options, Reader, one_of
from crm.web.guards import staff
from crm.web.list_query import ListQuery, make_pager, read_query
from crm.web.message_pages import spaced
from crm.web.money import money
from crm.web.page_tools import render_staff_page
from crm.web.subscription_words import INTERNAL_WORDS, PAYMENT_WORDS, type_by_code, type_options

subscriptions = Blueprint("subscriptions", __name__)

PAGE = 50
HREF = "/admin/subscriptions"
LABELS = {
    "status": N_("State"),
    "type": N_("Subscription"),
    "ends": N_("Ends within"),
    "recurrent": N_("Renewal"),
}
RECURRENT: Mapping[str, tuple[bool, str]] = {"yes": (True, N_("Renews")), "no": (False, N_("Bought once"))}
ENDS = {"1": 1, "7": 7, "30": 30}
NOTHING: KeysetPage[Subscription] = KeysetPage(rows=(), newer=None, older=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One subscription; without a payment it was given."""

    href: str
    number: str
    name: str
    type: str
    start: datetime
    end: datetime
    status: Word
    recurrent: str
    payment: str
    payment_href: str
    payment_word: Word | None


@subscriptions.get("")
@staff(Permission.READ)
def show_list() -> ResponseReturnValue:
    """List the subscriptions that the address asks for."""
    session = current_session()
    query, wanted = read_wanted(session)
    page = NOTHING
    if not query.problems:
        page = list_all(session, wanted, limit=PAGE, after=query.after, before=query.before)
    shown = render_staff_page(
        "subscriptions/list.html",
        rows=read_rows(session, page.rows),
        soonest_first=wanted.ends_within is not None,
        export_href=f"{HREF}/export{query.href()}".removesuffix("?") if page.rows else "",
        filters=_choices(session, query),
        active_filters=_chips(session, query),
        pager=make_pager(query, page),
        problems=query.problems,
    )
    return (shown, 400) if query.problems else shown


def read_wanted(session: Session) -> tuple[ListQuery, SubscriptionFilter]:
    """Return what the address asks for."""
    readers: dict[str, tuple[str, Reader]] = {
        "status": (LABELS["status"], one_of(InternalStatus)),
        "type": (LABELS["type"], type_by_code(session)),
        "ends": (LABELS["ends"], _days),
        "recurrent": (LABELS["recurrent"], _recurrent),
    }
    query = read_query(readers)
    wanted = SubscriptionFilter(
        status=query.wanted.get("status"),
        type_id=query.wanted.get("type"),
        is_recurrent=query.wanted.get("recurrent"),
        ends_within=query.wanted.get("ends"),
    )
    return query, wanted


def read_rows(session: Session, page: Sequence[Subscription]) -> list[Row]:
    """Return the rows of a page, in a handful of statements."""
    names = read_names(session, {row.user_id for row in page})
    numbers = find_phones_of(session, {row.user_id for row in page})
    threads = list_number_ids(session, map(to_international, numbers.values()))
    types = read_types(session, {row.subscription_type_id for row in page})
    payments = read_payments_of(session, [row.id for row in page])
    rows = []
    for row in page:
        number, payment = numbers.get(row.user_id, ""), payments.get(row.id)
        thread = threads.get(to_international(number)) if number else None
        name = names[row.user_id]
        rows.append(
            Row(
                href=f"/admin/threads/{thread}" if thread else "",
                number=spaced(number),
                name="" if spaced(name) == spaced(number) else name,
                type=types[row.subscription_type_id].name,
                start=row.start_time,
                end=row.end_time,
                status=INTERNAL_WORDS[InternalStatus(row.internal_status)],
                recurrent=_(RECURRENT["yes" if row.is_recurrent else "no"][1]),
                payment=money(payment.amount, payment.currency) if payment else "",
                payment_href=f"/admin/payments/{payment.id}" if payment else "",
                payment_word=PAYMENT_WORDS.get(PaymentStatus(payment.status)) if payment else None,
            )
        )
    return rows


def _recurrent(text: str) -> bool:
    _check_known(text, RECURRENT)
    return RECURRENT[text][0]


def _days(text: str) -> timedelta:
    _check_known(text, ENDS)
    return timedelta(days=ENDS[text])


def _check_known(text: str, known: Iterable[str]) -> None:
    if text not in known:
        raise InvalidInputError(
            N_("%(given)r is none of %(known)s."), given=text[:40], known=", ".join(known)
        )


def _choices(session: Session, query: ListQuery) -> list[Choice]:
    return [
        Choice(name=name, label=_(LABELS[name]), value=query.values.get(name, ""), options=options)
        for name, options in _options(session).items()
    ]


def _options(session: Session) -> dict[str, Options]:
    return {
        "status": [(status, _(word.word)) for status, word in INTERNAL_WORDS.items()],
        "type": type_options(list_types(session)),
        "ends": [
            (value, ngettext("%(count)s day", "%(count)s days", days, count=days))
            for value, days in ENDS.items()
        ],
        "recurrent": [(value, _(word)) for value, (_is, word) in RECURRENT.items()],
    }


def _chips(session: Session, query: ListQuery) -> list[Chip]:
    options = _options(session)
    return [
        query.chip(name, f"{_(LABELS[name])}: {dict(options[name]).get(value, value)[:40]}")
        for name, value in query.values.items()
    ]
