"""Hold all renewals, and let them go on: one row that every charge asks for first."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from crm.core.clock import db_now
from crm.core.log import get_logger
from crm.payments.models import ChargingState
from crm.users.audit_log import record_act

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Hold:
    """Since when nothing is charged, and why."""

    since: datetime
    reason: str


def are_held(session: Session) -> bool:
    """Return whether nothing may be charged; what was begun a moment before waits at the last look of its send."""
    held = select(ChargingState.held_at).where(ChargingState.id == 1)
    return session.execute(held).scalar_one_or_none() is not None


def find_hold(session: Session) -> Hold | None:
    """Return the hold that is in force."""
    row = session.execute(select(ChargingState.held_at, ChargingState.reason)).one_or_none()
    return Hold(row.held_at, row.reason or "") if row and row.held_at else None


def hold(session: Session, *, reason: str) -> bool:
    """Charge nothing from now on, also nothing that waits to be sent; return False if that is so already."""
    return _set(session, held=True, reason=reason)


def resume(session: Session, *, reason: str = "") -> bool:
    """Let renewals be charged again; what became due meanwhile is due now. Return False if nothing was held."""
    return _set(session, held=False, reason=reason)


def _set(session: Session, *, held: bool, reason: str) -> bool:
    session.execute(insert(ChargingState).values(id=1).on_conflict_do_nothing())
    row = session.execute(select(ChargingState).with_for_update()).scalar_one()
    if (row.held_at is not None) == held:
        return False
    before = {"held": not held}
    row.held_at = session.execute(select(db_now())).scalar_one() if held else None
    row.reason = reason if held else None
    session.flush()
    action = "renewals.hold" if held else "renewals.resume"
    record_act(session, action, "renewals", before=before, after={"held": held}, reason=reason)
    log.warning("renewals_held" if held else "renewals_resumed")
    return True
