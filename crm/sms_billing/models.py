"""Tables of what is sold by SMS: the keys of a subscription type, orders that wait for a yes, decided outcomes."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Numeric,
    Text,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from crm.core.db import Base

NOW = text("crm_now()")


class SmsOffer(Base):
    """How a subscription type is sold by SMS: the billing key that charges it, and the paid texts."""

    __tablename__ = "sms_offers"

    subscription_type_id: Mapped[int] = mapped_column(ForeignKey("subscription_types.id"), primary_key=True)
    billkey: Mapped[str] = mapped_column(Text)
    template_code: Mapped[str] = mapped_column(Text)  # of each renewal
    first_template_code: Mapped[str | None] = mapped_column(Text)  # of the first SMS; none: as a renewal
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=NOW)
    updated_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=NOW, onupdate=func.crm_now()
    )


class SmsOrder(Base):
    """A reader asked for a subscription and has to say yes (ANO) first."""

    __tablename__ = "sms_orders"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    inbound_message_id: Mapped[int] = mapped_column(ForeignKey("mobiletech_inbound_messages.id"), unique=True)
    number: Mapped[str] = mapped_column(Text)  # local form
    short_number: Mapped[str] = mapped_column(Text)
    subscription_type_id: Mapped[int] = mapped_column(ForeignKey("subscription_types.id"))
    amount: Mapped[Decimal] = mapped_column(Numeric(10, 2))  # the price that the reader was told
    rule_id: Mapped[int | None] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(Text, server_default="waiting")
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=NOW)
    updated_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=NOW, onupdate=func.crm_now()
    )

    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'agreed', 'replaced', 'stopped')", name="state"),
        Index("uq_sms_orders_waiting", "number", unique=True, postgresql_where=text("state = 'waiting'")),
    )


class SettledOutcome(Base):
    """What a person found out about an SMS whose outcome nobody knew: the last word on it."""

    __tablename__ = "sms_settled_outcomes"

    outbound_message_id: Mapped[int] = mapped_column(
        ForeignKey("mobiletech_outbound_messages.id"), primary_key=True
    )
    decision: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    author_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=NOW)

    __table_args__ = (CheckConstraint("decision IN ('billed', 'not_billed')", name="decision"),)
