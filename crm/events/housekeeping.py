"""Forget work that was done long ago."""

from sqlalchemy import text

from crm.core.db import transaction

KEPT_DAYS = 30
BATCH = 5000

_FORGET = text("""
    DELETE FROM outbox WHERE id IN (
        SELECT id FROM outbox
        WHERE state IN ('done', 'discarded') AND finished_at < crm_now() - make_interval(days => :days)
        ORDER BY id LIMIT :batch
    )
""")


def forget_old_work() -> None:
    """Remove finished entries older than 30 days, in short transactions; failed ones stay for ever."""
    while True:
        with transaction() as session:
            removed = session.execute(_FORGET, {"days": KEPT_DAYS, "batch": BATCH}).rowcount  # type: ignore[attr-defined]
        if removed < BATCH:
            return
