"""Fuses of paid sending: a breaker for a gateway in trouble, a cap for a bug of ours.

Breaker: three ambiguous outcomes in a row, or five within a minute, pause paid sending; then one probe,
after 60 s, 120 s, ... at most an hour. So an outage costs a handful of unknown messages, not thousands.
Source: reliability.md 1, F1 and F2; interface.md 8.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from crm.core.business_settings import get_setting
from crm.core.clock import db_now
from crm.core.errors import N_
from crm.core.log import get_logger
from crm.mobiletech.client import LEASE_SECONDS
from crm.mobiletech.models import GatewayState, OutboundMessage
from crm.mobiletech.outbound import OutboundState
from crm.mobiletech.wire.delivery_status import Billing

log = get_logger(__name__)

IN_A_ROW = 3
WITHIN_A_MINUTE = 5
FIRST_PAUSE_SECONDS = 60
LONGEST_PAUSE_SECONDS = 3600
CAP_WINDOW = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Pause:
    """Paid sending waits until then."""

    until: datetime


def ask_breaker(session: Session) -> Pause | None:
    """Return how long paid sending waits; None lets one message through. Locks the breaker until the commit."""
    state, now = _locked(session)
    if state.paused_until is None:
        return None
    if state.paused_until > now:
        return Pause(state.paused_until)
    # One probe: while it is on its way everybody else waits.
    state.paused_until = now + timedelta(seconds=LEASE_SECONDS)
    return None


def tell_breaker(session: Session, *, ambiguous: bool) -> None:
    """Count what the gateway answered to a paid message; a call that never reached it is no answer.

    A clear answer ends a pause and the row; what was ambiguous within the last minute still counts.
    """
    state, now = _locked(session)
    if not ambiguous:
        if state.paused_until is not None:
            state.recent_ambiguous = []
        state.ambiguous_run = 0
        state.paused_until, state.pause_seconds, state.reason = None, 0, None
        return
    minute_ago = (now - timedelta(minutes=1)).isoformat()
    state.ambiguous_run += 1
    state.recent_ambiguous = [*(at for at in state.recent_ambiguous if at > minute_ago), now.isoformat()]
    if state.ambiguous_run >= IN_A_ROW or len(state.recent_ambiguous) >= WITHIN_A_MINUTE:
        doubled = min(state.pause_seconds * 2, LONGEST_PAUSE_SECONDS)
        state.pause_seconds = max(doubled, FIRST_PAUSE_SECONDS)
        state.paused_until = now + timedelta(seconds=state.pause_seconds)
        ended = max(state.ambiguous_run, len(state.recent_ambiguous))
        told = N_("%(count)s paid messages of late ended without a clear answer.")
        state.reason = told % {"count": ended}
        log.error("paid_sending_paused", seconds=state.pause_seconds, in_a_row=state.ambiguous_run)


# Billed, or it may be yet: open or unknown.
MAY_CHARGE = (OutboundMessage.billing == Billing.BILLED) | (
    (OutboundMessage.billing == Billing.NONE)
    & OutboundMessage.resent_as.is_(None)
    & OutboundMessage.state.in_([OutboundState.SENDING, OutboundState.ACCEPTED, OutboundState.UNKNOWN])
)


def is_over_cap(session: Session, message: OutboundMessage) -> bool:
    """Return whether the number has had its paid messages of 24 hours: billed, open or unknown ones."""
    limit = int(get_setting(session, "mobiletech_max_paid_per_day"))
    if limit == 0:
        return False
    statement = select(func.count()).where(
        OutboundMessage.to == message.to,
        OutboundMessage.paid,
        OutboundMessage.id != message.id,
        func.coalesce(OutboundMessage.sending_at, OutboundMessage.created_at) > db_now() - CAP_WINDOW,
        MAY_CHARGE,
    )
    return session.execute(statement).scalar_one() >= limit


def is_charged_already(session: Session, message: OutboundMessage) -> bool:
    """Return whether another message has charged, or may yet charge, for the very same thing."""
    if message.charges_for is None:
        return False
    other = select(OutboundMessage.id).where(
        OutboundMessage.charges_for == message.charges_for, OutboundMessage.id != message.id, MAY_CHARGE
    )
    return session.execute(select(other.exists())).scalar_one()


def read_gateway_state(session: Session) -> GatewayState | None:
    """Return the breaker's row, None if it was never needed."""
    return session.get(GatewayState, 1)


def _locked(session: Session) -> tuple[GatewayState, datetime]:
    session.execute(insert(GatewayState).values(id=1).on_conflict_do_nothing())
    statement = select(GatewayState, db_now()).with_for_update().execution_options(populate_existing=True)
    state, now = session.execute(statement).one()
    return state, now
