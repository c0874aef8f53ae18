"""When failed work is tried again, as a table; after the last delay it is kept for a person."""

from datetime import timedelta

DELAYS = (
    timedelta(seconds=10),
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(minutes=30),
    timedelta(hours=1),
    timedelta(hours=3),
)
MAX_ATTEMPTS = len(DELAYS) + 1
MAX_CRASHES = 3


def delay_after(attempts: int) -> timedelta | None:
    """Return how long to wait after the given number of failures, None when it was the last try."""
    return DELAYS[attempts - 1] if attempts < MAX_ATTEMPTS else None
