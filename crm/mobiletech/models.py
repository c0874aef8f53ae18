"""Tables of messages: what came, what goes, what was reported, what was not sent and why.

Source: behaviour.md 3.2-3.4 with the differences of interface.md 6; states from reliability.md 2.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from crm.core.db import Base

NOW = text("crm_now()")
IX = "ix_mobiletech_outbound_messages"
LIVE = "state NOT IN ('rejected', 'expired', 'cancelled', 'not_sent') AND billing <> 'failed' AND resent_as IS NULL"
UNPROVEN = (
    "payment_id IS NOT NULL AND resent_as IS NULL AND billing = 'none'"
    " AND (state = 'unknown' OR state = 'accepted' AND status IS NOT NULL)"
)


class InboundMessage(Base):
    """An SMS from a reader (MO). The gateway's id is unique: whoever repeats it changes nothing."""

    __tablename__ = "mobiletech_inbound_messages"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    mobiletech_id: Mapped[str] = mapped_column(Text, unique=True)
    serv_id: Mapped[str] = mapped_column(Text)
    project_id: Mapped[str] = mapped_column(Text)
    from_: Mapped[str] = mapped_column("from", Text)
    to: Mapped[str] = mapped_column(Text)
    content: Mapped[str] = mapped_column(Text)
    content_coding: Mapped[str] = mapped_column(Text)
    dcs: Mapped[str] = mapped_column(Text)
    esm: Mapped[str] = mapped_column(Text)
    operator_type: Mapped[str] = mapped_column(Text)
    receive_date: Mapped[datetime] = mapped_column(DateTime(timezone=True))  # ours when theirs is impossible
    receive_date_raw: Mapped[str] = mapped_column(Text)
    problems: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    raw: Mapped[bytes | None] = mapped_column(LargeBinary)
    body_sha256: Mapped[bytes | None] = mapped_column(LargeBinary)
    duplicate_of: Mapped[int | None] = mapped_column(ForeignKey("mobiletech_inbound_messages.id"))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    external_id: Mapped[str | None] = mapped_column(Text)  # its id in the system that it was imported from
    import_id: Mapped[int | None] = mapped_column(BigInteger)  # opaque here: which import brought it
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=NOW)
    updated_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=NOW, onupdate=func.crm_now()
    )

    __table_args__ = (
        Index("ix_mobiletech_inbound_messages_newest", "created_at", "id"),
        Index("ix_mobiletech_inbound_messages_from", "from", "created_at"),
        Index(
            "uq_mobiletech_inbound_messages_external_id",
            "external_id",
            unique=True,
            postgresql_where=text("external_id IS NOT NULL"),
        ),
    )


class SmsTemplate(Base):
    """The words of an SMS; `content` is that of the current version."""

    __tablename__ = "mobiletech_templates"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    code: Mapped[str] = mapped_column(Text, unique=True)
    content: Mapped[str] = mapped_column(Text)  # Slovak
    content_en: Mapped[str | None] = mapped_column(Text)  # for who reads English; None: the Slovak one
    purpose: Mapped[str] = mapped_column(Text, server_default="service")
    version: Mapped[int] = mapped_column(Integer)
    external_id: Mapped[str | None] = mapped_column(Text)  # its id in the system that it was imported from
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=NOW)
    updated_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=NOW, onupdate=func.crm_now()
    )

    __table_args__ = (
        CheckConstraint("purpose IN ('service', 'paid')", name="purpose"),
        Index(
            "uq_mobiletech_templates_external_id",
            "external_id",
            unique=True,
            postgresql_where=text("external_id IS NOT NULL"),
        ),
    )


class SmsTemplateVersion(Base):
    """One saved state of a template: never changed, so that what was sent can be read years later."""

    __tablename__ = "mobiletech_template_versions"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    template_id: Mapped[int] = mapped_column(ForeignKey("mobiletech_templates.id"))
    version: Mapped[int] = mapped_column(Integer)
    content: Mapped[str] = mapped_column(Text)
    content_en: Mapped[str | None] = mapped_column(Text)
    purpose: Mapped[str] = mapped_column(Text)
    parameters: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)  # [{"name": ..., "required": ...}]
    author_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    reason: Mapped[str] = mapped_column(Text, server_default="")
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=NOW)

    __table_args__ = (
        UniqueConstraint("template_id", "version"),
        CheckConstraint("purpose IN ('service', 'paid')", name="purpose"),
    )


