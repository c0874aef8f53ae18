"""Payments page by page, newest first, of any view; each filter by itself is served by an index."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, cast

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from crm.core.keyset import Key, KeysetPage, Place, read_page
from crm.payments.models import Payment, PaymentGateway
from crm.subscriptions.models import SubscriptionType

COUNTED = 1000
MADE = (Payment.created_at, Payment.id)
# What is asked for by its day of payment stands in that order, by the index of it: every row has the moment then.
PAID: Key = (cast("InstrumentedAttribute[datetime]", Payment.paid_at), Payment.id)


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
    """Return one page, newest first; of a view by days of payment, what was paid last."""
    key = MADE if wanted.paid_since is None and wanted.paid_until is None else PAID
    return read_page(session, _found(session, wanted), key, limit=limit, after=after, before=before)


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
    conditions = [
        condition(value)
        for name, condition in _CONDITIONS.items()
        if (value := getattr(wanted, name)) is not None
    ]
    # Types and gateways are few: their ids, written down, let the planner know how many payments are theirs.
    if wanted.type is not None:
        ids = session.execute(select(SubscriptionType.id).where(SubscriptionType.code == wanted.type))
        conditions.append(Payment.subscription_type_id.in_(ids.scalars().all()))
    if wanted.gateway is not None:
        gateways = session.execute(select(PaymentGateway.id).where(PaymentGateway.code == wanted.gateway))
        conditions.append(Payment.payment_gateway_id.in_(gateways.scalars().all()))
    return conditions


_CONDITIONS: Mapping[str, Callable[[Any], ColumnElement[bool]]] = {
    "status": lambda status: Payment.status == status,
    "kind": lambda kind: Payment.recurrent_charge.is_(kind == PaymentKind.RENEWAL),
    "failure": lambda failure: Payment.failure == failure,
    "amount_from": lambda amount: Payment.amount >= amount,
    "amount_to": lambda amount: Payment.amount <= amount,
    "since": lambda moment: Payment.created_at >= moment,
    "until": lambda moment: Payment.created_at < moment,
    "paid_since": lambda moment: Payment.paid_at >= moment,
    "paid_until": lambda moment: Payment.paid_at < moment,
    "ids": Payment.id.in_,
}
