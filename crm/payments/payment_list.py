"""Payments page by page, newest first, of any view; each filter by itself is served by an index."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from crm.core.keyset import KeysetPage, Place, read_page
from crm.payments.models import Payment, PaymentGateway
from crm.subscriptions.models import SubscriptionType

COUNTED = 1000
KEY = (Payment.created_at, Payment.id)


class PaymentKind(StrEnum):
    """Who wanted it: the reader who ordered, or the charger when a period ended."""

    FIRST = "first"
    RENEWAL = "renewal"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentFilter:
    """What to list; None is "any". Moments: the first one, and the first one after. Amounts: both ends belong to it.

    `ids` are those that something found which payments know nothing of: a number, a proof.
    """

    status: str | None = None
    kind: PaymentKind | None = None
    type: str | None = None
    gateway: str | None = None
    failure: str | None = None
    amount_from: Decimal | None = None
    amount_to: Decimal | None = None
    since: datetime | None = None
    until: datetime | None = None
    paid_since: datetime | None = None
    paid_until: datetime | None = None
    ids: Collection[int] | None = None


def list_payments(
    session: Session,
    wanted: PaymentFilter,
    *,
    limit: int,
    after: Place | None = None,
    before: Place | None = None,
) -> KeysetPage[Payment]:
    """Return one page, newest first."""
    return read_page(session, _found(session, wanted), KEY, limit=limit, after=after, before=before)


def count_payments(session: Session, wanted: PaymentFilter) -> int:
    """Return how many there are, at most COUNTED + 1."""
    some = _found(session, wanted).with_only_columns(Payment.id).limit(COUNTED + 1).subquery()
    return session.execute(select(func.count()).select_from(some)).scalar_one()


def list_gateways(session: Session) -> list[tuple[str, str]]:
    """Return the ways to pay that were ever used: code and name, in their order."""
    ordered = select(PaymentGateway).order_by(PaymentGateway.sorting, PaymentGateway.code)
    return [(row.code, row.name) for row in session.execute(ordered).scalars()]


def find_by_symbol(session: Session, typed: str) -> Payment | None:
    """Return the payment with that variable symbol; zeros at its beginning may be missing (behaviour.md 7.2)."""
    if not (typed.isascii() and typed.isdigit()):
        return None
    spellings = {typed.zfill(length) for length in range(len(typed), 11)}
    found = select(Payment).where(Payment.variable_symbol.in_(spellings))
    exact_first = found.order_by(func.length(Payment.variable_symbol), Payment.id).limit(1)
    return session.execute(exact_first).scalar_one_or_none()


def _found(session: Session, wanted: PaymentFilter) -> Select[Payment]:
    return select(Payment).where(*_conditions(session, wanted))


def _conditions(session: Session, wanted: PaymentFilter) -> list[ColumnElement[bool]]:
    known: list[tuple[object, ColumnElement[bool]]] = [
        (wanted.status, Payment.status == wanted.status),
        (wanted.kind, Payment.recurrent_charge.is_(wanted.kind == PaymentKind.RENEWAL)),
        (wanted.failure, Payment.failure == wanted.failure),
        (wanted.amount_from, Payment.amount >= wanted.amount_from),
        (wanted.amount_to, Payment.amount <= wanted.amount_to),
        (wanted.since, Payment.created_at >= wanted.since),
        (wanted.until, Payment.created_at < wanted.until),
        (wanted.paid_since, Payment.paid_at >= wanted.paid_since),
        (wanted.paid_until, Payment.paid_at < wanted.paid_until),
        (wanted.ids, Payment.id.in_(wanted.ids or ())),
    ]
    conditions = [condition for value, condition in known if value is not None]
    # Types and gateways are few: their ids, written down, let the planner know how many payments are theirs.
    if wanted.type is not None:
        ids = session.execute(select(SubscriptionType.id).where(SubscriptionType.code == wanted.type))
        conditions.append(Payment.subscription_type_id.in_(ids.scalars().all()))
    if wanted.gateway is not None:
        gateways = session.execute(select(PaymentGateway.id).where(PaymentGateway.code == wanted.gateway))
        conditions.append(Payment.payment_gateway_id.in_(gateways.scalars().all()))
    return conditions
