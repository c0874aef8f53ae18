"""Put work into the outbox, in the caller's transaction."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from crm.core.clock import db_now
from crm.core.db import after_commit
from crm.events import doorbell
from crm.events.models import OutboxEntry


def publish(
    session: Session,
    event: str,
    payload: Mapping[str, Any],
    *,
    key: str,
    lane: str | None = None,
    available_at: datetime | ColumnElement[datetime] | None = None,
) -> int | None:
    """Add one piece of work and ring after the commit; return its id, or None if the key is there already.

    The key names the cause (`send:17`), so that a cause which is seen twice works once.
    """
    statement = (
        insert(OutboxEntry)
        .values(
            key=key,
            event=event,
            payload=dict(payload),
            lane=lane,
            available_at=db_now() if available_at is None else available_at,
        )
        .on_conflict_do_nothing(index_elements=["key"])
        .returning(OutboxEntry.id)
    )
    entry_id: int | None = session.execute(statement).scalar_one_or_none()
    if entry_id is not None and available_at is None:
        after_commit(session, doorbell.ring)
    return entry_id
