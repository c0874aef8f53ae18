"""Tables of people: users, their phone numbers, how they sign in, tokens of other systems, the audit log.

Source: behaviour.md 3.1, 3.5 and 3.7; times are timestamptz, `email` may be NULL.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Computed,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from crm.core.db import Base
from crm.users.unmarked import MARKED, PLAIN

NOW = text("crm_now()")
NO_PASSWORD = "!"  # noqa: S105 - a hash that nothing verifies against


SEARCH_TEXT = f"""translate(lower(
    public_name || chr(10) || coalesce(first_name, '') || ' ' || coalesce(last_name, '')
    || chr(10) || coalesce(email, '')
), '{MARKED}', '{PLAIN}')"""


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
    locale: Mapped[str | None] = mapped_column(Text)  # `sk_SK`; NULL until the person has chosen
    is_institution: Mapped[bool] = mapped_column(server_default=text("false"))
    institution_name: Mapped[str | None] = mapped_column(Text)
    supporter: Mapped[bool] = mapped_column(server_default=text("false"))
    source: Mapped[str] = mapped_column(Text, server_default="unknown", index=True)
    registration_channel: Mapped[str] = mapped_column(Text, server_default="crm")
    referer: Mapped[str | None] = mapped_column(Text)
    disable_auto_invoice: Mapped[bool] = mapped_column(server_default=text("false"))
    deleted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    external_id: Mapped[str | None] = mapped_column(Text)  # its id in the system that it was imported from
    import_id: Mapped[int | None] = mapped_column(BigInteger)  # opaque here: which import brought it
    # Names and e-mail, one a line, as people look for them: a search reads nothing else of a person.
    search_text: Mapped[str] = mapped_column(Text, Computed(SEARCH_TEXT, persisted=True), deferred=True)

    __table_args__ = (
        CheckConstraint("role IN ('customer', 'support', 'editor', 'billing', 'admin')", name="role"),
        Index("uq_users_email", func.lower(email), unique=True),
        Index(
            "uq_users_external_id",
            "external_id",
            unique=True,
            postgresql_where=text("external_id IS NOT NULL"),
        ),
    )


class UserMeta(Base):
    """A remark of one of the publisher's systems about a person, by key."""

    __tablename__ = "user_meta"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    key: Mapped[str] = mapped_column(Text, index=True)
    value: Mapped[str] = mapped_column(Text)
    is_public: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=NOW)
    updated_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=NOW, onupdate=func.crm_now()
    )

    __table_args__ = (UniqueConstraint("user_id", "key"),)


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


LOCAL_FORM = "CASE WHEN number LIKE '+421%' THEN '0' || substr(number, 5) END"


class KnownNumber(Base):
    """A number that wrote to us, was written to or belongs to somebody, as the gateway writes it: +421908123456."""

    __tablename__ = "known_numbers"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    number: Mapped[str] = mapped_column(Text, unique=True)
    reversed: Mapped[str] = mapped_column(Text, Computed("reverse(number)", persisted=True))
    local: Mapped[str | None] = mapped_column(Text, Computed(LOCAL_FORM, persisted=True))  # a Slovak one's
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=NOW)

    __table_args__ = (
        Index("ix_known_numbers_reversed", "reversed", postgresql_ops={"reversed": "text_pattern_ops"}),
        Index("ix_known_numbers_newest", "created_at", "id"),
    )


class PhoneLink(Base):
    """That a number belonged to a person for a time; `until` is None while it does. Never removed."""

    __tablename__ = "phone_number_links"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    phone_number: Mapped[str] = mapped_column(Text)  # local, as in mobiletech_phone_numbers
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    since: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=NOW)
    until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    linked_by: Mapped[str] = mapped_column(Text, server_default="")
    link_reason: Mapped[str] = mapped_column(Text, server_default="")
    unlinked_by: Mapped[str] = mapped_column(Text, server_default="")
    unlink_reason: Mapped[str] = mapped_column(Text, server_default="")

    __table_args__ = (
        Index("ix_phone_number_links_phone_number", "phone_number", "id"),
        Index(
            "uq_phone_number_links_open",
            "phone_number",
            unique=True,
            postgresql_where=text("until IS NULL"),
        ),
        Index(
            "uq_phone_number_links_open_user_id",
            "user_id",
            unique=True,
            postgresql_where=text("until IS NULL"),
        ),
    )


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


