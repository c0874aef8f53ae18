"""What a person has and pays, for their page: subscriptions, what renews them, and the last payments; compact."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from crm.core.errors import N_
from crm.mobiletech.words import Tone, Word
from crm.payments.models import Payment, RecurrentPayment
from crm.payments.own_payments import list_payments_of
from crm.payments.own_subscriptions import list_newest_rows
from crm.payments.statuses import OPEN, PaymentStatus, RecurrentState
from crm.subscriptions.models import Subscription, SubscriptionType
from crm.subscriptions.queries import list_subscriptions, read_types
from crm.subscriptions.statuses import InternalStatus
from crm.web.money import money
from crm.web.payment_words import STATUS_WORDS
from crm.web.retelling import retell

SHOWN_SUBSCRIPTIONS, SHOWN_PAYMENTS = 5, 5

_PERIOD_WORDS: Mapping[InternalStatus, Word] = {
    InternalStatus.UNKNOWN: Word(N_("Not looked at yet"), Tone.WAIT, "clock"),
    InternalStatus.BEFORE_START: Word(N_("To come"), Tone.WAIT, "clock"),
    InternalStatus.ACTIVE: Word(N_("Runs"), Tone.GOOD, "check"),
    InternalStatus.AFTER_END: Word(N_("Over"), Tone.WAIT, "minus"),
}
_RENEWAL_WORDS: Mapping[RecurrentState, Word] = {
    RecurrentState.ACTIVE: Word(N_("Planned"), Tone.WAIT, "clock"),
    RecurrentState.PENDING: Word(N_("On its way"), Tone.WAIT, "send"),
    RecurrentState.CHARGED: Word(N_("Charged"), Tone.GOOD, "check"),
    RecurrentState.CHARGE_FAILED: Word(N_("Failed"), Tone.BAD, "cross"),
    RecurrentState.USER_STOP: Word(N_("Stopped by the reader"), Tone.WARN, "stop"),
    RecurrentState.ADMIN_STOP: Word(N_("Stopped by staff"), Tone.WARN, "stop"),
    RecurrentState.SYSTEM_STOP: Word(N_("Given up"), Tone.BAD, "minus"),
}
_PAUSED = Word(N_("Paused"), Tone.WARN, "pause")


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionLine:
    """One period of the person."""

    name: str
    start: datetime
    end: datetime
    state: Word


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewalLine:
    """The newest charge of what renews itself; `why` says what keeps it from being charged, or ended it."""

    href: str
    name: str
    state: Word
    charge_at: datetime
    is_open: bool
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentLine:
    """One payment."""

    href: str
    at: datetime
    name: str
    amount: str
    state: Word


def read_money(session: Session, user_id: int, *, has_number: bool) -> dict[str, Any]:
    """Return what the page shows; `cannot_be_charged` when something is open and there is no number for it."""
    periods = list_subscriptions(session, user_id, limit=SHOWN_SUBSCRIPTIONS)
    rows = list_newest_rows(session, user_id)
    payments: Sequence[Payment] = list_payments_of(session, user_id, limit=SHOWN_PAYMENTS).rows
    used: list[int | None] = [each.subscription_type_id for each in periods]
    used += [row.subscription_type_id for row in rows]
    used += [payment.subscription_type_id for payment in payments]
    types = read_types(session, used)
    renewals = [_renewal(row, types) for row in sorted(rows, key=lambda row: row.id, reverse=True)]
    return {
        "subscriptions": [_subscription(each, types) for each in periods],
        "renewals": renewals,
        "payments": [_payment(each, types) for each in payments],
        "cannot_be_charged": not has_number and any(each.is_open for each in renewals),
    }


def _subscription(period: Subscription, types: Mapping[int, SubscriptionType]) -> SubscriptionLine:
    return SubscriptionLine(
        name=types[period.subscription_type_id].name,
        start=period.start_time,
        end=period.end_time,
        state=_PERIOD_WORDS[InternalStatus(period.internal_status)],
    )


def _renewal(row: RecurrentPayment, types: Mapping[int, SubscriptionType]) -> RenewalLine:
    is_paused = row.state == RecurrentState.ACTIVE and row.paused_at is not None
    why = row.pause_reason if is_paused else row.approval
    if row.stop_wanted is not None:
        why = _("It is to stop: nothing is charged after this one.")
    return RenewalLine(
        href=f"/admin/recurrent-payments/{row.id}",
        name=types[row.subscription_type_id].name,
        state=_PAUSED if is_paused else _RENEWAL_WORDS[RecurrentState(row.state)],
        charge_at=row.charge_at,
        is_open=row.state in OPEN,
        why=retell(why) if why else "",
    )


def _payment(payment: Payment, types: Mapping[int, SubscriptionType]) -> PaymentLine:
    kind = types.get(payment.subscription_type_id or 0)
    return PaymentLine(
        href=f"/admin/payments/{payment.id}",
        at=payment.paid_at or payment.created_at,
        name=kind.name if kind else "",
        amount=money(payment.amount, payment.currency),
        state=STATUS_WORDS[PaymentStatus(payment.status)],
    )
