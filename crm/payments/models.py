"""Tables of payments and of renewals. Source: behaviour.md 3.8-3.11, reliability.md 2.

Foreign keys go down and to people only; what a payment means over the wire (its SMS) is known above.
"""

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
OPEN = "state IN ('active', 'pending')"
# What the pages list, each in its order (renewal_list.py).
REFUSED = "state = 'active' AND gateway_fails > 0"
PAUSED = f"{OPEN} AND paused_at IS NOT NULL"
RECOVERED = "state = 'charged' AND attempt > 0"
STOPPED = "state IN ('user_stop', 'admin_stop', 'system_stop')"


class PaymentGateway(Base):
    """A way to pay that was ever used; what it does is code (gateways.py)."""

    __tablename__ = "payment_gateways"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    code: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[str] = mapped_column(Text)
    visible: Mapped[bool] = mapped_column(server_default=text("true"))
    sorting: Mapped[int] = mapped_column(Integer, server_default=text("10"))
    is_recurrent: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=NOW)
    modified_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=NOW, onupdate=func.crm_now()
    )


class Payment(Base):
    """One amount that somebody pays once. `key` names its cause: a cause seen twice makes one payment."""

    __tablename__ = "payments"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    key: Mapped[str | None] = mapped_column(Text, unique=True)
    variable_symbol: Mapped[str] = mapped_column(Text, unique=True)
    amount: Mapped[Decimal] = mapped_column(Numeric(10, 2))
    currency: Mapped[str] = mapped_column(Text, server_default="EUR")
    additional_amount: Mapped[Decimal] = mapped_column(Numeric(10, 2), server_default=text("0"))
    additional_type: Mapped[str | None] = mapped_column(Text)
    payment_gateway_id: Mapped[int] = mapped_column(ForeignKey("payment_gateways.id"))
    subscription_id: Mapped[int | None] = mapped_column(ForeignKey("subscriptions.id"), unique=True)
    subscription_type_id: Mapped[int | None] = mapped_column(ForeignKey("subscription_types.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    status: Mapped[str] = mapped_column(Text, server_default="form")
    error_message: Mapped[str | None] = mapped_column(Text)  # why it failed, in words
    failure: Mapped[str | None] = mapped_column(Text)  # why it failed, as a class
    referer: Mapped[str | None] = mapped_column(Text)
    paid_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    note: Mapped[str | None] = mapped_column(Text)
    ip: Mapped[str] = mapped_column(Text, server_default="cli")
    user_agent: Mapped[str] = mapped_column(Text, server_default="")
    subscription_start_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    subscription_end_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    recurrent_charge: Mapped[bool] = mapped_column(server_default=text("false"))  # made by the charger
    external_id: Mapped[str | None] = mapped_column(Text)  # its id in the system that it was imported from
    import_id: Mapped[int | None] = mapped_column(BigInteger)  # opaque here: which import brought it
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=NOW)
    modified_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=NOW, onupdate=func.crm_now()
    )

    __table_args__ = (
        CheckConstraint(
            "status IN ('form', 'paid', 'fail', 'timeout', 'refund', 'imported', 'prepaid', 'authorized')",
            name="status",
        ),
        CheckConstraint("amount > 0 AND additional_amount >= 0", name="amount"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
        CheckConstraint("status NOT IN ('paid', 'refund') OR paid_at IS NOT NULL", name="paid_at"),
        CheckConstraint(
            "failure IN ('no_credit', 'blocked', 'limit', 'ported', 'technical', 'no_answer', 'ours', 'person')",
            name="failure",
        ),
        CheckConstraint("additional_type IN ('single', 'recurrent')", name="additional_type"),
        Index("ix_payments_newest", "created_at", "id"),
        Index("ix_payments_user_id", "user_id", "id"),
        Index("ix_payments_status_newest", "status", "created_at", "id"),
        Index("ix_payments_subscription_type_id", "subscription_type_id", "created_at", "id"),
        Index("ix_payments_paid_at", "paid_at", "id", postgresql_where=text("paid_at IS NOT NULL")),
        Index("ix_payments_refunded", "paid_at", postgresql_where=text("status = 'refund'")),
        Index("ix_payments_open", "id", postgresql_where=text("status = 'form'")),
        Index("ix_payments_recurrent_charge", "recurrent_charge", "created_at", "id"),
        Index("ix_payments_gateway", "payment_gateway_id", "created_at", "id"),
        Index(
            "ix_payments_failure", "failure", "created_at", "id", postgresql_where=text("failure IS NOT NULL")
        ),
        Index("ix_payments_amount", "amount"),
        Index(
            "uq_payments_external_id",
            "external_id",
            unique=True,
            postgresql_where=text("external_id IS NOT NULL"),
        ),
    )


class PaymentMeta(Base):
    """More about a payment, by key, for its gateway."""

    __tablename__ = "payment_meta"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    payment_id: Mapped[int] = mapped_column(ForeignKey("payments.id"))
    key: Mapped[str] = mapped_column(Text)
    value: Mapped[str] = mapped_column(Text)

    __table_args__ = (UniqueConstraint("payment_id", "key"),)


class PaymentItem(Base):
    """What a payment is for; the amounts of its items, times their counts, sum up to the payment's."""

    __tablename__ = "payment_items"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    payment_id: Mapped[int] = mapped_column(ForeignKey("payments.id"), index=True)
    type: Mapped[str] = mapped_column(Text, server_default="subscription_type")
    subscription_type_id: Mapped[int | None] = mapped_column(ForeignKey("subscription_types.id"))
    subscription_type_item_id: Mapped[int | None] = mapped_column(ForeignKey("subscription_type_items.id"))
    name: Mapped[str] = mapped_column(Text)
    count: Mapped[int] = mapped_column(Integer, server_default=text("1"))
    amount: Mapped[Decimal] = mapped_column(Numeric(10, 2))  # with VAT
    amount_without_vat: Mapped[Decimal] = mapped_column(Numeric(10, 2))
    vat: Mapped[Decimal] = mapped_column(Numeric(5, 2))  # percent
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=NOW)
    updated_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=NOW, onupdate=func.crm_now()
    )

    __table_args__ = (CheckConstraint("count > 0 AND amount >= 0", name="amount"),)


