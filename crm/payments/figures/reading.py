"""Read the figures of a span of days: those that are kept, and the rest counted on the spot."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core.days import DAY, join_days, list_days, span_of
from crm.payments.figures.counting import Alike, Measure, count_alike, read_refunds
from crm.payments.figures.models import MoneyDay


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyFigures:
    """The counts of a span of days; `kept_until` is the last day that was counted some time ago."""

    received: Sequence[Alike]
    refunded: Sequence[Alike]
    ended: Sequence[Alike]
    renewals: Sequence[Alike]
    kept_until: date | None


def read_money(session: Session, first: date, last: date, *, today: date, zone: ZoneInfo) -> MoneyFigures:
    """Return the figures of the days from the first to the last; today is among them at most."""
    rows = _read_kept(session, first, min(last, today - DAY))
    counted = {row.day for row in rows}
    for span in join_days(day for day in list_days(first, last) if day not in counted):
        rows += count_alike(session, *span_of(*span, zone), zone)
    return MoneyFigures(
        received=_of(Measure.RECEIVED, rows),
        refunded=read_refunds(session, *span_of(first, last, zone), zone),
        ended=_of(Measure.ENDED, rows),
        renewals=_of(Measure.RENEWALS, rows),
        kept_until=max(counted, default=None),
    )


def _read_kept(session: Session, first: date, last: date) -> list[Alike]:
    kept = MoneyDay
    statement = select(
        kept.day,
        kept.measure,
        kept.subscription_type_id,
        kept.currency,
        kept.mark,
        kept.fate,
        kept.attempt,
        kept.count,
        kept.amount,
    ).where(kept.day.between(first, last))
    return [Alike(*row) for row in session.execute(statement)]


def _of(measure: Measure, rows: Iterable[Alike]) -> list[Alike]:
    return [row for row in rows if row.measure == measure]
