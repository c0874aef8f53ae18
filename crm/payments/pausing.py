"""Pause one renewal until a person has looked, and let it go on: a text that was almost a STOP pauses what it may mean.

A charge that is on its way keeps its course; the pause is then taken over by the row that follows it.
"""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core.clock import db_now
from crm.core.errors import N_
from crm.core.log import get_logger
from crm.payments.errors import NotActiveError
from crm.payments.models import RecurrentPayment
from crm.payments.statuses import OPEN, RecurrentState
from crm.users.audit_log import record_act

log = get_logger(__name__)


def pause(session: Session, row: RecurrentPayment, reason: str) -> bool:
    """Charge nothing more of an open renewal that the caller has locked; return False if it is paused already.

    Raises: NotActiveError if it is neither planned nor on its way.
    """
    if row.state not in OPEN:
        raise NotActiveError(N_("Only a renewal that is planned or on its way can be paused."))
    if row.paused_at is not None:
        return False
    _set(session, row, session.execute(select(db_now())).scalar_one(), reason)
    record_act(session, "renewal.pause", _subject(row), after={"paused": True}, reason=reason)
    log.info("renewal_paused", recurrent_payment_id=row.id)
    return True


def go_on(session: Session, row: RecurrentPayment, reason: str) -> None:
    """Let a paused renewal that the caller has locked go on; what became due meanwhile is due now.

    Raises: NotActiveError if it is not paused.
    """
    if row.state not in OPEN or row.paused_at is None:
        raise NotActiveError(N_("Only a renewal that is paused can go on."))
    before = {"paused": True, "pause_reason": row.pause_reason}
    _set(session, row, None, None)
    after = {"paused": False, "charge_at": row.charge_at}
    record_act(session, "renewal.go_on", _subject(row), before=before, after=after, reason=reason)
    log.info("renewal_goes_on", recurrent_payment_id=row.id)


def hand_over(pausing: RecurrentPayment | None, following: RecurrentPayment) -> None:
    """Let the row that is planned after a paused one wait for a person as well; a stopped one waits for nobody."""
    if pausing is None or following.state != RecurrentState.ACTIVE:
        return
    following.paused_at, following.pause_reason = pausing.paused_at, pausing.pause_reason


def _set(session: Session, row: RecurrentPayment, since: datetime | None, reason: str | None) -> None:
    row.paused_at, row.pause_reason = since, reason
    session.flush()


def _subject(row: RecurrentPayment) -> str:
    return f"recurrent_payment {row.id}"
