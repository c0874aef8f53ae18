"""Tables of the rules, and of what they decided about each message."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Text,
    false,
    func,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from crm.core.db import Base

NOW = text("crm_now()")


class Rule(Base):
    """One keyword rule; the lower `position` is asked first. STOP words stand before all of them and are no rows."""

    __tablename__ = "mobiletech_rules"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    position: Mapped[int] = mapped_column(Integer)
    short_number: Mapped[str | None] = mapped_column(Text)  # None: every short number
    match: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    action: Mapped[str] = mapped_column(Text)
    template_id: Mapped[int | None] = mapped_column(ForeignKey("mobiletech_templates.id"), index=True)
    extension: Mapped[str | None] = mapped_column(Text)
    subscription_type: Mapped[str | None] = mapped_column(Text)  # its code: what it starts or stops
    asks_first: Mapped[bool] = mapped_column(server_default=false())  # starts only after the reader's ANO
    is_on: Mapped[bool] = mapped_column(server_default=true())
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=NOW)
    updated_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=NOW, onupdate=func.crm_now()
    )

    __table_args__ = (
        CheckConstraint("match IN ('exact', 'starts_with', 'typo')", name="match"),
        CheckConstraint(
            "action IN ('reply', 'confirm', 'inbox', 'extension', 'subscribe', 'stop', 'state')",
            name="action",
        ),
    )


class Decision(Base):
    """What was decided about a reader's SMS, and every step that led there."""

    __tablename__ = "mobiletech_decisions"

    inbound_message_id: Mapped[int] = mapped_column(
        ForeignKey("mobiletech_inbound_messages.id"), primary_key=True
    )
    outcome: Mapped[str] = mapped_column(Text)
    # No foreign key: a rule may go, and what it decided stays; the steps say what it was.
    rule_id: Mapped[int | None] = mapped_column(BigInteger)
    answered_number: Mapped[str | None] = mapped_column(Text)  # whom a rule answered by itself, local form
    steps: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=NOW)

    __table_args__ = (
        CheckConstraint(
            "outcome IN ('stop', 'rule', 'answered', 'agreed', 'looped', 'repeated', 'unmatched')",
            name="outcome",
        ),
        Index(
            "ix_mobiletech_decisions_rule_id",
            "rule_id",
            "created_at",
            postgresql_where=text("rule_id IS NOT NULL"),
        ),
        Index(
            "ix_mobiletech_decisions_answered",
            "answered_number",
            "created_at",
            postgresql_where=text("answered_number IS NOT NULL"),
        ),
    )
