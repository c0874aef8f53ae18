"""Count the days that are over each hour. Reports come late, people reactivate and settle: so not once for ever.

The days of the last two months are counted anew each hour, older ones once a day. Today is never kept: the page counts
it itself.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import delete, func, select, text
from sqlalchemy.orm import Session

from crm.core.clock import db_now
from crm.core.days import DAY, list_days, span_of
from crm.core.db import transaction
from crm.payments.figures.counting import ALIKE, span_values
from crm.payments.figures.models import MoneyDay, SubscriberDay
from crm.payments.figures.subscribers import keep_subscribers
from crm.payments.models import Payment
from crm.subscriptions.newsroom import current_zone

KEPT_DAYS = 400  # a year and the month before it
CHANGING_DAYS = 62
SETTLED_FOR = timedelta(hours=20)
LOCK = 8877_0020  # two who count at once take turns

_KEEP = text(f"""
    INSERT INTO money_days (day, measure, subscription_type_id, currency, mark, fate, attempt, count, amount) {ALIKE}
""")


def count_money_days() -> None:
    """Count the days that are over, each in a transaction of its own, and forget those out of sight."""
    zone = current_zone()
    with transaction() as session:
        now: datetime = session.execute(select(db_now())).scalar_one()
        wanted = _list_wanted(session, now, zone)
    for day in wanted:
        with transaction() as session:
            _lock(session)
            session.execute(delete(MoneyDay).where(MoneyDay.day == day))
            session.execute(_KEEP, span_values(*span_of(day, day, zone), zone))
    with transaction() as session:
        _lock(session)
        first = now.astimezone(zone).date() - DAY * KEPT_DAYS
        session.execute(delete(MoneyDay).where(MoneyDay.day < first))


def count_subscribers() -> None:
    """Count how many readers have a subscription now, and had on days that nobody counted at their end."""
    with transaction() as session:
        _lock(session)
        keep_subscribers(session, days=KEPT_DAYS, zone=current_zone())


def forget_days(session: Session, since: datetime) -> None:
    """Let the days from a moment on be counted anew: an import has brought what happened then.

    Who counts waits for the caller's transaction, and so sees it.
    """
    _lock(session)
    first = since.astimezone(current_zone()).date()
    session.execute(delete(MoneyDay).where(MoneyDay.day >= first))
    session.execute(delete(SubscriberDay).where(SubscriberDay.day >= first))


def _list_wanted(session: Session, now: datetime, zone: ZoneInfo) -> Sequence[date]:
    today = now.astimezone(zone).date()
    began = _find_beginning(session)
    if began is None:
        return []
    days = list_days(max(today - DAY * KEPT_DAYS, began.astimezone(zone).date()), today - DAY)
    when = select(MoneyDay.day, func.min(MoneyDay.counted_at)).group_by(MoneyDay.day)
    counted: dict[date, datetime] = dict(session.execute(when).all())
    return [
        day
        for day in days
        if today - day <= DAY * CHANGING_DAYS or day not in counted or now - counted[day] > SETTLED_FOR
    ]


def _find_beginning(session: Session) -> datetime | None:
    """Return when the first payment was made, or paid; None while there is none, and nothing to count."""
    first = select(func.least(func.min(Payment.created_at), func.min(Payment.paid_at)))
    began: datetime | None = session.execute(first).scalar_one()
    return began


def _lock(session: Session) -> None:
    session.execute(select(func.pg_advisory_xact_lock(LOCK)))
