"""The money of one number: what its person has, what is charged next, what was charged of late."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core.business_settings import get_setting
from crm.payments.models import RecurrentPayment
from crm.payments.payment_list import PaymentFilter, list_payments
from crm.payments.statuses import OPEN, RecurrentState
from crm.sms_billing.caps import PER_MONTH, read_spent
from crm.sms_billing.proofs import list_payments_of
from crm.subscriptions.queries import find_running, read_types
from crm.users.models import KnownNumber
from crm.users.number_list import read_owners
from crm.web.money import money
from crm.web.payment_rows import PaymentRow, as_rows
from crm.web.payment_words import LIST

SHOWN = 5
RENEWALS = "/admin/recurrent-payments"
CURRENCY = "EUR"  # of the caps


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """The charge that comes; `is_planned` is False while it is on its way already, `is_paused` waits for a person."""

    href: str
    at: datetime
    is_planned: bool
    is_paused: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberMoney:
    """What the pages of a number tell of its money."""

    subscription: str | None
    until: datetime | None
    next: Next | None
    spent: str
    cap: str
    payments: Sequence[PaymentRow]
    all_href: str | None


def read_number_money(session: Session, number: KnownNumber) -> NumberMoney:
    """Return the money of a number."""
    owner = read_owners(session, [number]).get(number.id)
    running = find_running(session, owner.id) if owner else None
    kind = read_types(session, [running.subscription_type_id]) if running else {}
    ids = list_payments_of(session, [number.number])
    page = list_payments(session, PaymentFilter(ids=ids), limit=SHOWN)
    return NumberMoney(
        subscription=kind[running.subscription_type_id].user_label if running else None,
        until=running.end_time if running else None,
        next=_next(session, owner.id) if owner else None,
        spent=money(read_spent(session, [number.number]).get(number.number, Decimal(0)), CURRENCY),
        cap=money(Decimal(get_setting(session, PER_MONTH)), CURRENCY),
        payments=as_rows(session, page.rows),
        all_href=f"{LIST}?thread={number.id}" if ids else None,
    )


def _next(session: Session, user_id: int) -> Next | None:
    theirs = select(RecurrentPayment).where(
        RecurrentPayment.user_id == user_id, RecurrentPayment.state.in_(OPEN)
    )
    soonest = theirs.order_by(RecurrentPayment.charge_at, RecurrentPayment.id).limit(1)
    row = session.execute(soonest).scalar_one_or_none()
    if row is None:
        return None
    return Next(
        href=f"{RENEWALS}/{row.id}",
        at=row.charge_at,
        is_planned=row.state == RecurrentState.ACTIVE,
        is_paused=row.paused_at is not None,
    )
