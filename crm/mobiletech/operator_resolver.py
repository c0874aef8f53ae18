"""Which operator serves a number now: what it last sent, what last reached it, its prefix.

Numbers move between operators, so evidence beats the prefix. Once the gateway says `_OPERATOR_CHANGE`, the
operator that we had used is believed again only if a newer SMS from the number names it.
Source: domain.md 7, interface.md 8.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from crm.mobiletech.catalogue.prefixes import Overrides, operator_by_prefix, read_overrides
from crm.mobiletech.wire.operators import Operator, find_operator

# "The last of this number" is asked as "the last up to this number", then compared: so only the index by
# number can answer. With a plain equality the planner may walk the whole table backwards by id, and does
# so to its end for a number that has never written.
_TOLD = """
    FROM unnest(CAST(:numbers AS text[])) AS wanted (number)
    LEFT JOIN LATERAL (
        SELECT "from" AS number, operator_type, created_at FROM mobiletech_inbound_messages
        WHERE ("from", created_at) <= (wanted.number, 'infinity') AND operator_type IN ('T', 'O', '2', 'S')
        ORDER BY "from" DESC, created_at DESC LIMIT 1
    ) AS inbound ON inbound.number = wanted.number
    LEFT JOIN LATERAL (
        SELECT "to" AS number, operator_type, created_at FROM mobiletech_outbound_messages
        WHERE ("to", id) <= (wanted.number, 9223372036854775807) AND billing = 'billed'
        ORDER BY "to" DESC, id DESC LIMIT 1
    ) AS delivered ON delivered.number = wanted.number
"""
_EVIDENCE = text(
    """
    SELECT wanted.number, inbound.operator_type AS named, inbound.created_at AS named_at,
           delivered.operator_type AS delivered, delivered.created_at AS delivered_at,
           ported.operator_type AS wrong, ported.received_at AS wrong_at
    """  # noqa: S608 - put together from constants
    + _TOLD
    + """
    LEFT JOIN LATERAL (
        SELECT message.operator_type, report.received_at
        FROM mobiletech_outbound_messages AS message
        JOIN mobiletech_status_log AS report USING (mobiletech_id)
        WHERE message."to" = wanted.number AND report.status = '_OPERATOR_CHANGE'
        ORDER BY report.received_at DESC, report.id DESC LIMIT 1  -- one that was imported is older than its id
    ) AS ported ON true
    """
)
_HINTS = text(
    "SELECT wanted.number, inbound.operator_type AS named, delivered.operator_type AS delivered" + _TOLD
)


class Source(StrEnum):
    """What tells the operator, the most trusted first."""

    NAMED = "named"  # the gateway named it with an SMS from the number
    DELIVERED = "delivered"  # an SMS for that operator reached the number
    PREFIX = "prefix"  # the operator that the range was first given to: a guess


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Which operator it is, what tells it and when it told it last; `wrong` is what the gateway has denied."""

    operator: Operator | None = None
    source: Source | None = None
    at: datetime | None = None
    wrong: Operator | None = None
    wrong_at: datetime | None = None


def resolve_operators(session: Session, numbers: Collection[str]) -> dict[str, Operator | None]:
    """Return the operator of each number (as the gateway writes it), None where nothing tells."""
    return {number: found.operator for number, found in weigh_evidence(session, numbers).items()}


def weigh_evidence(session: Session, numbers: Collection[str]) -> dict[str, Evidence]:
    """Return the operator of each number, and why it is taken for that."""
    if not numbers:
        return {}
    rows = session.execute(_EVIDENCE, {"numbers": sorted(numbers)}).all()
    overrides = read_overrides(session)
    return {row.number: _weigh(overrides, row) for row in rows}


def list_possible(session: Session, numbers: Collection[str], operator: Operator) -> list[str]:
    """Return those of the numbers that can be the operator's: cheap, for what was denied is not looked up."""
    rows = session.execute(_HINTS, {"numbers": sorted(numbers)}).all()
    overrides = read_overrides(session)
    return [
        row.number
        for row in rows
        if operator in (row.named, row.delivered, operator_by_prefix(row.number, overrides))
    ]


def _weigh(overrides: Overrides, row: Row[Any]) -> Evidence:
    """Take the first evidence that the gateway has not proved wrong since."""
    wrong, wrong_at = find_operator(row.wrong or ""), row.wrong_at
    named, delivered = find_operator(row.named or ""), find_operator(row.delivered or "")
    if named and (wrong_at is None or row.named_at > wrong_at or named != wrong):
        return Evidence(operator=named, source=Source.NAMED, at=row.named_at, wrong=wrong, wrong_at=wrong_at)
    guess = delivered or operator_by_prefix(row.number, overrides)
    if guess is None or guess == wrong:
        return Evidence(wrong=wrong, wrong_at=wrong_at)
    source, at = (Source.DELIVERED, row.delivered_at) if delivered else (Source.PREFIX, None)
    return Evidence(operator=guess, source=source, at=at, wrong=wrong, wrong_at=wrong_at)
