"""What people decide about failed work, with the entry in the audit log that the outbox knows nothing of."""

from collections.abc import Callable, Collection

from sqlalchemy.orm import Session

from crm.events import queries
from crm.users.audit_log import record_act


def retry_work(session: Session, entry_ids: Collection[int], *, reason: str = "") -> int:
    """Make failed work due now, with all its tries again, all of it or none; return how many entries that were.

    Raises: NotFoundError if no failed work has one of the ids.
    """
    return _decide(session, entry_ids, queries.retry, "work.retry", reason)


def discard_work(session: Session, entry_ids: Collection[int], *, reason: str = "") -> int:
    """Give failed work up, all of it or none; return how many entries that were.

    Raises: NotFoundError if no failed work has one of the ids.
    """
    return _decide(session, entry_ids, queries.discard, "work.discard", reason)


def _decide(
    session: Session,
    entry_ids: Collection[int],
    decide: Callable[[Session, int], None],
    action: str,
    reason: str,
) -> int:
    chosen = sorted(set(entry_ids))  # in order: two who choose the same never wait for each other in a circle
    for entry_id in chosen:
        decide(session, entry_id)
        record_act(session, action, f"work {entry_id}", reason=reason)
    return len(chosen)
