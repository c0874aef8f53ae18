"""What an effect may do to its entries: finish them, or let them wait."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session

from crm.core.clock import db_now
from crm.events.models import EntryState, OutboxEntry


def put_off(session: Session, entry_ids: Sequence[int], delay: timedelta) -> None:
    """Let open entries be due again after the delay."""
    if entry_ids:
        chosen = update(OutboxEntry).where(
            OutboxEntry.id.in_(entry_ids), OutboxEntry.state == EntryState.READY
        )
        session.execute(chosen.values(available_at=db_now() + delay))


def finish(session: Session, entry_ids: Sequence[int]) -> None:
    """Mark entries done."""
    if entry_ids:
        chosen = update(OutboxEntry).where(OutboxEntry.id.in_(entry_ids))
        session.execute(chosen.values(state=EntryState.DONE, finished_at=db_now(), error=None))
