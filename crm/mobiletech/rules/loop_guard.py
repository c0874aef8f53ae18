"""A machine on the other side answers our answers: stop talking to it before it costs anybody anything."""

from collections.abc import Collection, Mapping
from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

MOST_ANSWERS = 3
WITHIN = timedelta(minutes=10)

_ANSWERED = text("""
    SELECT answered_number, count(*) AS answers FROM mobiletech_decisions
    WHERE answered_number = ANY(:numbers) AND created_at > crm_now() - CAST(:within AS interval)
    GROUP BY answered_number
""")


def count_answers(session: Session, numbers: Collection[str]) -> Mapping[str, int]:
    """Return how often the rules, all together, answered each number of late; absent is never."""
    if not numbers:
        return {}
    rows = session.execute(_ANSWERED, {"numbers": sorted(numbers), "within": WITHIN})
    return {row.answered_number: row.answers for row in rows}