class OutboundMessage(Base):
    """An SMS from us (MT), from the wish to the proof. `billkey` decides whether it charges the reader."""

    __tablename__ = "mobiletech_outbound_messages"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    key: Mapped[str | None] = mapped_column(Text, unique=True)  # names the cause: it makes one message
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    mobiletech_id: Mapped[str | None] = mapped_column(Text, unique=True)
    payment_id: Mapped[int | None] = mapped_column(BigInteger, index=True)  # opaque here, read above
    mobiletech_template_id: Mapped[int | None] = mapped_column(ForeignKey("mobiletech_templates.id"))
    template_version: Mapped[int | None] = mapped_column(Integer)
    params: Mapped[dict[str, Any] | None] = mapped_column(JSONB)  # what the template was filled with
    language: Mapped[str | None] = mapped_column(Text)  # of the text; None: Slovak
    status: Mapped[str | None] = mapped_column(Text)  # raw code of the strongest report so far
    billing: Mapped[str] = mapped_column(Text, server_default="none")
    conflict: Mapped[bool] = mapped_column(server_default=text("false"))
    state: Mapped[str] = mapped_column(Text, server_default="queued")
    state_reason: Mapped[str | None] = mapped_column(Text)
    purpose: Mapped[str] = mapped_column(Text)
    paid: Mapped[bool] = mapped_column()
    serv_id: Mapped[str] = mapped_column(Text)
    project_id: Mapped[str | None] = mapped_column(Text)
    rcv_msg_id: Mapped[str | None] = mapped_column(
        ForeignKey("mobiletech_inbound_messages.mobiletech_id"), index=True
    )
    from_: Mapped[str] = mapped_column("from", Text)
    to: Mapped[str] = mapped_column(Text)
    billmsisdn: Mapped[str | None] = mapped_column(Text)
    billkey: Mapped[str] = mapped_column(Text)
    content: Mapped[str] = mapped_column(Text)
    is_secret: Mapped[bool] = mapped_column(server_default=text("false"))  # a code: blanked once it is sent
    content_length: Mapped[int] = mapped_column(Integer)  # characters of `content`
    encoding: Mapped[str] = mapped_column(Text)
    parts: Mapped[int] = mapped_column(SmallInteger)
    dcs: Mapped[str | None] = mapped_column(Text)
    esm: Mapped[str | None] = mapped_column(Text)
    expiration: Mapped[int] = mapped_column(Integer)
    operator_type: Mapped[str] = mapped_column(Text)
    context: Mapped[str | None] = mapped_column(Text)
    charges_for: Mapped[str | None] = mapped_column(Text)  # what is charged once only: a period of a renewal
    resent_as: Mapped[int | None] = mapped_column(BigInteger)  # the copy of one that a ported number missed
    released_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))  # a person let it go
    given_up_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))  # bars no other charge
    attempts: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    sending_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    sent_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    external_id: Mapped[str | None] = mapped_column(Text)  # its id in the system that it was imported from
    import_id: Mapped[int | None] = mapped_column(BigInteger)  # opaque here: which import brought it
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=NOW)
    updated_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=NOW, onupdate=func.crm_now()
    )

    __table_args__ = (
        CheckConstraint(
            "state IN ('queued', 'sending', 'accepted', 'rejected', 'unknown', 'held', 'expired',"
            " 'cancelled', 'not_sent')",
            name="state",
        ),
        CheckConstraint("billing IN ('none', 'failed', 'billed')", name="billing"),
        CheckConstraint("purpose IN ('service', 'paid', 'test')", name="purpose"),
        CheckConstraint("encoding IN ('gsm7', 'ucs2')", name="encoding"),
        Index("ix_mobiletech_outbound_messages_newest", "created_at", "id"),
        Index("ix_mobiletech_outbound_messages_state_newest", "state", "billing", "created_at", "id"),
        Index("ix_mobiletech_outbound_messages_to", "to", "id"),
        Index(
            "uq_mobiletech_outbound_messages_external_id",
            "external_id",
            unique=True,
            postgresql_where=text("external_id IS NOT NULL"),
        ),
        Index("ix_mobiletech_outbound_messages_sending", "to", postgresql_where=text("state = 'sending'")),
        Index("ix_mobiletech_outbound_messages_template", "mobiletech_template_id", "created_at", "id"),
        Index("ix_mobiletech_outbound_messages_billkey", "billkey", "created_at", "id"),
        Index("ix_mobiletech_outbound_messages_conflict", "id", postgresql_where=text("conflict")),
        Index(f"{IX}_failed", "status", "created_at", "id", postgresql_where=text("billing = 'failed'")),
        Index(
            "ix_mobiletech_outbound_messages_unanswered",
            "sent_at",
            postgresql_where=text("state = 'accepted' AND billing = 'none' AND payment_id IS NOT NULL"),
        ),
        Index(f"{IX}_charges_for", "charges_for", postgresql_where=text("charges_for IS NOT NULL")),
        Index("ix_mobiletech_outbound_messages_unproven", "id", postgresql_where=text(UNPROVEN)),
        Index("ix_mobiletech_outbound_messages_paid", "to", "created_at", postgresql_where=text("paid")),
        Index(
            "uq_mobiletech_outbound_messages_live_payment",
            "payment_id",
            unique=True,
            postgresql_where=text(f"payment_id IS NOT NULL AND {LIVE}"),
        ),
    )


