"""The table of daily counts."""

from datetime import date, datetime

from sqlalchemy import BigInteger, Date, DateTime, Identity, Index, Integer, SmallInteger, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from crm.core.db import Base

NOW = text("crm_now()")


class DailyCount(Base):
    """How many messages of a day that is over are alike; what does not apply to them is empty.

    A day without rows is not counted yet, or had no message: it is counted where it is asked for.
    """

    __tablename__ = "mobiletech_daily_counts"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    day: Mapped[date] = mapped_column(Date)  # of the newsroom
    kind: Mapped[int] = mapped_column(SmallInteger)  # message_log.Kind
    operator: Mapped[str] = mapped_column(Text)
    template: Mapped[str] = mapped_column(Text)
    billkey: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)  # words.MessageState
    code: Mapped[str] = mapped_column(Text)  # the gateway's, of what failed; the reason, of what was not made
    count: Mapped[int] = mapped_column(Integer)
    counted_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=NOW)

    __table_args__ = (Index("ix_mobiletech_daily_counts_day", "day"),)
