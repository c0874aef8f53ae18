"""The figures of the day, and what waits for a person."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.core.clock import db_now
from crm.mobiletech.breaker import read_gateway_state
from crm.mobiletech.models import InboundMessage, NotSent, OutboundMessage
from crm.mobiletech.outbound import OutboundState
from crm.mobiletech.status_reports import count_orphans

MOST = 100_000  # counted; beyond it nobody reads the last digit
ORPHAN_SECONDS = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What came, what was made for readers and what was not, since the day began."""

    received: int
    made: int
    not_sent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What waits for a person. `paused_until` is None unless the breaker holds paid messages back."""

    unknown: int
    held: int
    conflicts: Sequence[int]
    orphans: int
    paused_until: datetime | None
    pause_reason: str | None


def read_day(session: Session, since: datetime) -> Day:
    """Return the counts since a moment, each at most MOST."""
    return Day(
        received=_count(session, InboundMessage.id, InboundMessage.created_at >= since),
        made=_count(session, OutboundMessage.id, OutboundMessage.created_at >= since),
        not_sent=_count(session, NotSent.id, NotSent.created_at >= since),
    )


def read_waiting(session: Session) -> Waiting:
    """Return what a person must look at."""
    conflicts = select(OutboundMessage.id).where(OutboundMessage.conflict).order_by(OutboundMessage.id.desc())
    gateway, now = read_gateway_state(session), session.execute(select(db_now())).scalar_one()
    is_paused = gateway is not None and gateway.paused_until is not None and gateway.paused_until > now
    return Waiting(
        unknown=_count(session, OutboundMessage.id, OutboundMessage.state == OutboundState.UNKNOWN),
        held=_count(session, OutboundMessage.id, OutboundMessage.state == OutboundState.HELD),
        conflicts=session.execute(conflicts.limit(5)).scalars().all(),
        orphans=count_orphans(session, older_than_seconds=ORPHAN_SECONDS),
        paused_until=gateway.paused_until if gateway and is_paused else None,
        pause_reason=gateway.reason if gateway and is_paused else None,
    )


def _count(session: Session, column: Any, condition: Any) -> int:
    rows = select(column).where(condition).limit(MOST).subquery()
    return session.execute(select(func.count()).select_from(rows)).scalar_one()
