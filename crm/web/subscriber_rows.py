"""A reader's row in the list of subscribers: who, what, how it stands, what was charged last and is charged next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core.clock import db_now
from crm.core.phone import to_international
from crm.mobiletech.words import Word
from crm.payments.subscribers import Subscriber, read_subscribers_of
from crm.subscriptions.models import Subscription, SubscriptionType
from crm.subscriptions.queries import read_types
from crm.users.numbers import list_number_ids
from crm.users.phones import find_phones_of
from crm.users.roles import Permission, may
from crm.web.message_pages import spaced
from crm.web.money import money
from crm.web.session import get_signed_in
from crm.web.subscription_words import STATE_WORDS, charge_word, source_word


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """A charge that was, or that comes: when, how much, what is special about it, and where it is told."""

    at: datetime
    amount: str
    href: str
    word: Word | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One subscriber; `href` is the conversation, or the person for those who may open people, or nothing."""

    href: str
    number: str
    name: str
    email: str
    person_href: str
    type: str
    end: datetime
    state: Word
    last: Charge | None
    next: Charge | None
    source: str


@dataclass(frozen=True, slots=True)
class _Beside:
    now: datetime
    types: Mapping[int, SubscriptionType]
    numbers: Mapping[int, str]
    threads: Mapping[str, int]
    opens_people: bool


def read_rows(session: Session, page: Sequence[Subscription]) -> list[Row]:
    """Return the rows of a page."""
    numbers = find_phones_of(session, {row.user_id for row in page})
    beside = _Beside(
        now=session.execute(select(db_now())).scalar_one(),
        types=read_types(session, {row.subscription_type_id for row in page}),
        numbers=numbers,
        threads=list_number_ids(session, map(to_international, numbers.values())),
        opens_people=may(get_signed_in().role, Permission.MANAGE_PEOPLE),
    )
    return [_row(each, beside) for each in read_subscribers_of(session, page)]


def _row(each: Subscriber, beside: _Beside) -> Row:
    user, number = each.user, beside.numbers.get(each.user.id, "")
    thread = beside.threads.get(to_international(number)) if number else None
    person_href = f"/admin/users/{user.id}" if beside.opens_people else ""
    name = user.public_name
    return Row(
        href=f"/admin/threads/{thread}" if thread else person_href,
        number=spaced(number),
        name="" if spaced(name) == spaced(number) else name,  # called by the number, until somebody says more
        email=user.email or "",
        person_href=person_href if thread else "",
        type=beside.types[each.subscription.subscription_type_id].name,
        end=each.subscription.end_time,
        state=STATE_WORDS[each.state],
        last=_last(each),
        next=_next(each, beside.now),
        source=source_word(user.source),
    )


def _last(each: Subscriber) -> Charge | None:
    paid = each.last_paid
    if paid is None or paid.paid_at is None:
        return None
    href = f"/admin/payments/{paid.id}"
    return Charge(at=paid.paid_at, amount=money(paid.amount, paid.currency), href=href)


def _next(each: Subscriber, now: datetime) -> Charge | None:
    charge = each.next_charge
    if charge is None:
        return None
    return Charge(
        at=charge.charge_at,
        amount=money(charge.amount, charge.currency),
        href=f"/admin/recurrent-payments/{charge.recurrent_payment_id}",
        word=charge_word(charge, now),
    )
