"""What the money does when a reader asks to stop: declared here, filled from above (`crm.wiring`)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from crm.mobiletech.models import InboundMessage


@dataclass(frozen=True, slots=True, kw_only=True)
class StopCase:
    """An SMS that asks to stop, or nearly; without a keyword everything of its number is meant."""

    message: InboundMessage
    keyword: str | None
    because: str


StopHandler = Callable[[Session, Sequence[StopCase]], None]


class MoneyActions:
    """What is done about the charges, in the transaction that decides about the SMS.

    Both may be called again for the same SMS, so they ask first whether it is done. `on_stop` also gets an
    operator's repeat; `on_near_stop` does not, for somebody may have looked at the first one already.
    """

    def __init__(self) -> None:
        self.on_stop: StopHandler | None = None
        self.on_near_stop: StopHandler | None = None

    def clear(self) -> None:
        """Forget what was filled in."""
        self.on_stop = self.on_near_stop = None


money_actions = MoneyActions()
