"""What is to be charged: the renewals that are planned, by the hour, at what they cost as things stand now.

A renewal is charged by the rules of due.py (its own amount, the type's price, the type after a trial); the statement
here says the same for all of them at once. What is planned once these are charged is not in it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from crm.core.clock import db_now
from crm.core.days import DAY, span_of
from crm.payments.figures.counting import Alike, Fate
from crm.payments.models import RecurrentPayment
from crm.payments.statuses import RecurrentState
from crm.payments.trials import CHARGED_TYPE

# Most types have none after them, and their renewals are added up by the hour before anything else is asked. Trials
# are told apart by how many of their periods were paid.
_PLANNED = text(f"""
    WITH due AS MATERIALIZED (
        SELECT row.payment_method_id, row.user_id, row.period_payment_id, row.subscription_type_id, row.custom_amount,
               coalesce(row.next_subscription_type_id, row.subscription_type_id) AS wanted_id,
               date_trunc('hour', greatest(row.charge_at, :now), 'UTC') AS hour, row.charge_at <= :now AS is_overdue,
               row.paused_at IS NOT NULL AS is_paused, row.charge_at < :soon AS is_soon
        FROM recurrent_payments AS row
        WHERE row.state = 'active' AND row.charge_at < :until
    ), trials AS (
        SELECT id FROM subscription_types
        WHERE next_subscription_type_id IS NOT NULL AND trial_periods IS DISTINCT FROM 0
    ), together AS (
        SELECT hour, is_overdue, is_paused, is_soon, wanted_id AS kind_id, subscription_type_id, custom_amount,
               count(*) AS count
        FROM due WHERE wanted_id NOT IN (SELECT id FROM trials)
        GROUP BY 1, 2, 3, 4, 5, 6, 7
        UNION ALL
        SELECT row.hour, row.is_overdue, row.is_paused, row.is_soon, {CHARGED_TYPE},
               row.subscription_type_id, row.custom_amount, 1
        FROM due AS row JOIN subscription_types AS wanted ON wanted.id = row.wanted_id
        WHERE row.wanted_id IN (SELECT id FROM trials)
    )
    SELECT hour, is_overdue, is_paused, is_soon, kind.id, kind.currency, CAST(sum(count) AS bigint),
           sum(count * CASE WHEN kind.id = together.subscription_type_id
                            THEN coalesce(custom_amount, kind.price) ELSE kind.price END)
    FROM together JOIN subscription_types AS kind ON kind.id = together.kind_id
    GROUP BY 1, 2, 3, 4, 5, 6
    ORDER BY 1, 2 DESC
""")  # noqa: S608 - constants alone


@dataclass(frozen=True, slots=True)
class Planned:
    """Charges of one hour, type and currency; overdue ones stand in the hour of now, paused ones wait for a person."""

    hour: datetime
    is_overdue: bool
    is_paused: bool
    is_soon: bool  # before a moment that was asked for
    type_id: int
    currency: str
    count: int
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What is planned from now until the end of the last day, how many more are paused, how many on their way."""

    now: datetime
    planned: Sequence[Planned]
    paused: int
    pending: int


@dataclass(frozen=True, slots=True)
class SuccessRate:
    """Of the periods that were to be paid for and whose end is known, how many were charged in the end."""

    settled: int
    charged: int

    def expect(self, amount: Decimal) -> Decimal:
        """Return what that share of an amount is, in cents.

        Raises: ZeroDivisionError if nothing is settled.
        """
        return (amount * self.charged / self.settled).quantize(Decimal("0.01"))


def read_forecast(session: Session, *, days: int, zone: ZoneInfo) -> Forecast:
    """Return what is overdue, and planned for the rest of today and the days after it."""
    now: datetime = session.execute(select(db_now())).scalar_one()
    today = now.astimezone(zone).date()
    until = span_of(today, today + DAY * (days - 1), zone)[1]
    rows = _read_planned(session, now, until)
    pending = select(func.count()).where(RecurrentPayment.state == RecurrentState.PENDING)
    return Forecast(
        now=now,
        planned=[row for row in rows if not row.is_paused],
        paused=sum(row.count for row in rows if row.is_paused),
        pending=session.execute(pending).scalar_one(),
    )


def read_due_within(
    session: Session, soon: timedelta, later: timedelta
) -> tuple[Sequence[Planned], Sequence[Planned]]:
    """Return what is to be charged within two spans from now, overdue ones among it; the second has the first in it."""
    now: datetime = session.execute(select(db_now())).scalar_one()
    rows = [row for row in _read_planned(session, now, now + later, now + soon) if not row.is_paused]
    return [row for row in rows if row.is_soon], rows


def success_rate(renewals: Iterable[Alike]) -> SuccessRate:
    """Return the rate of the periods that are counted; those that are still tried have no outcome yet."""
    settled = [row for row in renewals if row.fate != Fate.OPEN]
    charged = sum(row.count for row in settled if row.fate == Fate.CHARGED)
    return SuccessRate(sum(row.count for row in settled), charged)


def _read_planned(
    session: Session, now: datetime, until: datetime, soon: datetime | None = None
) -> list[Planned]:
    moments = {"now": now, "until": until, "soon": soon or until}
    return [Planned(*row) for row in session.execute(_PLANNED, moments)]
