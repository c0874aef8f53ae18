"""Move subscriptions on as time passes: begun, over. The worker does it each minute, in small transactions."""

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm.core.db import transaction
from crm.subscriptions.events import tell_ends, tell_starts
from crm.subscriptions.statuses import InternalStatus
from crm.subscriptions.types import keep_vat

BATCH = 1000

# Rows that somebody holds are left for the next minute, so that nobody waits for the worker, nor it for them.
_MOVE_ON = """
    UPDATE subscriptions AS moved
    SET internal_status = CASE WHEN due.end_time <= crm_now() THEN 'after_end' ELSE 'active' END,
        updated_at = crm_now()
    FROM (
        SELECT id, end_time FROM subscriptions
        WHERE {due}
        LIMIT :batch FOR NO KEY UPDATE SKIP LOCKED
    ) AS due
    WHERE moved.id = due.id
    RETURNING moved.id, moved.internal_status
"""
_BEGUN = text(
    _MOVE_ON.format(
        due="internal_status IN ('unknown', 'before_start') AND start_time <= crm_now() ORDER BY start_time"
    )
)
_OVER = text(
    _MOVE_ON.format(
        due="internal_status IN ('unknown', 'before_start', 'active') AND end_time <= crm_now() ORDER BY end_time"
    )
)


def keep_subscriptions() -> None:
    """Move on all subscriptions whose time has come, each batch in a transaction of its own; and the VAT of types.

    However the rate was changed, on the page or in the environment, payments carry it a minute later.
    """
    with transaction() as session:
        keep_vat(session)
    for _ in range(1000):  # a million at a time; what is left waits a minute
        with transaction() as session:
            moved = keep_statuses(session)
        if not moved:
            return


def keep_statuses(session: Session, *, batch: int = BATCH) -> int:
    """Move on up to two batches of subscriptions; return how many."""
    moved = [row for statement in (_BEGUN, _OVER) for row in session.execute(statement, {"batch": batch})]
    tell_starts(session, [row.id for row in moved if row.internal_status == InternalStatus.ACTIVE])
    tell_ends(session, [row.id for row in moved if row.internal_status == InternalStatus.AFTER_END])
    return len(moved)
