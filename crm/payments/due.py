"""What a due renewal is charged: its type now, its amount, its token."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from crm.core.clock import db_now
from crm.core.copying import among
from crm.payments.gateways import Charge
from crm.payments.import_rules import import_rules
from crm.payments.models import Payment, PaymentMethod, RecurrentPayment
from crm.payments.next_charge import Period, earliest_charge, find_next_type_id
from crm.payments.statuses import PaymentStatus, RecurrentState
from crm.payments.trials import BEGAN_BY, read_periods_used
from crm.subscriptions.models import Subscription, SubscriptionType

# What was paid last, though no row of the chain says so: an old system's payments may have come in after its renewals,
# and whose renewal was imported may have paid here beside it. Of the same reader counts what is of the same type, and
# what began with the same message.
# Each reader's payments are looked up: joined, all that was ever imported would be read for each batch.
_MOVED_IN = "(row.import_id IS NOT NULL OR period.import_id IS NOT NULL)"
_PAID_BESIDE = text(f"""
    SELECT row.id, row.payment_method_id, {_MOVED_IN} AS is_moved_in, (
        SELECT max(payment.paid_at) FROM payments AS payment
        WHERE payment.user_id = row.user_id AND (payment.status = 'paid') IS TRUE
          AND (payment.import_id IS NOT NULL OR {_MOVED_IN})
          AND (payment.subscription_type_id = row.subscription_type_id OR EXISTS (
            SELECT 1 FROM payment_meta AS same
            WHERE same.payment_id = payment.id AND same.key = '{BEGAN_BY}' AND same.value = began.value))) AS paid_at
    FROM recurrent_payments AS row JOIN payments AS period ON period.id = row.period_payment_id
    LEFT JOIN payment_meta AS began ON began.payment_id = row.period_payment_id AND began.key = '{BEGAN_BY}'
    WHERE row.id = ANY(CAST(:ids AS bigint[]))
""")  # noqa: S608 - a constant


TOO_SOON = "It was due too soon after the payment before, and waits."
IS_OPEN = "An SMS that may charge the same is on its way, so it waits."
OLD_IS_OPEN = (
    "An SMS of the old system may have charged it, so it waits: import that SMS anew with its status."
)
WAIT_FOR_OPEN = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Due:
    """A renewal that is due: the charge, and before when it must not be made (the spacing guard), with the reason."""

    charge: Charge
    earliest: datetime
    reason: str = TOO_SOON


def read_due(
    session: Session, rows: Sequence[RecurrentPayment], types: Mapping[int, SubscriptionType]
) -> list[Due]:
    """Return the charges of rows, in their order, in a handful of statements."""
    session.flush()  # what is asked here is read from the tables
    used = _periods_used(session, rows, types)
    periods = _periods(session, rows, types)
    beside = session.execute(_PAID_BESIDE, {"ids": [row.id for row in rows]}).all()
    last_paid = _last_paid(session, rows, {each.payment_method_id: each.paid_at for each in beside})
    tokens = dict(
        session.execute(
            select(PaymentMethod.id, PaymentMethod.external_token).where(
                among(PaymentMethod.id, {row.payment_method_id for row in rows})
            )
        ).all()
    )
    found = [
        Due(
            _charge(row, types, used.get(row.id, 0), tokens[row.payment_method_id]),
            earliest_charge(
                _since_last(periods[row.period_payment_id], last_paid.get(row.payment_method_id))
            ),
        )
        for row in rows
    ]
    return _wait_for_open(session, found, [each.id for each in beside if each.is_moved_in])


def _charge(
    row: RecurrentPayment,
    types: Mapping[int, SubscriptionType],
    used: int,
    token: str,
) -> Charge:
    wanted = types[row.next_subscription_type_id or row.subscription_type_id]
    kind = types[find_next_type_id(wanted, used, types)]
    own = row.custom_amount if kind.id == row.subscription_type_id else None
    return Charge(recurrent=row, type=kind, amount=own or kind.price, currency=kind.currency, token=token)


def _periods_used(
    session: Session, rows: Sequence[RecurrentPayment], types: Mapping[int, SubscriptionType]
) -> Mapping[int, int]:
    """Return, by row, how many periods of a trial were paid; no other type is followed by one."""
    trials = {each.id for each in types.values() if each.next_subscription_type_id is not None}
    return read_periods_used(
        session,
        [row.id for row in rows if (row.next_subscription_type_id or row.subscription_type_id) in trials],
    )


def _last_paid(
    session: Session, rows: Sequence[RecurrentPayment], beside: Mapping[int, datetime | None]
) -> Mapping[int, datetime]:
    """Return, by chain, when its last payment of all was paid: a late success may be of an earlier period."""
    method = RecurrentPayment.payment_method_id
    charged = (
        select(method, func.max(Payment.paid_at))
        .join(Payment, Payment.id == RecurrentPayment.payment_id)
        .where(
            among(method, {row.payment_method_id for row in rows}),
            RecurrentPayment.state == RecurrentState.CHARGED,
        )
        .group_by(method)
    )
    last: dict[int, datetime] = {}
    for method_id, paid_at in (*session.execute(charged), *beside.items()):
        if paid_at is not None:
            last[method_id] = max(paid_at, last.get(method_id, paid_at))
    return last


def _wait_for_open(session: Session, found: Sequence[Due], moved_in: Sequence[int]) -> list[Due]:
    """Let imported renewals wait as long as an order of the same here, or an old SMS, may yet be billed."""
    if not moved_in:
        return list(found)
    waiting = dict.fromkeys(_list_ordered(session, moved_in), IS_OPEN)
    waiting |= dict.fromkeys(import_rules.find_open(session, moved_in), OLD_IS_OPEN)
    until = session.execute(select(db_now() + WAIT_FOR_OPEN)).scalar_one()
    return [
        replace(due, earliest=max(due.earliest, until), reason=waiting[due.charge.recurrent.id])
        if due.charge.recurrent.id in waiting
        else due
        for due in found
    ]


def _list_ordered(session: Session, ids: Sequence[int]) -> Sequence[int]:
    """Return the renewals whose readers have ordered the same here, and it is on its way."""
    row = RecurrentPayment
    ordered = (
        select(row.id)
        .join(Payment, Payment.user_id == row.user_id)
        .where(
            among(row.id, ids),
            Payment.subscription_type_id == row.subscription_type_id,
            Payment.status == PaymentStatus.FORM,
            Payment.import_id.is_(None),
            Payment.recurrent_charge.is_(False),
        )
    )
    return session.execute(ordered).scalars().all()


def _since_last(period: Period, last_paid: datetime | None) -> Period:
    return replace(period, paid_at=max(period.paid_at, last_paid)) if last_paid else period


def _periods(
    session: Session, rows: Sequence[RecurrentPayment], types: Mapping[int, SubscriptionType]
) -> Mapping[int, Period]:
    """Return, by its payment, the period that each row follows."""
    found = (
        select(
            Payment.id, Payment.paid_at, Payment.created_at, Payment.subscription_type_id, Subscription.length
        )
        .outerjoin(Subscription, Subscription.id == Payment.subscription_id)
        .where(among(Payment.id, {row.period_payment_id for row in rows}))
    )
    return {
        payment_id: Period(
            paid_at=paid_at or created_at,
            length_days=length or (types[type_id].length if type_id else 1),
        )
        for payment_id, paid_at, created_at, type_id, length in session.execute(found)
    }
