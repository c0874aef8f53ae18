"""Renewals as lines of a list: who, what, how much, for which period, which try, and what comes next and why."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core.clock import db_now
from crm.mobiletech.words import Word
from crm.payments.chains import REPLACED as TAKEN_OVER
from crm.payments.due import read_due
from crm.payments.models import Payment, RecurrentPayment
from crm.payments.statuses import OPEN, Failure, RecurrentState
from crm.subscriptions.models import Subscription, SubscriptionType
from crm.users.phones import find_phones_of
from crm.users.queries import read_names
from crm.web.message_pages import spaced, unbroken
from crm.web.money import money
from crm.web.page_tools import local_time
from crm.web.renewal_words import (
    DUE,
    FAILURE_WORDS,
    LIST,
    PAUSED,
    REPLACED,
    STATE_WORDS,
    UNPROVEN,
    tries_of,
)
from crm.web.retelling import retell


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewalRow:
    """One line."""

    id: int
    href: str
    at: datetime
    name: str
    number: str
    type: str
    amount: str
    period_end: datetime | None
    tries: str
    state: Word
    failure: Word | None
    next: str

    @property
    def who(self) -> str:
        """The name, and the number unless it is the name."""
        return f"{self.name}, {self.number}" if self.number else self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What lines need beside their rows, read at once for all."""

    names: Mapping[int, str]
    numbers: Mapping[int, str]
    types: Mapping[int, SubscriptionType]
    amounts: Mapping[int, tuple[Decimal, str]]
    period_ends: Mapping[int, datetime]
    before: Mapping[int, RecurrentPayment]  # the try before, by the payment that made the row
    after: Mapping[int, RecurrentPayment]  # the try after, by the payment of the row
    unproven: frozenset[int]
    now: datetime


def read_surroundings(
    session: Session, rows: Sequence[RecurrentPayment], unproven: Collection[int]
) -> Surroundings:
    """Read what the lines need, in a handful of statements."""
    types = {each.id: each for each in session.execute(select(SubscriptionType)).scalars()}
    tried = {row.payment_id for row in rows if row.payment_id is not None}
    return Surroundings(
        names=read_names(session, [row.user_id for row in rows]),
        numbers=find_phones_of(session, {row.user_id for row in rows}),
        types=types,
        amounts=_amounts(session, rows, types),
        period_ends=_period_ends(session, {row.period_payment_id for row in rows}),
        before={
            row.payment_id or 0: row
            for row in _rows_where(session, RecurrentPayment.payment_id, {r.parent_payment_id for r in rows})
        },
        after={
            row.parent_payment_id: row
            for row in _rows_where(session, RecurrentPayment.parent_payment_id, tried)
        },
        unproven=frozenset(unproven),
        now=session.execute(select(db_now())).scalar_one(),
    )


def as_row(row: RecurrentPayment, around: Surroundings) -> RenewalRow:
    """Return the line."""
    tried, most = tries_of(row)
    name, number = (spaced(each.get(row.user_id, "")) for each in (around.names, around.numbers))
    kind = around.types[row.subscription_type_id]
    return RenewalRow(
        id=row.id,
        href=f"{LIST}/{row.id}",
        at=row.charge_at,
        name=unbroken(name),
        number="" if number == name else unbroken(number or _("No number")),
        type=kind.user_label,
        amount=money(*around.amounts.get(row.id, (row.custom_amount or kind.price, kind.currency))),
        period_end=around.period_ends.get(row.period_payment_id),
        tries=_("%(number)s of %(most)s", number=tried, most=most),
        state=state_word(row, around.now, around.unproven),
        failure=FAILURE_WORDS[Failure(row.failure)] if row.failure else None,
        next=next_words(row, around),
    )


