"""Tell readers of a renewal before it is charged, free of charge: what, for how much, when, and how to stop.

The notice never holds the charge. One that would come too late, when less than half of its lead is left, is skipped,
and the renewal says why: an SMS that says "tomorrow" minutes before the charge helps nobody, and reads like a trick.
While renewals are held nobody is told: nothing is charged then, and an old system may be charging in our place.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from crm.core.business_settings import get_setting
from crm.core.clock import db_now
from crm.core.errors import N_, Said
from crm.core.log import get_logger
from crm.mobiletech.models import NotSent
from crm.mobiletech.notifications import notify_many
from crm.payments.holding import are_held
from crm.payments.models import RecurrentPayment
from crm.payments.statuses import RecurrentState
from crm.sms_billing import answers
from crm.sms_billing.plans import read_plans
from crm.sms_billing.telling import write
from crm.subscriptions.newsroom import current_zone

log = get_logger(__name__)

SETTING = "renewal_notice_hours"
BATCH = 200
SENT = N_("The reader was told.")
TOO_LATE = N_("Skipped: the charge was due in %(minutes)s minutes, less than half of the notice.")
IS_DUE = N_("Skipped: the charge was due already.")
NOT_SENT = N_("The notice could not be sent: %(reason)s")


def give_notices(session: Session, *, limit: int = BATCH) -> int:
    """Tell some readers, or write down why not; return how many renewals were looked at."""
    lead = timedelta(hours=int(get_setting(session, SETTING) or 0))
    if lead <= timedelta(0) or are_held(session):
        return 0
    now = session.execute(select(db_now())).scalar_one()
    rows = _take(session, now + lead, limit)
    late = [row for row in rows if row.charge_at - now < lead / 2]
    for row in late:
        _note(row, _too_late(row, now), now)
    _tell(session, [row for row in rows if row.notice is None], now)
    session.flush()
    if rows:
        log.info("renewal_notices", told=len(rows) - len(late), skipped=len(late))
    return len(rows)


def _take(session: Session, until: datetime, limit: int) -> Sequence[RecurrentPayment]:
    """Lock the renewals that are charged before `until` and whose reader knows nothing yet; a paused one waits."""
    row = RecurrentPayment
    wanted = select(row).where(
        row.state == RecurrentState.ACTIVE,
        row.noticed_at.is_(None),
        row.attempt == 0,
        row.charge_at <= until,
        row.paused_at.is_(None),
    )
    taken = wanted.order_by(row.charge_at).limit(limit).with_for_update(skip_locked=True)
    return session.execute(taken.execution_options(populate_existing=True)).scalars().all()


def _tell(session: Session, rows: Sequence[RecurrentPayment], now: datetime) -> None:
    plans = read_plans(session, rows)
    wishes = [
        write(
            plans[row.id],
            answers.RENEWAL_NOTICE,
            {"subscription_name": plans[row.id].next_name},
            key=_key(row),
        )
        for row in rows
    ]
    for row, made in zip(rows, notify_many(session, wishes), strict=True):
        _note(row, str(Said(NOT_SENT, reason=made.detail)) if isinstance(made, NotSent) else SENT, now)


def _note(row: RecurrentPayment, notice: str, now: datetime) -> None:
    """Write the notice down; the row counts as untouched by it, so `updated_at` stays what it was."""
    row.noticed_at, row.notice = now, notice
    flag_modified(row, "updated_at")


def _key(row: RecurrentPayment) -> str:
    """Name the cause of a notice: a renewal that is charged on another day is announced anew."""
    return f"renewal-notice:{row.id}:{row.charge_at.astimezone(current_zone()):%Y-%m-%d}"


def _too_late(row: RecurrentPayment, now: datetime) -> str:
    left = row.charge_at - now
    if left <= timedelta(0):
        return IS_DUE
    return str(Said(TOO_LATE, minutes=int(left.total_seconds() // 60)))
