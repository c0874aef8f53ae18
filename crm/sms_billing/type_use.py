"""How many have a subscription type right now, and how many renewals it will be charged for."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

COUNTED = 10_000

_RUNNING = text("""
    SELECT wanted.id, (
        SELECT count(*) FROM (
            SELECT 1 FROM subscriptions
            WHERE subscription_type_id = wanted.id AND internal_status = 'active' LIMIT :counted
        ) AS running
    )
    FROM unnest(CAST(:ids AS bigint[])) AS wanted (id)
""")
# What the next charge is of: the next type where a renewal changes over to one.
_RENEWALS = text("""
    SELECT COALESCE(next_subscription_type_id, subscription_type_id) AS type_id, count(*)
    FROM recurrent_payments WHERE state IN ('active', 'pending') GROUP BY 1
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeUse:
    """How a type is used now; more running periods than COUNTED are COUNTED + 1."""

    running: int
    renewals: int

    @property
    def is_used(self) -> bool:
        """Whether anybody has it, or will be charged for it."""
        return bool(self.running or self.renewals)


def read_type_use(session: Session, type_ids: Collection[int]) -> Mapping[int, TypeUse]:
    """Return the use of each type."""
    values = {"ids": sorted(type_ids), "counted": COUNTED + 1}
    renewals = {row[0]: row[1] for row in session.execute(_RENEWALS)}
    return {
        row[0]: TypeUse(running=row[1], renewals=renewals.get(row[0], 0))
        for row in session.execute(_RUNNING, values)
    }