class SendAttempt(Base):
    """One try to hand a message to the gateway and what came of it."""

    __tablename__ = "mobiletech_send_attempts"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    outbound_message_id: Mapped[int] = mapped_column(
        ForeignKey("mobiletech_outbound_messages.id"), index=True
    )
    outcome: Mapped[str] = mapped_column(Text)
    detail: Mapped[str] = mapped_column(Text)
    http_status: Mapped[int | None] = mapped_column(Integer)
    reply: Mapped[str | None] = mapped_column(Text)  # beginning of the gateway's answer
    took_ms: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=NOW)

    __table_args__ = (
        CheckConstraint("outcome IN ('accepted', 'rejected', 'not_sent', 'unknown')", name="outcome"),
    )


class StatusReport(Base):
    """A delivery report, kept whether or not we know its message; never changed, never removed."""

    __tablename__ = "mobiletech_status_log"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    mobiletech_id: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text)
    raw: Mapped[bytes | None] = mapped_column(LargeBinary)
    received_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=NOW)
    applied_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    __table_args__ = (
        UniqueConstraint("mobiletech_id", "status"),
        Index("ix_mobiletech_status_log_waiting", "id", postgresql_where=text("applied_at IS NULL")),
        Index(
            "ix_mobiletech_status_log_ported",
            "mobiletech_id",
            postgresql_where=text("status = '_OPERATOR_CHANGE'"),
        ),
        Index(
            "ix_mobiletech_status_log_strange",
            "received_at",
            postgresql_where=text("status !~ '^[AD][0-9]{1,5}$' AND status <> '_OPERATOR_CHANGE'"),
        ),
    )


class NotSent(Base):
    """An SMS that was wanted and not made, with the reason: a silent "not sent" is a lost customer."""

    __tablename__ = "mobiletech_not_sent"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    reason: Mapped[str] = mapped_column(Text)
    detail: Mapped[str] = mapped_column(Text)
    template_code: Mapped[str | None] = mapped_column(Text)
    to: Mapped[str | None] = mapped_column(Text)
    billkey: Mapped[str | None] = mapped_column(Text)
    context: Mapped[str | None] = mapped_column(Text)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    inbound_message_id: Mapped[int | None] = mapped_column(
        ForeignKey("mobiletech_inbound_messages.id"), index=True
    )
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=NOW)

    __table_args__ = (
        Index("ix_mobiletech_not_sent_newest", "created_at", "id"),
        Index("ix_mobiletech_not_sent_to", "to", "created_at"),
    )
