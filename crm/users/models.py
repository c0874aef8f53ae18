"""Tables of people: users, their phone numbers, tokens of other systems.

Source: behaviour.md 3.1, 3.5 and 3.7; times are timestamptz, `email` may be NULL.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Text,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from crm.core.db import Base

NOW = text("crm_now()")
NO_PASSWORD = "!"  # noqa: S105 - a hash that nothing verifies against


class User(Base):
    """A person: a reader, or staff by role."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    email: Mapped[str | None] = mapped_column(Text)
    first_name: Mapped[str | None] = mapped_column(Text)
    last_name: Mapped[str | None] = mapped_column(Text)
    public_name: Mapped[str] = mapped_column(Text, index=True)
    password: Mapped[str] = mapped_column(Text, server_default=NO_PASSWORD)
    ext_id: Mapped[int | None] = mapped_column(Integer, index=True)
    uuid: Mapped[UUID] = mapped_column(unique=True, server_default=text("gen_random_uuid()"))
    role: Mapped[str] = mapped_column(Text, server_default="customer")
    active: Mapped[bool] = mapped_column(server_default=text("true"), index=True)
    confirmed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    email_validated_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    current_sign_in_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    current_sign_in_ip: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=NOW, index=True)
    modified_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=NOW, onupdate=func.crm_now()
    )
    invoice: Mapped[bool] = mapped_column(server_default=text("false"))
    note: Mapped[str | None] = mapped_column(Text)
    locale: Mapped[str] = mapped_column(Text, server_default="sk_SK")
    is_institution: Mapped[bool] = mapped_column(server_default=text("false"))
    institution_name: Mapped[str | None] = mapped_column(Text)
    supporter: Mapped[bool] = mapped_column(server_default=text("false"))
    source: Mapped[str] = mapped_column(Text, server_default="unknown", index=True)
    registration_channel: Mapped[str] = mapped_column(Text, server_default="crm")
    referer: Mapped[str | None] = mapped_column(Text)
    disable_auto_invoice: Mapped[bool] = mapped_column(server_default=text("false"))
    deleted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    __table_args__ = (
        CheckConstraint("role IN ('customer', 'support', 'editor', 'billing', 'admin')", name="role"),
        Index("uq_users_email", func.lower(email), unique=True),
    )


class MobilePhone(Base):
    """One number belongs to one person, one person has one number. Stored locally: 0908123456."""

    __tablename__ = "mobiletech_phone_numbers"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    phone_number: Mapped[str] = mapped_column(Text, unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), unique=True)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=NOW)
    updated_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=NOW, onupdate=func.crm_now()
    )

    __table_args__ = (CheckConstraint("phone_number ~ '^09[0-9]{8}$'", name="local_form"),)


class ApiToken(Base):
    """A key of another system: shown once, kept only as its SHA-256."""

    __tablename__ = "api_tokens"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(Text, unique=True)
    token_sha256: Mapped[str] = mapped_column(Text, unique=True)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    networks: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))  # empty: any
    expires_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    revoked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    last_used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=NOW)
