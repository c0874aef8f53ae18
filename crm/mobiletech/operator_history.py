"""Since when a number's operator is known, and each time that it was another one.

What tells it is weighed in operator_resolver; here it is followed into the past, as far as it is worth it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm.mobiletech.operator_resolver import Evidence, Source
from crm.mobiletech.wire.operators import Operator

LOOKED_FOR_LIST = 50  # messages of each number
LOOKED_FOR_ONE = 2_000
SHOWN_CHANGES = 50
# Before all messages; "-infinity" cannot stand in a list beside moments.
EVER = datetime.min.replace(tzinfo=UTC)

# The last messages of each number, the newest first; those before the first one that says something else go out.
# Two bounds on both columns, so that only the index by number can answer (see operator_resolver).
_SINCE = {
    Source.NAMED: text("""
        SELECT wanted.number, run.since, run.seen
        FROM unnest(CAST(:numbers AS text[]), CAST(:operators AS text[]), CAST(:after AS timestamptz[]))
             AS wanted (number, operator, after)
        CROSS JOIN LATERAL (
            SELECT min(at) AS since, count(*) AS seen FROM (
                SELECT at, bool_or(operator_type <> wanted.operator) OVER (ORDER BY at DESC) AS is_over FROM (
                    SELECT created_at AS at, operator_type FROM mobiletech_inbound_messages
                    WHERE ("from", created_at) <= (wanted.number, 'infinity')
                      AND ("from", created_at) > (wanted.number, wanted.after)
                      AND operator_type IN ('T', 'O', '2', 'S')
                    ORDER BY "from" DESC, created_at DESC LIMIT :looked
                ) AS last
            ) AS told WHERE NOT is_over
        ) AS run
    """),
    Source.DELIVERED: text("""
        SELECT wanted.number, run.since, run.seen
        FROM unnest(CAST(:numbers AS text[]), CAST(:operators AS text[]), CAST(:after AS timestamptz[]))
             AS wanted (number, operator, after)
        CROSS JOIN LATERAL (
            SELECT min(at) AS since, count(*) AS seen FROM (
                SELECT at, bool_or(operator_type <> wanted.operator) OVER (ORDER BY id DESC) AS is_over FROM (
                    SELECT created_at AS at, operator_type, id FROM mobiletech_outbound_messages
                    WHERE ("to", id) <= (wanted.number, 9223372036854775807)
                      AND ("to", id) > (wanted.number, 0) AND billing = 'billed'
                    ORDER BY "to" DESC, id DESC LIMIT :looked
                ) AS last
            ) AS told WHERE NOT is_over
        ) AS run
    """),
}

_CHANGES = text("""
    WITH seen AS (
        (SELECT created_at AS at, 'named' AS kind, operator_type AS operator, id FROM mobiletech_inbound_messages
         WHERE ("from", created_at) <= (:number, 'infinity') AND ("from", created_at) > (:number, '-infinity')
           AND operator_type IN ('T', 'O', '2', 'S')
         ORDER BY "from" DESC, created_at DESC LIMIT :looked)
        UNION ALL
        (SELECT created_at, 'delivered', operator_type, id FROM mobiletech_outbound_messages
         WHERE ("to", id) <= (:number, 9223372036854775807) AND ("to", id) > (:number, 0) AND billing = 'billed'
           AND operator_type IN ('T', 'O', '2', 'S')
         ORDER BY "to" DESC, id DESC LIMIT :looked)
        UNION ALL
        (SELECT report.received_at, 'ported', message.operator_type, message.id
         FROM (SELECT id, mobiletech_id, operator_type FROM mobiletech_outbound_messages
               WHERE ("to", id) <= (:number, 9223372036854775807) AND ("to", id) > (:number, 0)
               ORDER BY "to" DESC, id DESC LIMIT :looked) AS message
         JOIN mobiletech_status_log AS report USING (mobiletech_id)
         WHERE report.status = '_OPERATOR_CHANGE')
    )
    SELECT at, kind, operator, id FROM (
        SELECT *, lag(operator) OVER told AS operator_before, lag(kind) OVER told AS kind_before
        FROM seen WINDOW told AS (ORDER BY at, id)
    ) AS followed
    WHERE operator IS DISTINCT FROM operator_before OR (kind = 'ported') <> (kind_before = 'ported')
    ORDER BY at DESC, id DESC LIMIT :shown
""")


class ChangeKind(StrEnum):
    """What told that it is this operator, or no longer this one."""

    NAMED = "named"
    DELIVERED = "delivered"
    PORTED = "ported"


@dataclass(frozen=True, slots=True)
class Since:
    """The first message of all those that say the same; `is_cut`: there may be earlier ones."""

    at: datetime
    is_cut: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorChange:
    """A time when something else was told than before; `message_id` is of an SMS from the number if NAMED."""

    at: datetime
    kind: ChangeKind
    operator: Operator
    message_id: int


def read_since(
    session: Session, evidence: Mapping[str, Evidence], *, looked: int = LOOKED_FOR_LIST
) -> dict[str, Since]:
    """Return since when each number's operator is known, by number; a guess is none."""
    found: dict[str, Since] = {}
    for source, statement in _SINCE.items():
        told = {number: each for number, each in evidence.items() if each.source is source}
        if told:
            rows = session.execute(statement, _values(told) | {"looked": looked})
            found |= {row.number: Since(row.since, row.seen == looked) for row in rows if row.since}
    return found


def list_operator_changes(session: Session, number: str) -> Sequence[OperatorChange]:
    """Return each time that the operator was another one, the newest first; of the last LOOKED_FOR_ONE messages."""
    values = {"number": number, "looked": LOOKED_FOR_ONE, "shown": SHOWN_CHANGES}
    return [
        OperatorChange(
            at=row.at, kind=ChangeKind(row.kind), operator=Operator(row.operator), message_id=row.id
        )
        for row in session.execute(_CHANGES, values)
    ]


def _values(told: Mapping[str, Evidence]) -> dict[str, list[object]]:
    """Return one array a column; what was told before the gateway denied it counts no more."""
    return {
        "numbers": list(told),
        "operators": [each.operator for each in told.values()],
        "after": [
            each.wrong_at if each.operator == each.wrong and each.wrong_at else EVER for each in told.values()
        ],
    }