def state_word(row: RecurrentPayment, now: datetime, unproven: Collection[int]) -> Word:
    """Return where a renewal stands, the pressing first: unproven, paused, due."""
    if row.state == RecurrentState.PENDING and row.payment_id in unproven:
        return UNPROVEN
    if row.state in OPEN and row.paused_at is not None:
        return PAUSED
    if row.state == RecurrentState.ACTIVE and row.charge_at <= now:
        return DUE
    if row.state == RecurrentState.SYSTEM_STOP and row.note in TAKEN_OVER:
        return REPLACED
    return STATE_WORDS[RecurrentState(row.state)]


def next_words(row: RecurrentPayment, around: Surroundings) -> str:
    """Return when it is tried next, or what it waits for, and why."""
    if row.state == RecurrentState.ACTIVE:
        return f"{_when(row, around.now)} {_why(row, around)}".strip()
    if row.state == RecurrentState.PENDING:
        return _waits_for(row, around)
    following = around.after.get(row.payment_id or 0)
    if row.state == RecurrentState.CHARGE_FAILED and following is not None:
        again = _when(following, around.now) if following.state == RecurrentState.ACTIVE else ""
        return f"{sentence(row.approval)} {again}".strip()
    if row.state == RecurrentState.CHARGED:
        return _("Billed: %(code)s.", code=row.status or "")
    return retell(row.note or "") or sentence(row.approval)


def sentence(stored: str | None) -> str:
    """Return what was stored as a sentence: some of it are words of a table of codes."""
    said = retell(stored or "")
    if not said:
        return ""
    return f"{said[:1].upper()}{said[1:]}{'' if said[-1:] in '.!?…' else '.'}"


def _when(row: RecurrentPayment, now: datetime) -> str:
    moment = local_time(row.charge_at, "minute")
    if row.paused_at is not None:
        return _("It waits for a person, its date is %(moment)s.", moment=moment)
    if row.charge_at <= now:
        return _("Due since %(moment)s.", moment=moment)
    return _("Next charge %(moment)s.", moment=moment)


def _why(row: RecurrentPayment, around: Surroundings) -> str:
    if row.paused_at is not None:
        return retell(row.pause_reason or "")
    if row.approval:
        return sentence(row.approval)
    failed = around.before.get(row.parent_payment_id)
    if row.attempt and failed is not None and failed.failure:
        return _("The try before: %(reason)s", reason=sentence(failed.approval))
    return ""


def _waits_for(row: RecurrentPayment, around: Surroundings) -> str:
    if row.payment_id in around.unproven:
        return _("Nobody knows whether it was billed: somebody has to settle it.")
    if row.stop_wanted:
        return _("Stopped; the charge that had left keeps its course.")
    return _("The SMS is out; the gateway's report decides.")


def _amounts(
    session: Session, rows: Sequence[RecurrentPayment], types: Mapping[int, SubscriptionType]
) -> Mapping[int, tuple[Decimal, str]]:
    """Return what was charged, or would be now."""
    tried = {row.payment_id: row.id for row in rows if row.payment_id is not None}
    found = select(Payment.id, Payment.amount, Payment.currency).where(Payment.id.in_(tried))
    amounts = {tried[each.id]: (each.amount, each.currency) for each in session.execute(found)}
    planned = [row for row in rows if row.state == RecurrentState.ACTIVE]
    if planned:
        for due in read_due(session, planned, types):
            amounts[due.charge.recurrent.id] = (due.charge.amount, due.charge.currency)
    return amounts


def _period_ends(session: Session, payment_ids: Collection[int]) -> Mapping[int, datetime]:
    found = (
        select(Payment.id, Subscription.end_time)
        .join(Subscription, Subscription.id == Payment.subscription_id)
        .where(Payment.id.in_(payment_ids))
    )
    return dict(session.execute(found).all())


def _rows_where(session: Session, column: object, ids: Collection[int]) -> Iterable[RecurrentPayment]:
    found = select(RecurrentPayment).where(column.in_(ids))  # type: ignore[attr-defined] # a column of ours
    return session.execute(found.order_by(RecurrentPayment.id)).scalars() if ids else ()
