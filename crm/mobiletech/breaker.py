"""Fuses of paid sending: a breaker for a gateway in trouble, a cap for a bug of ours, the owner of the number.

Breaker: three ambiguous outcomes in a row, or five within a minute, pause paid sending; then one probe,
after 60 s, 120 s, ... at most an hour. No more are on their way at once than would pause it (one more for each further
worker). So an outage costs a handful of unknown messages, not thousands.
Source: reliability.md 1, F1; interface.md 8.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from crm.core.clock import db_now
from crm.core.errors import N_
from crm.core.log import get_logger
from crm.mobiletech.breaker_state import GatewayState
from crm.mobiletech.client import LEASE_SECONDS
from crm.mobiletech.models import OutboundMessage
from crm.mobiletech.outbound import OutboundState

log = get_logger(__name__)

IN_A_ROW = 3
WITHIN_A_MINUTE = 5
FIRST_PAUSE_SECONDS = 60
LONGEST_PAUSE_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Pause:
    """Paid sending waits until then."""

    until: datetime


def ask_breaker(session: Session) -> Pause | int:
    """Return how long paid sending waits, or how many may go now. Locks the breaker until the commit."""
    state, now = _locked(session)
    if state.paused_until is None:
        return _room(session, state, now)
    if state.paused_until > now:
        return Pause(state.paused_until)
    # One probe: while it is on its way everybody else waits.
    state.paused_until = now + timedelta(seconds=LEASE_SECONDS)
    return 1


def _room(session: Session, state: GatewayState, now: datetime) -> int:
    """Return how many may be on their way beside those that are, if all of them were to end ambiguous."""
    on_their_way = select(func.count()).where(
        OutboundMessage.state == OutboundState.SENDING, OutboundMessage.paid
    )
    recent = len(_within_a_minute(state, now))
    room = min(IN_A_ROW - state.ambiguous_run, WITHIN_A_MINUTE - recent)
    return max(room - session.execute(on_their_way).scalar_one(), 1)


def tell_breaker(session: Session, answers: Sequence[bool]) -> None:
    """Count what the gateway answered to paid messages, in order; a call that never reached it is no answer.

    Shape: for each whether it was ambiguous. A clear answer ends a pause and the row; what was ambiguous within the
    last minute still counts.
    """
    if not answers:
        return
    state, now = _locked(session)
    for is_ambiguous in answers:
        if is_ambiguous:
            _count_ambiguous(state, now)
        else:
            if state.paused_until is not None:
                state.recent_ambiguous = []
            state.ambiguous_run = 0
            state.paused_until, state.pause_seconds, state.reason = None, 0, None


def _count_ambiguous(state: GatewayState, now: datetime) -> None:
    state.ambiguous_run += 1
    state.recent_ambiguous = [*_within_a_minute(state, now), now.isoformat()]
    if state.ambiguous_run >= IN_A_ROW or len(state.recent_ambiguous) >= WITHIN_A_MINUTE:
        doubled = min(state.pause_seconds * 2, LONGEST_PAUSE_SECONDS)
        state.pause_seconds = max(doubled, FIRST_PAUSE_SECONDS)
        state.paused_until = now + timedelta(seconds=state.pause_seconds)
        ended = max(state.ambiguous_run, len(state.recent_ambiguous))
        told = N_("%(count)s paid messages of late ended without a clear answer.")
        state.reason = told % {"count": ended}
        log.error("paid_sending_paused", seconds=state.pause_seconds, in_a_row=state.ambiguous_run)


def read_gateway_state(session: Session) -> GatewayState | None:
    """Return the breaker's row, None if it was never needed."""
    return session.get(GatewayState, 1)


def _within_a_minute(state: GatewayState, now: datetime) -> list[str]:
    minute_ago = (now - timedelta(minutes=1)).isoformat()
    return [at for at in state.recent_ambiguous if at > minute_ago]


def _locked(session: Session) -> tuple[GatewayState, datetime]:
    statement = select(GatewayState, db_now()).with_for_update().execution_options(populate_existing=True)
    found = session.execute(statement).one_or_none()
    if found is None:
        session.execute(insert(GatewayState).values(id=1).on_conflict_do_nothing())
        found = session.execute(statement).one()
    return found[0], found[1]
