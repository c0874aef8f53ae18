"""Tables of what the days that are over came to, so that a year need not be counted for every look at it."""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import BigInteger, Date, DateTime, Identity, Index, Integer, Numeric, SmallInteger, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from crm.core.db import Base

NOW = text("crm_now()")


class MoneyDay(Base):
    """What is alike of a day that is over: how often, and how much money; what does not apply is empty.

    A day without rows is not counted yet, or nothing happened in it: it is counted where it is asked for.
    """

    __tablename__ = "money_days"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    day: Mapped[date] = mapped_column(Date)  # of the newsroom
    measure: Mapped[str] = mapped_column(Text)  # counting.Measure
    subscription_type_id: Mapped[int] = mapped_column(BigInteger)  # 0: of none
    currency: Mapped[str] = mapped_column(Text)
    mark: Mapped[str] = mapped_column(Text)  # first or renewal; how it ended; why the first try failed
    fate: Mapped[str] = mapped_column(Text)  # of a renewal that was due: counting.Fate
    attempt: Mapped[int] = mapped_column(SmallInteger)  # by which it was charged, 0 for the first
    count: Mapped[int] = mapped_column(Integer)
    amount: Mapped[Decimal] = mapped_column(Numeric(14, 2))
    counted_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=NOW)

    __table_args__ = (Index("ix_money_days_day", "day", "measure"),)


class SubscriberDay(Base):
    """How many readers had a subscription at the end of a day; of a day that is not over, when it was counted."""

    __tablename__ = "subscriber_days"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    readers: Mapped[int] = mapped_column(Integer)
    counted_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=NOW)