class PaymentMethod(Base):
    """By what a person pays again without being asked: the gateway and its token."""

    __tablename__ = "payment_methods"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    payment_gateway_id: Mapped[int] = mapped_column(ForeignKey("payment_gateways.id"))
    external_token: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=NOW)
    updated_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=NOW, onupdate=func.crm_now()
    )

    __table_args__ = (
        UniqueConstraint("user_id", "payment_gateway_id", "external_token"),
        Index("ix_payment_methods_external_token", "external_token"),
    )


class PaymentLog(Base):
    """What a gateway said about a payment, each time; never changed."""

    __tablename__ = "payment_logs"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    payment_id: Mapped[int | None] = mapped_column(ForeignKey("payments.id"), index=True)
    status: Mapped[str] = mapped_column(Text)
    message: Mapped[str] = mapped_column(Text)
    source_url: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=NOW)

    __table_args__ = (CheckConstraint("status IN ('OK', 'ERROR')", name="status"),)


class RecurrentPayment(Base):
    """One charge to come, or one that was tried. All rows of one payment method are a chain, one of them open.

    `attempt` counts the tries of a period from 0; `retries` are those that are left.
    """

    __tablename__ = "recurrent_payments"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    cid: Mapped[str] = mapped_column(Text, index=True)  # the token of the payment method
    payment_method_id: Mapped[int] = mapped_column(ForeignKey("payment_methods.id"), index=True)
    payment_gateway_id: Mapped[int] = mapped_column(ForeignKey("payment_gateways.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    subscription_type_id: Mapped[int] = mapped_column(ForeignKey("subscription_types.id"))
    next_subscription_type_id: Mapped[int | None] = mapped_column(ForeignKey("subscription_types.id"))
    parent_payment_id: Mapped[int] = mapped_column(ForeignKey("payments.id"))  # which made this row
    period_payment_id: Mapped[int] = mapped_column(ForeignKey("payments.id"))  # paid: the period that ends
    payment_id: Mapped[int | None] = mapped_column(ForeignKey("payments.id"), unique=True)  # of this try
    charge_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    expires_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    attempt: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    retries: Mapped[int] = mapped_column(SmallInteger)
    gateway_fails: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))  # of ours, in a row
    state: Mapped[str] = mapped_column(Text, server_default="active")
    status: Mapped[str | None] = mapped_column(Text)  # the gateway's code of this try
    approval: Mapped[str | None] = mapped_column(Text)  # what it means
    failure: Mapped[str | None] = mapped_column(Text)
    custom_amount: Mapped[Decimal | None] = mapped_column(Numeric(10, 2))
    note: Mapped[str | None] = mapped_column(Text)
    # A stop that came while the charge was on its way: what the row after this one becomes.
    stop_wanted: Mapped[str | None] = mapped_column(Text)
    paused_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))  # waits for a person
    pause_reason: Mapped[str | None] = mapped_column(Text)
    noticed_at: Mapped[datetime | None] = mapped_column(
        DateTime(timezone=True)
    )  # told, or why not in `notice`
    notice: Mapped[str | None] = mapped_column(Text)
    external_id: Mapped[str | None] = mapped_column(Text)  # its id in the system that it was imported from
    import_id: Mapped[int | None] = mapped_column(BigInteger)  # opaque here: which import brought it
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=NOW, index=True)
    updated_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=NOW, onupdate=func.crm_now()
    )

    __table_args__ = (
        UniqueConstraint("parent_payment_id", "attempt"),
        CheckConstraint(
            "state IN ('active', 'pending', 'charged', 'charge_failed', 'user_stop', 'admin_stop', 'system_stop')",
            name="state",
        ),
        CheckConstraint("stop_wanted IN ('user_stop', 'admin_stop')", name="stop_wanted"),
        CheckConstraint("state = 'pending' OR stop_wanted IS NULL", name="stop_wanted_pending"),
        CheckConstraint("state NOT IN ('pending', 'charged') OR payment_id IS NOT NULL", name="payment"),
        CheckConstraint("retries >= 0 AND attempt >= 0 AND gateway_fails >= 0", name="counts"),
        CheckConstraint("custom_amount > 0", name="custom_amount"),
        CheckConstraint(
            "failure IN ('no_credit', 'blocked', 'limit', 'ported', 'technical', 'no_answer', 'ours', 'person')",
            name="failure",
        ),
        Index("uq_recurrent_payments_open", "payment_method_id", unique=True, postgresql_where=text(OPEN)),
        Index("ix_recurrent_payments_due", "charge_at", "id", postgresql_where=text("state = 'active'")),
        Index(
            "ix_recurrent_payments_to_notice",
            "charge_at",
            postgresql_where=text("state = 'active' AND noticed_at IS NULL AND attempt = 0"),
        ),
        Index("ix_recurrent_payments_state", "state", "charge_at", "id"),
        Index(
            "uq_recurrent_payments_external_id",
            "external_id",
            unique=True,
            postgresql_where=text("external_id IS NOT NULL"),
        ),
        Index("ix_recurrent_payments_user_id", "user_id", "id"),
        Index("ix_recurrent_payments_open_user", "user_id", postgresql_where=text(OPEN)),
        Index("ix_recurrent_payments_period", "period_payment_id"),
        Index("ix_recurrent_payments_open_type", "subscription_type_id", postgresql_where=text(OPEN)),
        Index("ix_recurrent_payments_updated", "state", "updated_at", "id"),
        Index("ix_recurrent_payments_type", "subscription_type_id", "id"),
        Index("ix_recurrent_payments_failure", "failure", "id", postgresql_where=text("failure IS NOT NULL")),
        Index("ix_recurrent_payments_refused", "charge_at", "id", postgresql_where=text(REFUSED)),
        Index("ix_recurrent_payments_paused", "paused_at", "id", postgresql_where=text(PAUSED)),
        Index("ix_recurrent_payments_recovered", "updated_at", "id", postgresql_where=text(RECOVERED)),
        Index("ix_recurrent_payments_stopped", "updated_at", "id", postgresql_where=text(STOPPED)),
    )


class ChargingState(Base):
    """Whether renewals are held by a person; one row, and none until somebody held them."""

    __tablename__ = "charging_state"

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    held_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    reason: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)
