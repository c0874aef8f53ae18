"""Count how operators billed on the days that are over each hour: the newest days anew, for reports come late."""

from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, text
from sqlalchemy.orm import Session

from crm.core.clock import db_now
from crm.core.days import DAY, list_days
from crm.core.db import transaction
from crm.payments.models import Payment
from crm.sms_billing.figures.models import BillingDay
from crm.sms_billing.figures.operators import ALIKE, span_values
from crm.subscriptions.newsroom import current_zone

KEPT_DAYS = 400
CHANGING_DAYS = 31
LOCK = 8877_0021  # two who count at once take turns

_KEEP = text(f"INSERT INTO sms_billing_days (day, operator, outcome, count) {ALIKE}")


def count_billing_days() -> None:
    """Count the days that are over: the newest ones anew, for reports come late; others once."""
    zone = current_zone()
    with transaction() as session:
        now: datetime = session.execute(select(db_now())).scalar_one()
        counted = set(session.execute(select(BillingDay.day).distinct()).scalars())
        began: datetime | None = session.execute(select(func.min(Payment.created_at))).scalar_one()
    if began is None:
        return  # nothing was ever charged
    today = now.astimezone(zone).date()
    first = today - timedelta(days=KEPT_DAYS)
    for day in list_days(max(first, began.astimezone(zone).date()), today - DAY):
        if day not in counted or (today - day).days <= CHANGING_DAYS:
            with transaction() as session:
                _lock(session)
                session.execute(delete(BillingDay).where(BillingDay.day == day))
                session.execute(_KEEP, span_values(day, day, zone))
    with transaction() as session:
        session.execute(delete(BillingDay).where(BillingDay.day < first))


def forget_days(session: Session, since: datetime) -> None:
    """Let the days from a moment on be counted anew: an import has brought what was billed then."""
    _lock(session)
    session.execute(delete(BillingDay).where(BillingDay.day >= since.astimezone(current_zone()).date()))


def _lock(session: Session) -> None:
    session.execute(select(func.pg_advisory_xact_lock(LOCK)))
