"""The money between the bubbles of a conversation: what was charged, was not, was given back, was stopped."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from crm.core.errors import N_
from crm.payments.chains import SUPERSEDED
from crm.payments.models import Payment, RecurrentPayment
from crm.payments.statuses import STOPS, Failure, PaymentStatus, RecurrentState
from crm.sms_billing.proofs import list_payments_of
from crm.subscriptions.queries import read_types
from crm.web.money import money
from crm.web.payment_words import LIST
from crm.web.renewal_words import FAILURE_WORDS
from crm.web.thread_lines import Line, LineShape

MOST = 200  # of each kind, on one page of a conversation
RENEWALS = "/admin/recurrent-payments"
_STOPPED: Mapping[str, str] = {
    RecurrentState.USER_STOP: N_("The reader stopped the renewal"),
    RecurrentState.ADMIN_STOP: N_("Staff stopped the renewal"),
    RecurrentState.SYSTEM_STOP: N_("The renewal ended"),
}


def charge_lines(
    session: Session, number: str, *, since: datetime | None, until: datetime | None
) -> list[Line]:
    """Return the lines from a moment to before another, in order; None is no bound. `number` as the gateway has it."""
    ids = list_payments_of(session, [number])
    if not ids:
        return []
    lines = [*_of_payments(session, ids, since, until), *_of_renewals(session, ids, since, until)]
    return sorted(lines, key=lambda line: line.at)


def _of_payments(
    session: Session, ids: Sequence[int], since: datetime | None, until: datetime | None
) -> Iterable[Line]:
    within = or_(_within(Payment.paid_at, since, until), _within(Payment.modified_at, since, until))
    found = select(Payment).where(Payment.id.in_(ids), within).order_by(Payment.id.desc()).limit(MOST)
    payments = session.execute(found).scalars().all()
    types = read_types(session, {payment.subscription_type_id for payment in payments})
    for payment in payments:
        kind = types.get(payment.subscription_type_id or 0)
        label = kind.user_label if kind else ""
        lines = [tell(payment) for tell in (_paid, _failed, _given_back)]
        for at, text, icon in (line for line in lines if line is not None):
            if (since is None or at >= since) and (until is None or at < until):
                yield _mark(at, text, icon, f"{LIST}/{payment.id}", [label] if label else [])


def _paid(payment: Payment) -> tuple[datetime, str, str] | None:
    if payment.paid_at is None:
        return None
    told = _("%(amount)s charged", amount=money(payment.amount, payment.currency))
    return payment.paid_at, told, "payments"


def _failed(payment: Payment) -> tuple[datetime, str, str] | None:
    if payment.status not in (PaymentStatus.FAIL, PaymentStatus.TIMEOUT):
        return None
    why = _(FAILURE_WORDS[Failure(payment.failure)].word) if payment.failure else _("the time was over")
    told = _("%(amount)s not charged: %(why)s", amount=money(payment.amount, payment.currency), why=why)
    return payment.modified_at, told, "cross"


def _given_back(payment: Payment) -> tuple[datetime, str, str] | None:
    if payment.status != PaymentStatus.REFUND:
        return None
    told = _("%(amount)s given back", amount=money(payment.amount, payment.currency))
    return payment.modified_at, told, "left"


def _of_renewals(
    session: Session, ids: Sequence[int], since: datetime | None, until: datetime | None
) -> Iterable[Line]:
    row = RecurrentPayment
    found = (
        select(row)
        .where(
            row.period_payment_id.in_(ids),
            row.state.in_(STOPS),
            row.note.is_distinct_from(SUPERSEDED),
            _within(row.updated_at, since, until),
        )
        .order_by(row.id.desc())
        .limit(MOST)
    )
    for stopped in session.execute(found).scalars():
        told = _(_STOPPED[stopped.state])
        yield _mark(stopped.updated_at, told, "stop", f"{RENEWALS}/{stopped.id}", [])


def _within(
    column: InstrumentedAttribute[datetime] | InstrumentedAttribute[datetime | None],
    since: datetime | None,
    until: datetime | None,
) -> ColumnElement[bool]:
    bounds: list[ColumnElement[bool]] = [column.is_not(None)]
    bounds += [column >= since] if since is not None else []
    bounds += [column < until] if until is not None else []
    return and_(*bounds)


def _mark(at: datetime, text: str, icon: str, href: str, foot: Sequence[str]) -> Line:
    return Line(shape=LineShape.MARK, at=at, text=text, icon=icon, href=href, foot=foot)
