"""My payments: every charge with its date, amount, period and proof, and the SMS that made it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from crm.core.db import current_session
from crm.core.keyset import Place
from crm.mobiletech.message_log import Position
from crm.mobiletech.models import OutboundMessage
from crm.mobiletech.words import Word
from crm.payments.models import Payment
from crm.payments.own_payments import list_payments_of, read_periods
from crm.payments.statuses import PaymentStatus
from crm.sms_billing.charging_messages import Course, read_charging_messages, read_courses
from crm.sms_billing.price_list import list_orders
from crm.subscriptions.models import Subscription
from crm.subscriptions.queries import read_types
from crm.web.cursor import InvalidCursorError, read_cursor, write_cursor
from crm.web.guards import signed_in
from crm.web.languages import told
from crm.web.list_query import ListPager
from crm.web.message_pages import segments, spaced
from crm.web.money import money
from crm.web.own_words import payment_sentence, payment_word
from crm.web.page_tools import render_reader_page
from crm.web.price_words import order_lines
from crm.web.session import get_signed_in

account_payments = Blueprint("account_payments", __name__)

PAGE = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Sms:
    """The SMS of a charge, once it has left."""

    segments: list[str]
    at: datetime
    number: str
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One charge; `from_` and `until` are the period that it has paid for."""

    at: datetime
    amount: str
    name: str
    state: Word
    sentence: str
    from_: datetime | None
    until: datetime | None
    sms: Sms | None


@account_payments.get("")
@signed_in()
def show() -> ResponseReturnValue:
    """Show a page of them, the newest first."""
    try:
        return _list(after=_place("after"), before=_place("before"))
    except InvalidCursorError as error:
        return _list(problem=told(error)), 400


def _list(*, after: Place | None = None, before: Place | None = None, problem: str | None = None) -> str:
    session, me = current_session(), get_signed_in()
    page = list_payments_of(session, me.id, limit=PAGE, after=after, before=before)
    pager = ListPager(_href("before", page.newer), _href("after", page.older))
    lines = _lines(session, page.rows)
    return render_reader_page(
        "account/payments.html",
        lines=lines,
        orders=[] if lines else order_lines(list_orders(session)),
        pager=pager if pager.newer_href or pager.older_href else None,
        problem=problem,
    )


def _lines(session: Session, payments: Sequence[Payment]) -> list[Line]:
    types = read_types(session, [payment.subscription_type_id for payment in payments])
    periods = read_periods(session, payments)
    messages = read_charging_messages(session, [payment.id for payment in payments])
    open_ids = [payment.id for payment in payments if payment.status == PaymentStatus.FORM]
    courses = read_courses(session, open_ids)
    names = {type_id: kind.user_label for type_id, kind in types.items()}
    return [
        _line(
            payment,
            names.get(payment.subscription_type_id or 0, ""),
            periods.get(payment.id),
            messages.get(payment.id),
            courses.get(payment.id),
        )
        for payment in payments
    ]


def _line(
    payment: Payment,
    name: str,
    period: Subscription | None,
    message: OutboundMessage | None,
    course: Course | None,
) -> Line:
    return Line(
        at=payment.paid_at or payment.created_at,
        amount=money(payment.amount, payment.currency),
        name=name,
        state=payment_word(payment.status, course),
        sentence=payment_sentence(payment.status, payment.failure, course),
        from_=period.start_time if period else None,
        until=period.end_time if period else None,
        sms=_sms(message) if message is not None else None,
    )


def _sms(message: OutboundMessage) -> Sms | None:
    """Return the SMS, unless it never left or its text was not kept; a secret text is shown to nobody."""
    if message.sent_at is None or message.is_secret or not message.content:
        return None
    return Sms(
        segments=segments(message.content, message.encoding, message.parts),
        at=message.sent_at,
        number=spaced(message.to),
        language=message.language or "sk",
    )


def _place(name: str) -> Place | None:
    word = request.args.get(name, "")
    if not word:
        return None
    position = read_cursor(word, _list_of())
    return Place(position.at, position.id)


def _href(name: str, place: Place | None) -> str | None:
    if place is None:
        return None
    word = write_cursor(Position(place.at, 0, place.id), _list_of())
    return f"/account/payments?{urlencode({name: word})}"


def _list_of() -> Mapping[str, str]:
    """Return what a place in the list belongs to: one person's payments."""
    return {"payments of": str(get_signed_in().id)}
