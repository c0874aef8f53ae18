"""A person moves the date of a planned renewal: to now, or to later. Every rule of a charge holds all the same."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core.clock import db_now
from crm.core.errors import N_
from crm.core.log import get_logger
from crm.payments.charging import CEILING, charge_batch
from crm.payments.errors import InvalidDateError, NotActiveError, NotNowError
from crm.payments.models import RecurrentPayment
from crm.payments.prospects import look_ahead
from crm.payments.statuses import RecurrentState
from crm.users.audit_log import record_act

log = get_logger(__name__)

LONGEST_WAIT = timedelta(days=92)
NO_NOTICE = N_("Skipped: a person charged it before its date.")


def try_now(session: Session, row: RecurrentPayment, *, reason: str) -> None:
    """Charge a planned renewal that the caller has locked, now.

    Raises: NotActiveError, NotNowError with the rule that stands against it; then nothing is changed.
    """
    _check_planned(row)
    ahead = look_ahead(session, row)
    if ahead.hold is not None:
        raise NotNowError(N_("All renewals are held: resume them first."))
    if row.paused_at is not None:
        raise NotNowError(N_("It is paused and waits for a person: let it go on first."))
    if ahead.is_too_soon:
        told = N_("The period before was paid too recently: not before %(earliest)s UTC.")
        raise NotNowError(told, earliest=f"{ahead.earliest:%Y-%m-%d %H:%M}")
    if ahead.refusal is not None:
        raise NotNowError(ahead.refusal.told)
    before, now = row.charge_at, session.execute(select(db_now())).scalar_one()
    row.charge_at = now
    if row.noticed_at is None:
        row.noticed_at, row.notice = now, NO_NOTICE
    session.flush()
    if not charge_batch(session, ids=[row.id], limit=1).seen:
        raise NotNowError(N_("The most charges of an hour have been made (%(setting)s)."), setting=CEILING)
    record_act(
        session,
        "renewal.try_now",
        _subject(row),
        before={"charge_at": before, "state": RecurrentState.ACTIVE},
        after={"charge_at": row.charge_at, "state": row.state, "payment": row.payment_id},
        reason=reason,
    )
    log.info("renewal_tried_now", recurrent_payment_id=row.id, payment_id=row.payment_id)


def postpone(session: Session, row: RecurrentPayment, until: datetime, *, reason: str) -> None:
    """Let a planned renewal that the caller has locked wait until then; the reader is told of the new date anew.

    Raises: NotActiveError, InvalidDateError for a moment that is not later, or too far away.
    """
    _check_planned(row)
    now = session.execute(select(db_now())).scalar_one()
    if until <= max(now, row.charge_at):
        raise InvalidDateError(N_("The new date must be later than the one that is planned, and ahead."))
    if until > now + LONGEST_WAIT:
        raise InvalidDateError(N_("A renewal is postponed by at most %(days)s days."), days=LONGEST_WAIT.days)
    before = row.charge_at
    row.charge_at, row.noticed_at, row.notice = until, None, None
    session.flush()
    record_act(
        session,
        "renewal.postpone",
        _subject(row),
        before={"charge_at": before},
        after={"charge_at": until},
        reason=reason,
    )
    log.info("renewal_postponed", recurrent_payment_id=row.id)


def _check_planned(row: RecurrentPayment) -> None:
    if row.state != RecurrentState.ACTIVE:
        raise NotActiveError(N_("Only a renewal that is planned can be charged now or moved."))


def _subject(row: RecurrentPayment) -> str:
    return f"recurrent_payment {row.id}"
