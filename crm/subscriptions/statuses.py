"""Where a subscription stands in time; kept in its row, so that lists need not ask the clock."""

from datetime import datetime
from enum import StrEnum


class InternalStatus(StrEnum):
    """Where a subscription stands; the worker moves it on. Unknown is what an import brought."""

    UNKNOWN = "unknown"
    BEFORE_START = "before_start"
    ACTIVE = "active"
    AFTER_END = "after_end"


class Kind(StrEnum):
    """How a subscription came about."""

    REGULAR = "regular"
    FREE = "free"
    DONATION = "donation"
    GIFT = "gift"
    PREPAID = "prepaid"
    UPGRADE = "upgrade"
    SPECIAL = "special"


def status_at(now: datetime, start: datetime, end: datetime) -> InternalStatus:
    """Return where a period stands at a moment; its end is the first moment after it."""
    if end <= now:
        return InternalStatus.AFTER_END
    return InternalStatus.ACTIVE if start <= now else InternalStatus.BEFORE_START
