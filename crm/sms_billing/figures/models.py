"""The table of what the days that are over came to, by operator."""

from datetime import date, datetime

from sqlalchemy import BigInteger, Date, DateTime, Identity, Index, Integer, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from crm.core.db import Base

NOW = text("crm_now()")


class BillingDay(Base):
    """How many SMS of payments of one day went to one operator and came to the same.

    A day without rows is not counted yet, or had no such SMS: it is counted where it is asked for.
    """

    __tablename__ = "sms_billing_days"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    day: Mapped[date] = mapped_column(Date)  # of the newsroom
    operator: Mapped[str] = mapped_column(Text)  # empty: none that we know
    outcome: Mapped[str] = mapped_column(Text)  # operators.Outcome
    count: Mapped[int] = mapped_column(Integer)
    counted_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=NOW)

    __table_args__ = (Index("ix_sms_billing_days_day", "day"),)
