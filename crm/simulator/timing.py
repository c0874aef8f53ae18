"""What time it is at the gateway, how long it waits, and how often it tries."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

LONGEST_REPEAT_SECONDS = 900.0


def gateway_now() -> datetime:
    """Return the gateway's time, aware, in UTC; it is another company's clock than the CRM's."""
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class Timing:
    """Delays of the gateway, in seconds.

    Assumed: what was not answered 200 is repeated after a minute, as another Slovak gateway documents;
    then after twice as long each time, up to a quarter of an hour.
    """

    first_status: float = 0.5  # from taking an SMS to the first report on it
    next_status: float = 0.5  # from one report to the next
    late_status: float = 120.0  # the same as `first_status`, for the fate "late"
    repeat: float = 60.0
    tries: int = 10  # of one webhook call; then it is given up
    drip: float = 0.4  # between two bytes of a slow answer
    silence: float = 60.0  # how long a call without an answer is held

    def repeat_after(self, tries: int) -> timedelta:
        """Say how long to wait after so many tries that failed."""
        return timedelta(
            seconds=min(self.repeat * 2 ** (tries - 1), max(self.repeat, LONGEST_REPEAT_SECONDS))
        )
