"""Keep messages findable: their words, and the numbers that they came from or went to.

Done by the worker, not by the webhook: the reader's SMS is stored without waiting for it.
"""

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm.core.db import current_session
from crm.events.registry import Event
from crm.mobiletech.models import NotSent, OutboundMessage
from crm.users.numbers import note_numbers

_INBOUND_NUMBERS = text('SELECT DISTINCT "from" FROM mobiletech_inbound_messages WHERE id = ANY(:ids)')
_INBOUND = text("""
    INSERT INTO mobiletech_message_words (kind, message_id, at, words)
    SELECT 1, id, created_at, crm_words(content, created_at)
    FROM mobiletech_inbound_messages WHERE id = ANY(:ids)
    ON CONFLICT DO NOTHING
""")
_OUTBOUND = text("""
    INSERT INTO mobiletech_message_words (kind, message_id, at, words)
    SELECT 3, id, created_at, crm_words(content, created_at)
    FROM mobiletech_outbound_messages WHERE id = ANY(:ids) AND NOT is_secret
    ON CONFLICT DO NOTHING
""")


def keep_inbound(events: Sequence[Event]) -> None:
    """Keep what came findable; the first thing that a worker does with an SMS."""
    ids = [event["mobiletech_inbound_message_id"] for event in events]
    keep_inbound_messages(current_session(), ids)


def keep_inbound_messages(session: Session, ids: Sequence[int]) -> None:
    """Keep readers' messages findable."""
    note_numbers(session, session.execute(_INBOUND_NUMBERS, {"ids": ids}).scalars().all())
    keep_words(session, inbound_ids=ids)


def keep_outbound_messages(session: Session, made: Sequence[OutboundMessage | NotSent]) -> None:
    """Keep our own messages, and what was not made, findable; they have their ids."""
    note_numbers(session, [each.to for each in made if each.to])
    keep_words(session, outbound_ids=[each.id for each in made if isinstance(each, OutboundMessage)])


def keep_words(
    session: Session, *, inbound_ids: Sequence[int] = (), outbound_ids: Sequence[int] = ()
) -> None:
    """Keep the words of messages findable; their numbers are noted apart."""
    for statement, ids in ((_INBOUND, inbound_ids), (_OUTBOUND, outbound_ids)):
        if ids:
            session.execute(statement, {"ids": ids})
