"""What a rule that is not saved yet would have done with the SMS of the last 30 days.

The newest LOOKED_AT messages are read, the same texts together; the answer says how far back that went.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from heapq import nsmallest
from itertools import takewhile
from typing import Any

from sqlalchemy import Row, select, text
from sqlalchemy.orm import Session

from crm.mobiletech.models import InboundMessage, OutboundMessage, SmsTemplate
from crm.mobiletech.rules.deciding import KeywordRule, find_acting, is_heard, read_stop_beside
from crm.mobiletech.rules.matching import fits
from crm.mobiletech.stop_words import fold_words

LOOKED_AT = 20_000
DAYS = 30
EXAMPLES = 10
SHOWN = 200  # characters of an SMS

# Cut before they are grouped: a keyword is short, and nobody writes twice the same thousand characters.
_TEXTS = text("""
    WITH newest AS MATERIALIZED (
        SELECT id, "to", left(content, :shown) AS content, created_at FROM mobiletech_inbound_messages
        WHERE created_at > crm_now() - make_interval(days => :days)
        ORDER BY created_at DESC, id DESC LIMIT :most
    )
    SELECT "to", content, count(*) AS times, max(id) AS newest_id, min(created_at) AS since
    FROM newest GROUP BY "to", content
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A text that the rule fits; `taken_by` is the rule that stands before it and gets it instead."""

    content: str
    short_number: str
    times: int
    taken_by: KeywordRule | None
    today: KeywordRule | None  # which rule acts on it as things are
    answer: "Answer | None"  # what the newest of them got


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What answered an SMS; `key` tells who made it."""

    key: str | None
    template: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What the rule fits among the SMS of late: `matched` of them, of which `taken` go to rules before it."""

    looked_at: int
    since: datetime | None
    is_cut: bool
    matched: int
    taken: int
    examples: Sequence[Example]


def look_back(
    session: Session, rule: KeywordRule, order: Sequence[KeywordRule], *, today: Sequence[KeywordRule]
) -> Past:
    """Return what the rule would have done; `order` are all rules with it in its place, `today` those of now."""
    rows = session.execute(_TEXTS, {"shown": SHOWN, "days": DAYS, "most": LOOKED_AT}).all()
    folded = ((row, fold_words(row.content)) for row in rows if is_heard(rule, row.to))
    found = [
        (row, words)
        for row, words in folded
        if fits(rule.match, rule.keyword, words) and not read_stop_beside(row.content, order).is_stop
    ]
    before = list(takewhile(lambda each: each.id != rule.id, order))
    winners = {row.newest_id: find_acting(words, row.to, before) for row, words in found}
    looked_at = sum(row.times for row in rows)
    return Past(
        looked_at=looked_at,
        since=min((row.since for row in rows), default=None),
        is_cut=looked_at >= LOOKED_AT,
        matched=sum(row.times for row, _ in found),
        taken=sum(row.times for row, _ in found if winners[row.newest_id] is not None),
        examples=_examples(session, found, winners, today),
    )


def _examples(
    session: Session,
    found: Sequence[tuple[Row[Any], str]],
    winners: Mapping[int, KeywordRule | None],
    today: Sequence[KeywordRule],
) -> list[Example]:
    """Return the most frequent texts with what became of the newest SMS of each."""
    shown = nsmallest(EXAMPLES, found, key=lambda each: (-each[0].times, -each[0].newest_id))
    answers = _read_answers(session, [row.newest_id for row, _ in shown])
    return [
        Example(
            content=row.content,
            short_number=row.to,
            times=row.times,
            taken_by=winners[row.newest_id],
            today=find_acting(words, row.to, today),
            answer=answers.get(row.newest_id),
        )
        for row, words in shown
    ]


def _read_answers(session: Session, inbound_ids: Sequence[int]) -> dict[int, Answer]:
    found = (
        select(InboundMessage.id, OutboundMessage.key, SmsTemplate.code)
        .join(OutboundMessage, OutboundMessage.rcv_msg_id == InboundMessage.mobiletech_id)
        .outerjoin(SmsTemplate, SmsTemplate.id == OutboundMessage.mobiletech_template_id)
        .where(InboundMessage.id.in_(inbound_ids))
        .order_by(OutboundMessage.id.desc())
    )
    return {row.id: Answer(key=row.key, template=row.code) for row in session.execute(found)}
