"""Tables of subscription types and subscriptions. Source: behaviour.md 3.12."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Numeric,
    SmallInteger,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from crm.core.db import Base

NOW = text("crm_now()")


class SubscriptionType(Base):
    """What a reader can have: for how long, for how much, and what follows it."""

    __tablename__ = "subscription_types"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    code: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[str] = mapped_column(Text)  # for staff
    user_label: Mapped[str] = mapped_column(Text)  # for readers
    description: Mapped[str] = mapped_column(Text, server_default="")
    price: Mapped[Decimal] = mapped_column(Numeric(10, 2))
    currency: Mapped[str] = mapped_column(Text, server_default="EUR")
    extension_method: Mapped[str] = mapped_column(Text, server_default="extend_actual")
    length_method: Mapped[str] = mapped_column(Text, server_default="fix_days")
    length: Mapped[int] = mapped_column(Integer)  # days
    extending_length: Mapped[int | None] = mapped_column(Integer)  # days, when it extends one of its kind
    fixed_start: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    fixed_end: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    active: Mapped[bool] = mapped_column(server_default=text("true"))  # may be sold
    visible: Mapped[bool] = mapped_column(server_default=text("true"))
    default: Mapped[bool] = mapped_column(server_default=text("false"))
    sorting: Mapped[int] = mapped_column(Integer, server_default=text("10"))
    next_subscription_type_id: Mapped[int | None] = mapped_column(
        ForeignKey("subscription_types.id"), index=True
    )
    trial_periods: Mapped[int | None] = mapped_column(SmallInteger)  # paid periods before the next type
    no_subscription: Mapped[bool] = mapped_column(server_default=text("false"))
    limit_per_user: Mapped[int | None] = mapped_column(Integer)
    recurrent_charge_before: Mapped[int | None] = mapped_column(Integer)  # hours; negative: after the end
    external_id: Mapped[str | None] = mapped_column(Text)  # its id in the system that it was imported from
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=NOW)
    updated_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=NOW, onupdate=func.crm_now()
    )

    __table_args__ = (
        Index(
            "uq_subscription_types_external_id",
            "external_id",
            unique=True,
            postgresql_where=text("external_id IS NOT NULL"),
        ),
        CheckConstraint(
            "extension_method IN ('extend_actual', 'extend_same_actual', 'extend_same_type',"
            " 'extend_last_subscription', 'start_now')",
            name="extension_method",
        ),
        CheckConstraint("length_method IN ('fix_days', 'calendar_days')", name="length_method"),
        CheckConstraint("price >= 0", name="price"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
        CheckConstraint("length > 0 AND (extending_length IS NULL OR extending_length > 0)", name="length"),
        CheckConstraint("trial_periods >= 0", name="trial_periods"),
    )


class SubscriptionTypeMeta(Base):
    """More about a type, by key; `short_name` is how it is called in an SMS."""

    __tablename__ = "subscription_types_meta"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    subscription_type_id: Mapped[int] = mapped_column(ForeignKey("subscription_types.id"))
    key: Mapped[str] = mapped_column(Text)
    value: Mapped[str] = mapped_column(Text)
    sorting: Mapped[int] = mapped_column(Integer, server_default=text("100"))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=NOW)
    updated_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=NOW, onupdate=func.crm_now()
    )

    __table_args__ = (UniqueConstraint("subscription_type_id", "key"),)


class SubscriptionTypeItem(Base):
    """A part of what a type costs; the amounts of a type's items sum up to its price."""

    __tablename__ = "subscription_type_items"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    subscription_type_id: Mapped[int] = mapped_column(ForeignKey("subscription_types.id"), index=True)
    name: Mapped[str] = mapped_column(Text)
    amount: Mapped[Decimal] = mapped_column(Numeric(10, 2))
    vat: Mapped[Decimal] = mapped_column(Numeric(5, 2))  # percent, in the amount
    sorting: Mapped[int] = mapped_column(Integer, server_default=text("100"))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=NOW)
    updated_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=NOW, onupdate=func.crm_now()
    )
    deleted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class Subscription(Base):
    """One period that a reader has; a paid one belongs to exactly one payment (payments.subscription_id)."""

    __tablename__ = "subscriptions"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    subscription_type_id: Mapped[int] = mapped_column(ForeignKey("subscription_types.id"))
    type: Mapped[str] = mapped_column(Text, server_default="regular")
    is_recurrent: Mapped[bool] = mapped_column(server_default=text("false"))
    is_paid: Mapped[bool] = mapped_column(server_default=text("false"))
    start_time: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    end_time: Mapped[datetime] = mapped_column(DateTime(timezone=True))  # the first moment after it
    length: Mapped[int] = mapped_column(Integer)  # days
    internal_status: Mapped[str] = mapped_column(Text, server_default="unknown")
    next_subscription_id: Mapped[int | None] = mapped_column(ForeignKey("subscriptions.id"), index=True)
    note: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=NOW, index=True)
    updated_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=NOW, onupdate=func.crm_now()
    )

    __table_args__ = (
        CheckConstraint(
            "type IN ('regular', 'free', 'donation', 'gift', 'prepaid', 'upgrade', 'special')", name="type"
        ),
        CheckConstraint(
            "internal_status IN ('unknown', 'before_start', 'active', 'after_end')", name="internal_status"
        ),
        CheckConstraint("end_time >= start_time", name="period"),
        Index("ix_subscriptions_user_id", "user_id", "end_time"),
        Index("ix_subscriptions_subscription_type_id", "subscription_type_id", "internal_status"),
        # lists: the one that ends last first
        Index("ix_subscriptions_end", "end_time", "id", postgresql_include=["user_id", "start_time"]),
        Index(
            "ix_subscriptions_last", "end_time", "id", postgresql_where=text("next_subscription_id IS NULL")
        ),
        Index("ix_subscriptions_type_end", "subscription_type_id", "end_time", "id"),
        Index("ix_subscriptions_status_end", "internal_status", "end_time", "id"),
        Index("ix_subscriptions_once_end", "end_time", "id", postgresql_where=text("NOT is_recurrent")),
        # what the worker has to move on: not begun yet, or running
        Index(
            "ix_subscriptions_to_start",
            "start_time",
            postgresql_where=text("internal_status IN ('unknown', 'before_start')"),
        ),
        Index(
            "ix_subscriptions_to_end",
            "end_time",
            postgresql_where=text("internal_status IN ('unknown', 'before_start', 'active')"),
        ),
    )
