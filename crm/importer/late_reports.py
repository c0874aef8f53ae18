"""A report that came while the batch with its message was open saw no message: it is applied when both are there.

Whoever reports does not wait for a batch, but for the few ids that it holds (message_statuses.py). The next step looks
for what came beside it; so does a task every so often, should that step never come, or have been too quick. As of all
that is imported, nobody is told.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from crm.core.clock import db_now
from crm.core.copying import by_indexes
from crm.core.log import get_logger
from crm.mobiletech.status_reports import apply_statuses

log = get_logger(__name__)

EARLIER = timedelta(minutes=1)  # a report has the time when its transaction began
LOOKED_FOR = timedelta(days=7)
AT_ONCE = 1000

_WAITING = text("""
    SELECT message.id FROM mobiletech_status_log AS report, LATERAL (
        SELECT id, import_id FROM mobiletech_outbound_messages WHERE mobiletech_id = report.mobiletech_id OFFSET 0
    ) AS message
    WHERE report.applied_at IS NULL AND report.received_at >= :since AND message.import_id IS NOT NULL
    LIMIT :most
""")


def heed_late_reports(session: Session, began: datetime) -> None:
    """Apply what was reported about imported messages since an import began a batch."""
    _apply(session, began - EARLIER)


def heed_reports_left(session: Session) -> None:
    """Apply what was reported about imported messages of late, and nobody has applied."""
    now: datetime = session.execute(select(db_now())).scalar_one()
    _apply(session, now - LOOKED_FOR)


def _apply(session: Session, since: datetime) -> None:
    while message_ids := _list_waiting(session, since):
        apply_statuses(session, message_ids)
        log.info("reports_beside_import", outbound_ids=sorted(message_ids))


def _list_waiting(session: Session, since: datetime) -> Sequence[int]:
    with by_indexes(session):
        return session.execute(_WAITING, {"since": since, "most": AT_ONCE}).scalars().all()
