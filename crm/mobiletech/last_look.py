"""Whether a paid SMS may still go, asked right before it does: a STOP or a report may have come since it was queued.

The money above answers; wiring.py fills the port. Without it nothing is known that forbids a send.
"""

from collections.abc import Callable, Mapping, Sequence

from sqlalchemy.orm import Session

# payments -> why the SMS of those must not go any more that may not
Look = Callable[[Session, Sequence[int]], Mapping[int, str]]


class LastLook:
    """Holds whoever knows about payments."""

    def __init__(self) -> None:
        self.look: Look = lambda _session, _payment_ids: {}


last_look = LastLook()
