"""The table of the breaker of paid sending."""

from datetime import datetime

from sqlalchemy import ARRAY, CheckConstraint, DateTime, Integer, SmallInteger, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from crm.core.db import Base


class GatewayState(Base):
    """The breaker of paid sending; one row."""

    __tablename__ = "mobiletech_gateway_state"

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    paused_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    pause_seconds: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    reason: Mapped[str | None] = mapped_column(Text)
    recent_ambiguous: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    ambiguous_run: Mapped[int] = mapped_column(Integer, server_default=text("0"))

    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)
