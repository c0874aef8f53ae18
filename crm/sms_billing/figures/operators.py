"""How does each operator bill? SMS of payments by the operator that they were sent to, and by what came of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from crm.core.days import DAY, join_days, list_days, span_of
from crm.mobiletech.wire.operators import Operator
from crm.sms_billing.figures.models import BillingDay


class Outcome(StrEnum):
    """What came of an SMS that charges: the gateway's reports say so, or a person who settled it."""

    BILLED = "billed"
    NOT_BILLED = "not_billed"
    UNKNOWN = "unknown"
    WAITING = "waiting"


ALIKE = """
    SELECT CAST(message.created_at AT TIME ZONE :zone AS date) AS day,
           CASE WHEN message.operator_type = ANY(:operators) THEN message.operator_type ELSE '' END AS operator,
           CASE WHEN message.billing = 'billed' OR settled.decision = 'billed' THEN 'billed'
                WHEN message.billing = 'failed' OR settled.decision = 'not_billed'
                     OR message.state IN ('rejected', 'expired', 'cancelled', 'not_sent') THEN 'not_billed'
                WHEN message.state = 'unknown' THEN 'unknown' ELSE 'waiting' END AS outcome,
           count(*) AS count
    FROM mobiletech_outbound_messages AS message
    LEFT JOIN sms_settled_outcomes AS settled ON settled.outbound_message_id = message.id
    WHERE message.created_at >= :since AND message.created_at < :until AND message.payment_id IS NOT NULL
    GROUP BY 1, 2, 3
"""
_COUNT = text(ALIKE)


@dataclass(frozen=True, slots=True)
class Billed:
    """How many SMS of a day and an operator came to the same."""

    day: date
    operator: str
    outcome: str
    count: int


def read_operators(session: Session, first: date, last: date, *, today: date, zone: ZoneInfo) -> list[Billed]:
    """Return the counts of a span of days: those that are kept, and the rest counted on the spot."""
    kept = BillingDay
    statement = select(kept.day, kept.operator, kept.outcome, kept.count)
    found = session.execute(statement.where(kept.day.between(first, min(last, today - DAY))))
    rows = [Billed(*row) for row in found]
    counted = {row.day for row in rows}
    for span in join_days(day for day in list_days(first, last) if day not in counted):
        rows += [Billed(*row) for row in session.execute(_COUNT, span_values(*span, zone))]
    return rows


def span_values(first: date, last: date, zone: ZoneInfo) -> Mapping[str, Any]:
    """Return what stands in the places of ALIKE."""
    since, until = span_of(first, last, zone)
    return {"since": since, "until": until, "zone": zone.key, "operators": [str(each) for each in Operator]}
