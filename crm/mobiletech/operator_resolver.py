"""Which operator serves a number now: what it last sent, what last reached it, its prefix.

Numbers move between operators, so evidence beats the prefix. Once the gateway says `_OPERATOR_CHANGE`, the
operator that we had used is believed again only if a newer SMS from the number names it.
Source: domain.md 7, interface.md 8.
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm.mobiletech.catalogue.prefixes import Overrides, operator_by_prefix, read_overrides
from crm.mobiletech.wire.operators import Operator, find_operator

# "The last of this number" is asked as "the last up to this number", then compared: so only the index by
# number can answer. With a plain equality the planner may walk the whole table backwards by id, and does
# so to its end for a number that has never written.
_EVIDENCE = text("""
    SELECT wanted.number, inbound.operator_type, inbound.created_at, delivered.operator_type,
           ported.operator_type, ported.received_at
    FROM unnest(CAST(:numbers AS text[])) AS wanted (number)
    LEFT JOIN LATERAL (
        SELECT "from" AS number, operator_type, created_at FROM mobiletech_inbound_messages
        WHERE ("from", created_at) <= (wanted.number, 'infinity') AND operator_type IN ('T', 'O', '2', 'S')
        ORDER BY "from" DESC, created_at DESC LIMIT 1
    ) AS inbound ON inbound.number = wanted.number
    LEFT JOIN LATERAL (
        SELECT "to" AS number, operator_type FROM mobiletech_outbound_messages
        WHERE ("to", id) <= (wanted.number, 9223372036854775807) AND billing = 'billed'
        ORDER BY "to" DESC, id DESC LIMIT 1
    ) AS delivered ON delivered.number = wanted.number
    LEFT JOIN LATERAL (
        SELECT message.operator_type, report.received_at
        FROM mobiletech_outbound_messages AS message
        JOIN mobiletech_status_log AS report USING (mobiletech_id)
        WHERE message."to" = wanted.number AND report.status = '_OPERATOR_CHANGE'
        ORDER BY report.id + 0 DESC LIMIT 1
    ) AS ported ON true
""")


def resolve_operators(session: Session, numbers: Collection[str]) -> dict[str, Operator | None]:
    """Return the operator of each number (as the gateway writes it), None where nothing tells."""
    if not numbers:
        return {}
    rows = session.execute(_EVIDENCE, {"numbers": sorted(numbers)}).all()
    overrides = read_overrides(session)
    return {row[0]: _decide(overrides, *row) for row in rows}


def _decide(
    overrides: Overrides,
    number: str,
    inbound: str | None,
    inbound_at: datetime | None,
    delivered: str | None,
    wrong: str | None,
    wrong_at: datetime | None,
) -> Operator | None:
    """Take the first evidence that the gateway has not proved wrong since."""
    if inbound and inbound_at and (wrong_at is None or inbound_at > wrong_at or inbound != wrong):
        return find_operator(inbound)
    guess = find_operator(delivered or "") or operator_by_prefix(number, overrides)
    return None if wrong is not None and guess == wrong else guess
