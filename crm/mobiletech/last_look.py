"""Whether a paid SMS may still go, asked right before it does: a STOP or a report may have come since it was queued.

The money above answers; wiring.py fills the port. Without it nothing is known that forbids a send.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why an SMS must not go: never any more if it is final, else for now."""

    told: str
    is_final: bool


# payments -> what stands in the way of their SMS; of those that may go, nothing
Look = Callable[[Session, Sequence[int]], Mapping[int, Obstacle]]


class LastLook:
    """Holds whoever knows about payments."""

    def __init__(self) -> None:
        self.look: Look = lambda _session, _payment_ids: {}


last_look = LastLook()