class AccessToken(Base):
    """A sign-in that lasts: a browser's session, or a person's token for the API. Ended, it stays as history."""

    __tablename__ = "access_tokens"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    token_sha256: Mapped[str] = mapped_column(Text, unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    kind: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)  # how it began: web, code, api, api+shop
    remembered: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=NOW)
    last_used_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=NOW)
    valid_until: Mapped[datetime] = mapped_column(DateTime(timezone=True))  # whatever is used meanwhile
    confirmed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))  # the password, again
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    end_reason: Mapped[str | None] = mapped_column(Text)
    ip: Mapped[str] = mapped_column(Text, server_default="")
    user_agent: Mapped[str] = mapped_column(Text, server_default="")

    __table_args__ = (
        CheckConstraint("kind IN ('web', 'api')", name="kind"),
        Index("ix_access_tokens_user_id_created_at", "user_id", "created_at"),
    )


class LoginAttempt(Base):
    """One try to sign in; `email` is what was typed, masked. `identity` and `place` are what limits count by."""

    __tablename__ = "login_attempts"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    user_id: Mapped[int | None] = mapped_column(BigInteger)  # no foreign key: the log outlives the person
    email: Mapped[str] = mapped_column(Text)
    identity: Mapped[str | None] = mapped_column(Text)  # keyed hash of the name that was tried
    place: Mapped[str | None] = mapped_column(Text)  # the address, or the network of an IPv6 one
    device_sha256: Mapped[str | None] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    message: Mapped[str | None] = mapped_column(Text)
    ip: Mapped[str] = mapped_column(Text)
    user_agent: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=NOW)

    __table_args__ = (
        Index("ix_login_attempts_identity_created_at", "identity", "created_at"),
        Index("ix_login_attempts_place_created_at", "place", "created_at"),
        Index("ix_login_attempts_user_id_created_at", "user_id", "created_at"),
        Index("ix_login_attempts_created_at_status", "created_at", "status"),
    )


class OneTimeCode(Base):
    """A code by SMS that proves a number is in hand; the code itself is kept only as a keyed hash."""

    __tablename__ = "one_time_codes"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    purpose: Mapped[str] = mapped_column(Text)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    phone_number: Mapped[str | None] = mapped_column(Text)  # local form; NULL: nobody to send it to
    identity: Mapped[str] = mapped_column(Text)  # keyed hash of what was asked for, known or not
    place: Mapped[str] = mapped_column(Text)
    code_hash: Mapped[str | None] = mapped_column(Text)  # set by the worker that sends it
    tries: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=NOW)
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    __table_args__ = (
        CheckConstraint("purpose IN ('sign_in', 'phone')", name="purpose"),
        Index("ix_one_time_codes_identity_created_at", "identity", "created_at"),
        Index("ix_one_time_codes_place_created_at", "place", "created_at"),
        Index("ix_one_time_codes_phone_number_created_at", "phone_number", "created_at"),
    )


class AuditEntry(Base):
    """An act of staff, as it was: the table refuses to be changed (a trigger, see the migration)."""

    __tablename__ = "audit_log"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=NOW)
    actor_id: Mapped[int | None] = mapped_column(BigInteger)  # NULL: a command, or a token
    actor: Mapped[str] = mapped_column(Text)
    action: Mapped[str] = mapped_column(Text)  # user.create, template.save
    subject: Mapped[str] = mapped_column(Text)  # user 17, template pong
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    after: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    reason: Mapped[str] = mapped_column(Text, server_default="")
    ip: Mapped[str] = mapped_column(Text, server_default="")
    request_id: Mapped[str] = mapped_column(Text, server_default="")

    __table_args__ = (
        Index("ix_audit_log_newest", "created_at", "id"),
        Index("ix_audit_log_subject", "subject", "id"),
        Index("ix_audit_log_actor_id", "actor_id", "id"),
    )
