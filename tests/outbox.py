"""Look at the outbox, and run it, as tests do."""

from sqlalchemy import select

from crm.core.db import transaction
from crm.events.drain import drain
from crm.events.models import OutboxEntry


def get_entry(entry_id: int | None) -> OutboxEntry:
    """Return the entry as it stands in the table."""
    with transaction() as session:
        found = session.execute(select(OutboxEntry).where(OutboxEntry.id == entry_id)).scalar_one()
        session.expunge(found)
        return found


def get_entry_by_key(key: str) -> OutboxEntry:
    """Return the entry as it stands in the table."""
    with transaction() as session:
        found = session.execute(select(OutboxEntry).where(OutboxEntry.key == key)).scalar_one()
        session.expunge(found)
        return found


def run_all() -> int:
    """Run what is due; return how many entries that were."""
    count, finished = drain(for_seconds=20)
    assert finished
    return count
