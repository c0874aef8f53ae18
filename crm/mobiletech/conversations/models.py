"""Tables of staff notes, and of readers' messages that wait for a person."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKey, Identity, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from crm.core.db import Base

NOW = text("crm_now()")
OPEN, DONE = text("state = 'open'"), text("state = 'done'")
TAKEN = text("state = 'open' AND assigned_to IS NOT NULL")


class Note(Base):
    """What somebody of the staff wrote about a number; never changed, taken back at most."""

    __tablename__ = "number_notes"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    number_id: Mapped[int] = mapped_column(ForeignKey("known_numbers.id"))
    author_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    content: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=NOW)
    withdrawn_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    __table_args__ = (Index("ix_number_notes_number_id", "number_id", "created_at", "id"),)


class InboxItem(Base):
    """A reader's message that no rule answered, or that a rule gave to a person: open, then done.

    `created_at` is when the reader wrote; the short number is the message's, here so that it is filtered by.
    """

    __tablename__ = "inbox_items"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    inbound_message_id: Mapped[int] = mapped_column(ForeignKey("mobiletech_inbound_messages.id"), unique=True)
    number_id: Mapped[int] = mapped_column(ForeignKey("known_numbers.id"))
    short_number: Mapped[str] = mapped_column(Text, server_default="")
    reason: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text, server_default="open")
    assigned_to: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    done_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    done_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=NOW)

    __table_args__ = (
        CheckConstraint("state IN ('open', 'done')", name="state"),
        CheckConstraint("(state = 'done') = (done_at IS NOT NULL)", name="done"),
        CheckConstraint(
            "reason IN ('unmatched', 'rule', 'stop', 'near_stop', 'looped', 'refused')", name="reason"
        ),
        Index("ix_inbox_items_open_number_id", "number_id", "created_at", "id", postgresql_where=OPEN),
        Index("ix_inbox_items_done_number_id", "number_id", "done_at", "id", postgresql_where=DONE),
        # What is open and what is done, in order, and the same by each filter of the list.
        Index("ix_inbox_items_open", "created_at", "id", postgresql_where=OPEN),
        Index("ix_inbox_items_open_reason", "reason", "created_at", "id", postgresql_where=OPEN),
        Index("ix_inbox_items_open_short_number", "short_number", "created_at", "id", postgresql_where=OPEN),
        Index("ix_inbox_items_open_assigned_to", "assigned_to", "created_at", "id", postgresql_where=TAKEN),
        Index("ix_inbox_items_done", "done_at", "id", postgresql_where=DONE),
        Index("ix_inbox_items_done_reason", "reason", "done_at", "id", postgresql_where=DONE),
        Index("ix_inbox_items_done_short_number", "short_number", "done_at", "id", postgresql_where=DONE),
        Index("ix_inbox_items_done_by", "done_by", "done_at", "id", postgresql_where=DONE),
    )
