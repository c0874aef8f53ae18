"""Tables of billing keys, short numbers, operator prefixes and status codes."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, DateTime, Identity, Numeric, Text, func, text
from sqlalchemy.orm import Mapped, mapped_column

from crm.core.db import Base

NOW = text("crm_now()")


class Billkey(Base):
    """A billing key of the gateway and what it charges; empty `operators` means all of them."""

    __tablename__ = "billkeys"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    code: Mapped[str] = mapped_column(Text, unique=True)
    kind: Mapped[str] = mapped_column(Text)
    price: Mapped[Decimal] = mapped_column(Numeric(10, 2))
    currency: Mapped[str] = mapped_column(Text, server_default="EUR")
    short_number: Mapped[str | None] = mapped_column(Text)
    operators: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    valid_from: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    valid_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))  # the first moment after
    note: Mapped[str] = mapped_column(Text, server_default="")
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=NOW)
    updated_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=NOW, onupdate=func.crm_now()
    )

    __table_args__ = (
        CheckConstraint("kind IN ('free', 'paid')", name="kind"),
        CheckConstraint("(kind = 'free') = (price = 0) AND price >= 0", name="price"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
        CheckConstraint("valid_from < valid_until", name="validity"),
    )


class ShortNumber(Base):
    """A number that readers write to; empty `operators` means all of them."""

    __tablename__ = "short_numbers"

    number: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text, server_default="")
    operators: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=NOW)
    updated_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=NOW, onupdate=func.crm_now()
    )

    __table_args__ = (CheckConstraint("number ~ '^[0-9]{3,6}$'", name="number"),)


class OperatorPrefix(Base):
    """What a person has said of a prefix; it beats the table that we bring. No operator: it tells nothing."""

    __tablename__ = "operator_prefixes"

    prefix: Mapped[str] = mapped_column(Text, primary_key=True)  # national, without the 0: 908
    operator: Mapped[str | None] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text, server_default="")
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=NOW)
    updated_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=NOW, onupdate=func.crm_now()
    )

    __table_args__ = (
        CheckConstraint("prefix ~ '^9[0-9]{2,4}$'", name="prefix"),
        CheckConstraint("operator IN ('T', 'O', '2', 'S')", name="operator"),
    )


class StatusCode(Base):
    """What a person has said of a code of the gateway; it beats the words that we bring."""

    __tablename__ = "status_codes"

    code: Mapped[str] = mapped_column(Text, primary_key=True)
    reason: Mapped[str] = mapped_column(Text)
    meaning_sk: Mapped[str] = mapped_column(Text)
    meaning_en: Mapped[str] = mapped_column(Text)
    advice_sk: Mapped[str] = mapped_column(Text, server_default="")
    advice_en: Mapped[str] = mapped_column(Text, server_default="")
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=NOW)
    updated_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=NOW, onupdate=func.crm_now()
    )

    __table_args__ = (
        CheckConstraint(
            "reason IN ('success', 'no_credit', 'blocked', 'ported', 'technical')", name="reason"
        ),
    )
