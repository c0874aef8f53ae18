"""Count what is alike: of one day, measure, type and mark.

One statement serves the page and the kept days alike, so both count the same. Each measure is defined here, once:

- received: payments that were paid that day, those that were given back later too (refunds are told beside them);
- ended: renewals that were stopped or given up that day and that no other renewal of the same reader's order follows;
- renewals: periods that were to be paid for that day, by what became of them: charged by which try, still tried,
  stopped meanwhile, or given up; `mark` is why the first try failed, empty if it was charged or is on its way.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm.payments.chains import SUPERSEDED


class Measure(StrEnum):
    """What is counted."""

    RECEIVED = "received"
    ENDED = "ended"
    RENEWALS = "renewals"


class Kind(StrEnum):
    """Of a payment: the reader's own order, or a charge of a renewal."""

    FIRST = "first"
    RENEWAL = "renewal"


class Fate(StrEnum):
    """What became of a period that was to be paid for."""

    CHARGED = "charged"
    OPEN = "open"
    STOPPED = "stopped"
    GIVEN_UP = "given_up"


ALIKE = """
    SELECT CAST(paid_at AT TIME ZONE :zone AS date) AS day, 'received' AS measure,
           coalesce(subscription_type_id, 0) AS subscription_type_id, currency,
           CASE WHEN recurrent_charge THEN 'renewal' ELSE 'first' END AS mark, '' AS fate, 0 AS attempt,
           count(*) AS count, sum(amount) AS amount
    FROM payments
    WHERE paid_at >= :since AND paid_at < :until AND status IN ('paid', 'refund')
    GROUP BY 1, 3, 4, 5
    UNION ALL
    SELECT CAST(ended.updated_at AT TIME ZONE :zone AS date), 'ended', ended.subscription_type_id, '',
           ended.state, coalesce(ended.failure, ''), 0, count(*), 0
    FROM recurrent_payments AS ended
    WHERE ended.state IN ('user_stop', 'admin_stop', 'system_stop')
      AND ended.updated_at >= :since AND ended.updated_at < :until
      AND NOT EXISTS (
          SELECT 1 FROM recurrent_payments AS later
          WHERE later.payment_method_id = ended.payment_method_id AND later.id > ended.id
      )
    GROUP BY 1, 3, 5, 6
    UNION ALL
    SELECT CAST(first.charge_at AT TIME ZONE :zone AS date), 'renewals', first.subscription_type_id,
           coalesce(payment.currency, ''),
           CASE WHEN first.state IN ('charged', 'pending') THEN '' ELSE first.failure END,
           CASE WHEN payment.id IS NOT NULL THEN 'charged' WHEN newest.state IN ('active', 'pending') THEN 'open'
                WHEN newest.state IN ('user_stop', 'admin_stop') THEN 'stopped' ELSE 'given_up' END,
           coalesce(charged.attempt, 0), count(*), coalesce(sum(payment.amount), 0)
    FROM recurrent_payments AS first
    LEFT JOIN LATERAL (
        SELECT tried.attempt, tried.payment_id FROM recurrent_payments AS tried
        WHERE tried.period_payment_id = first.period_payment_id AND tried.state = 'charged'
        ORDER BY tried.attempt LIMIT 1
    ) AS charged ON true
    LEFT JOIN payments AS payment ON payment.id = charged.payment_id
    CROSS JOIN LATERAL (
        SELECT tried.state FROM recurrent_payments AS tried
        WHERE tried.period_payment_id = first.period_payment_id ORDER BY tried.id DESC LIMIT 1
    ) AS newest
    WHERE first.state IN ('charged', 'pending', 'charge_failed', 'user_stop', 'admin_stop', 'system_stop')
      AND first.charge_at >= :since AND first.charge_at < :until AND first.attempt = 0
      AND (first.state IN ('charged', 'pending') OR first.failure IS NOT NULL)
      AND first.note IS DISTINCT FROM :superseded
    GROUP BY 1, 3, 4, 5, 6, 7
"""
_COUNT = text(ALIKE)
# Few, and the only thing of a day that is over which may still change: so they are never kept.
_REFUNDS = text("""
    SELECT CAST(paid_at AT TIME ZONE :zone AS date) AS day, 'refunded' AS measure,
           coalesce(subscription_type_id, 0), currency, CASE WHEN recurrent_charge THEN 'renewal' ELSE 'first' END,
           '', 0, count(*), sum(amount)
    FROM payments
    WHERE paid_at >= :since AND paid_at < :until AND status = 'refund'
    GROUP BY 1, 3, 4, 5
""")


@dataclass(frozen=True, slots=True)
class Alike:
    """How much is alike; what does not apply is empty. Units: `amount` in the currency, 0 where it has none."""

    day: date
    measure: str
    type_id: int
    currency: str
    mark: str
    fate: str
    attempt: int
    count: int
    amount: Decimal


def count_alike(session: Session, since: datetime, until: datetime, zone: ZoneInfo) -> list[Alike]:
    """Return the counts of what happened from a moment on until before another."""
    return [Alike(*row) for row in session.execute(_COUNT, span_values(since, until, zone))]


def read_refunds(session: Session, since: datetime, until: datetime, zone: ZoneInfo) -> list[Alike]:
    """Return what was given back of what was paid in a span, by the day on which it was paid."""
    values = {"since": since, "until": until, "zone": zone.key}
    return [Alike(*row) for row in session.execute(_REFUNDS, values)]


def span_values(since: datetime, until: datetime, zone: ZoneInfo) -> Mapping[str, Any]:
    """Return what stands in the places of ALIKE."""
    return {"since": since, "until": until, "zone": zone.key, "superseded": SUPERSEDED}
