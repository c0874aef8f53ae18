"""Find messages by what a person types into one box: the end of a number, a gateway's id, words of the text.

Words are searched in the last 90 days; the newest MOST_MESSAGES that have them are found, from day to day.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from crm.core.phone import find_slovak_mobile, to_international
from crm.mobiletech.message_filter import Direction, Found, Kind, Position
from crm.mobiletech.models import InboundMessage, OutboundMessage
from crm.mobiletech.search.housekeeping import KEPT
from crm.mobiletech.stop_words import fold_words
from crm.users.models import KnownNumber
from crm.users.numbers import find_number

MOST_MESSAGES = 1000
MOST_NUMBERS = 50
LONGEST_TERM = 200

_END = re.compile(r"(?:\+|00(?=[1-9][0-9]{8}))?([0-9]{3,15})")
_BETWEEN_DIGITS = re.compile(r"[\s\-./()]+")
_KINDS = {Direction.IN: [Kind.INBOUND], Direction.OUT: [Kind.OUTBOUND], None: [Kind.INBOUND, Kind.OUTBOUND]}
# One index lookup a day, from the newest day on, and no further than it needs.
_WORDS = text("""
    WITH asked AS (
        SELECT greatest(CAST(:since AS timestamptz), crm_now() - CAST(:kept AS interval)) AS since,
               least(CAST(:until AS timestamptz), crm_now() + interval '1 day') AS until
    )
    SELECT hit.at, hit.kind, hit.message_id
    FROM asked, generate_series(crm_day(asked.until), crm_day(asked.since), -1) AS day, LATERAL (
        SELECT at, kind, message_id FROM mobiletech_message_words
        WHERE words @@ crm_words_query(:sought, day)
          AND at >= asked.since AND at < asked.until AND kind = ANY(:kinds)
        ORDER BY at DESC, kind DESC, message_id DESC LIMIT :most
    ) AS hit
    LIMIT :most
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What was found, and what was looked for: `end` of a number, words; whether there is more of it."""

    found: Found
    end: str | None
    numbers: Sequence[KnownNumber]
    has_words: bool
    more_numbers: bool
    more_messages: bool


def find_messages(
    session: Session,
    term: str,
    *,
    direction: Direction | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Findings:
    """Return what matches the term in any of the three ways; the bounds keep words from being sought in vain."""
    end = read_end(term)
    numbers = list_numbers_ending(session, end) if end else []
    has_words = bool(fold_words(term))
    hits = _list_hits(session, term, _KINDS[direction], since, until) if has_words else []
    shown_numbers, shown_hits = numbers[:MOST_NUMBERS], hits[:MOST_MESSAGES]
    of_id = [each for each in find_by_gateway_id(session, term) if each not in shown_hits]
    return Findings(
        found=Found(numbers=tuple(each.number for each in shown_numbers), messages=(*of_id, *shown_hits)),
        end=end,
        numbers=shown_numbers,
        has_words=has_words,
        more_numbers=len(numbers) > MOST_NUMBERS,
        more_messages=len(hits) > MOST_MESSAGES,
    )


def read_end(term: str) -> str | None:
    """Return the digits with which a number would end, or None for a text that is no end of one.

    Shape: `0905 123 456`, `+421 905 123 456` and `905123456` are all of a number, `3456` is its end.
    """
    if find_slovak_mobile(term):
        return to_international(term)[1:]
    match = _END.fullmatch(_BETWEEN_DIGITS.sub("", term))
    return match[1] if match else None


def list_numbers_ending(session: Session, end: str) -> Sequence[KnownNumber]:
    """Return the numbers with that end, the newest first, one more than is shown."""
    ending = select(KnownNumber).where(KnownNumber.reversed.like(f"{end[::-1]}%"))
    newest = ending.order_by(KnownNumber.created_at.desc(), KnownNumber.id.desc())
    return session.execute(newest.limit(MOST_NUMBERS + 1)).scalars().all()


def find_whole_number(session: Session, term: str) -> KnownNumber | None:
    """Return the number that the term spells in full, if we know it."""
    bare = _BETWEEN_DIGITS.sub("", term)
    return find_number(session, to_international(term) if find_slovak_mobile(term) else bare)


def find_by_gateway_id(session: Session, term: str) -> list[Position]:
    """Return the messages, theirs and ours, that the gateway calls so."""
    sought: Iterable[tuple[Kind, type[InboundMessage] | type[OutboundMessage]]] = (
        (Kind.INBOUND, InboundMessage),
        (Kind.OUTBOUND, OutboundMessage),
    )
    found = []
    for kind, table in sought:
        rows = select(table.created_at, table.id).where(table.mobiletech_id == term)
        found += [Position(row.created_at, int(kind), row.id) for row in session.execute(rows)]
    return found


def _list_hits(
    session: Session,
    term: str,
    kinds: Sequence[Kind],
    since: datetime | None,
    until: datetime | None,
) -> list[Position]:
    """Return the newest messages with all of these words, each as the beginning of one; one more than is shown."""
    values = {
        "sought": term,
        "kinds": [int(kind) for kind in kinds],
        "since": since,
        "until": until,
        "kept": KEPT,
        "most": MOST_MESSAGES + 1,
    }
    return [Position(row.at, row.kind, row.message_id) for row in session.execute(_WORDS, values)]
