"""When numbers wrote last, and when they were written to last."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

# Asked as "the last up to this number", so that only the index by number can answer (see operator_resolver).
_LAST = text("""
    SELECT wanted.number, inbound.at AS wrote_at, outbound.at AS written_at
    FROM unnest(CAST(:numbers AS text[])) AS wanted (number)
    LEFT JOIN LATERAL (
        SELECT "from" AS number, created_at AS at FROM mobiletech_inbound_messages
        WHERE ("from", created_at) <= (wanted.number, 'infinity')
        ORDER BY "from" DESC, created_at DESC LIMIT 1
    ) AS inbound ON inbound.number = wanted.number
    LEFT JOIN LATERAL (
        SELECT "to" AS number, created_at AS at FROM mobiletech_outbound_messages
        WHERE ("to", id) <= (wanted.number, 9223372036854775807)
        ORDER BY "to" DESC, id DESC LIMIT 1
    ) AS outbound ON outbound.number = wanted.number
""")


@dataclass(frozen=True, slots=True)
class Traffic:
    """The last SMS from a number and the last one to it."""

    wrote_at: datetime | None = None
    written_at: datetime | None = None


def read_traffic(session: Session, numbers: Collection[str]) -> dict[str, Traffic]:
    """Return the last SMS of each number, in its international form."""
    if not numbers:
        return {}
    rows = session.execute(_LAST, {"numbers": sorted(numbers)})
    return {row.number: Traffic(row.wrote_at, row.written_at) for row in rows}
