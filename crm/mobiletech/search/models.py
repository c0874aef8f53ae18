"""The words of the messages of the last three months, for the search."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, Index, SmallInteger
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from crm.core.db import Base


class MessageWords(Base):
    """The folded words of one message, each with its day before it: `20783:STOP`.

    With the day in the word, a search goes from day to day, newest first, and stops when it has enough: a word
    that stands in every message costs no more than a rare one. `crm_words()` makes them, `crm_words_query()` asks.
    """

    __tablename__ = "mobiletech_message_words"

    kind: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)  # message_log.Kind
    message_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    words: Mapped[Any] = mapped_column(TSVECTOR)

    # A search reads the index's list of what is not sorted in yet from end to end, once for each day: a short
    # list makes it ten times as fast as the usual one of 4 MB, and storing words no slower.
    __table_args__ = (
        Index(
            "ix_mobiletech_message_words_words",
            "words",
            postgresql_using="gin",
            postgresql_with={"gin_pending_list_limit": 256},
        ),
        Index("ix_mobiletech_message_words_at", "at", postgresql_using="brin"),
    )
