"""What a reader wrote to us counts, whatever an old system says: who wrote STOP since an order is not charged for it.

A renewal that was not here yet when its reader's STOP came could not be stopped by it. Here the STOP is found when the
renewal comes; one that nobody has decided about yet counts as well, and is read as the worker will read it.
"""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm.mobiletech.rules.deciding import KeywordRule, read_stop_beside
from crm.mobiletech.rules.queries import read_rules
from crm.sms_billing.order_of_commands import SAME_MOMENT

EVER = datetime(1970, 1, 1, tzinfo=UTC)
# Live messages only: what the old system got, it has heeded itself, and it has no decision here. A rule may stop as
# well, by words of its own. What waits for its decision is new.
_WRITTEN = text("""
    SELECT inbound.id, inbound."from" AS number, inbound.content, inbound.receive_date,
           decision.steps @> '[{"kind": "stop_done"}]' AS is_heeded
    FROM mobiletech_decisions AS decision
    JOIN mobiletech_inbound_messages AS inbound ON inbound.id = decision.inbound_message_id
    WHERE inbound."from" = ANY(:numbers) AND inbound.created_at >= :since
    UNION ALL
    SELECT inbound.id, inbound."from", inbound.content, inbound.receive_date, false
    FROM mobiletech_inbound_messages AS inbound
    WHERE inbound."from" = ANY(:numbers) AND inbound.created_at >= greatest(:since, crm_now() - interval '3 days')
      AND inbound.import_id IS NULL AND NOT EXISTS (
        SELECT 1 FROM mobiletech_decisions AS decision WHERE decision.inbound_message_id = inbound.id)
""")


@dataclass(frozen=True, slots=True)
class _Stop:
    id: int
    at: datetime
    types: frozenset[str] | None  # codes; None: everything


class ReaderStops:
    """The STOPs that came to us from some numbers (`+421…`); only those that came since a moment, if one is given."""

    def __init__(self, session: Session, numbers: Collection[str], since: datetime = EVER) -> None:
        self._stops: defaultdict[str, list[_Stop]] = defaultdict(list)
        rows = (
            session.execute(_WRITTEN, {"numbers": sorted(numbers), "since": since}).all() if numbers else []
        )
        rules = read_rules(session) if rows else []
        for row in rows:
            verdict = read_stop_beside(row.content, rules)
            if verdict.is_stop or row.is_heeded:
                types = _types_of(verdict.keyword, rules)
                self._stops[row.number].append(_Stop(row.id, row.receive_date, types))

    def find(self, numbers: Collection[str], ordered_at: datetime, type_code: str) -> int | None:
        """Return the id of a STOP from one of the numbers that was written after an order of the type."""
        return next(
            (
                stop.id
                for number in numbers
                for stop in self._stops[number]
                if stop.at + SAME_MOMENT >= ordered_at and (stop.types is None or type_code in stop.types)
            ),
            None,
        )


def _types_of(keyword: str | None, rules: Collection[KeywordRule]) -> frozenset[str] | None:
    """Return the types that a keyword starts; one that nobody knows any more names everything."""
    named = {rule.subscription_type for rule in rules if keyword is not None and rule.keyword == keyword}
    return frozenset(code for code in named if code is not None) or None
