"""What waits for a person, of all that has to do with messages."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from crm.core.clock import db_now
from crm.mobiletech.breaker import read_gateway_state
from crm.mobiletech.conversations.inbox import find_last_done, find_waiting_since
from crm.mobiletech.conversations.models import InboxItem
from crm.mobiletech.models import OutboundMessage
from crm.mobiletech.outbound import OutboundState
from crm.mobiletech.status_reports import count_orphans

MOST = 100_000  # counted; beyond it nobody reads the last digit
ORPHAN_SECONDS = 3600
SHOWN_CONFLICTS = 5

# What a person has written into the dictionary is known from then on.
_STRANGE_CODES = text("""
    SELECT report.status AS code, count(*) AS count, max(message.id) AS message_id
    FROM mobiletech_status_log AS report
    LEFT JOIN mobiletech_outbound_messages AS message ON message.mobiletech_id = report.mobiletech_id
    WHERE report.status !~ '^[AD][0-9]{1,5}$' AND report.status <> '_OPERATOR_CHANGE'
      AND report.received_at > crm_now() - interval '7 days'
      AND NOT EXISTS (SELECT 1 FROM status_codes WHERE status_codes.code = report.status)
    GROUP BY report.status ORDER BY count(*) DESC, report.status LIMIT 3
""")


@dataclass(frozen=True, slots=True)
class StrangeCode:
    """A code of the gateway that nobody knows, how often it came of late, and the last of our messages with it."""

    code: str
    count: int
    message_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What waits for a person. `paused_until` is None unless the breaker holds paid messages back."""

    unknown: int
    held: int
    conflicts: Sequence[int]
    orphans: int
    strange_codes: Sequence[StrangeCode]
    unanswered: int
    unanswered_since: datetime | None
    last_done_at: datetime | None
    paused_until: datetime | None
    pause_reason: str | None


def read_waiting(session: Session) -> Waiting:
    """Return what a person must look at."""
    conflicts = select(OutboundMessage.id).where(OutboundMessage.conflict).order_by(OutboundMessage.id.desc())
    gateway, now = read_gateway_state(session), session.execute(select(db_now())).scalar_one()
    is_paused = gateway is not None and gateway.paused_until is not None and gateway.paused_until > now
    return Waiting(
        unknown=_count(session, OutboundMessage.id, OutboundMessage.state == OutboundState.UNKNOWN),
        held=_count(session, OutboundMessage.id, OutboundMessage.state == OutboundState.HELD),
        conflicts=session.execute(conflicts.limit(SHOWN_CONFLICTS)).scalars().all(),
        orphans=count_orphans(session, older_than_seconds=ORPHAN_SECONDS),
        strange_codes=[StrangeCode(*row) for row in session.execute(_STRANGE_CODES)],
        unanswered=_count(session, InboxItem.id, InboxItem.state == "open"),
        unanswered_since=find_waiting_since(session),
        last_done_at=find_last_done(session),
        paused_until=gateway.paused_until if gateway and is_paused else None,
        pause_reason=gateway.reason if gateway and is_paused else None,
    )


def _count(session: Session, column: Any, condition: Any) -> int:
    rows = select(column).where(condition).limit(MOST).subquery()
    return session.execute(select(func.count()).select_from(rows)).scalar_one()
