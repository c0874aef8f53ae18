"""Put work into the outbox, in the caller's transaction."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm.core.db import after_commit
from crm.events import doorbell

# One statement for however many: an entry whose key is there already is left alone.
_PUBLISH = text("""
    INSERT INTO outbox (key, event, payload, lane, is_bulk, available_at)
    SELECT key, :event, payload, lane, is_bulk, COALESCE(CAST(:available_at AS timestamptz), crm_now())
    FROM unnest(CAST(:keys AS text[]), CAST(:payloads AS jsonb[]), CAST(:lanes AS text[]), CAST(:bulk AS boolean[]))
         WITH ORDINALITY AS work (key, payload, lane, is_bulk, position)
    ORDER BY position
    ON CONFLICT (key) DO NOTHING
    RETURNING id
""")

# What was settled once is due anew, with all its tries; what still waits is left alone.
_PUBLISH_AGAIN = text("""
    INSERT INTO outbox (key, event, payload, lane) VALUES (:key, :event, CAST(:payload AS jsonb), :lane)
    ON CONFLICT (key) DO UPDATE
    SET state = 'ready', finished_at = NULL, attempts = 0, crashes = 0, error = NULL, is_bulk = false,
        payload = EXCLUDED.payload, available_at = crm_now()
    WHERE outbox.state <> 'ready'
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A piece of work to be; `key` names its cause (`send:17`), so that a cause seen twice works once.

    `is_bulk` is one of many that nobody waits for: whatever else is due for the number goes before it.
    """

    key: str
    payload: Mapping[str, Any]
    lane: str | None
    is_bulk: bool = False


def publish(
    session: Session,
    event: str,
    payload: Mapping[str, Any],
    *,
    key: str,
    lane: str | None = None,
    available_at: datetime | None = None,
) -> bool:
    """Add one piece of work and ring after the commit; return False if the key is there already."""
    work = Work(key=key, payload=payload, lane=lane)
    return bool(publish_many(session, event, [work], available_at=available_at))


def publish_many(
    session: Session, event: str, work: Sequence[Work], *, available_at: datetime | None = None
) -> int:
    """Add pieces of work of one event, in their order; return how many are new."""
    if not work:
        return 0
    values = {
        "event": event,
        "available_at": available_at,
        "keys": [each.key for each in work],
        "payloads": [json.dumps(dict(each.payload)) for each in work],
        "lanes": [each.lane for each in work],
        "bulk": [each.is_bulk for each in work],
    }
    added = len(session.execute(_PUBLISH, values).all())
    if added and available_at is None:
        after_commit(session, doorbell.ring)
    return added


def publish_again(session: Session, event: str, work: Work) -> None:
    """Add one piece of work, or let it be due anew if it was settled, and ring after the commit."""
    values = {
        "key": work.key,
        "event": event,
        "payload": json.dumps(dict(work.payload)),
        "lane": work.lane,
    }
    session.execute(_PUBLISH_AGAIN, values)
    after_commit(session, doorbell.ring)
