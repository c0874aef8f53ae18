"""Fakes that we wrote ourselves, where the outside world begins."""

from collections import deque
from itertools import count

from crm.mobiletech.client import Outcome, OutcomeKind
from crm.mobiletech.wire.commands import Send


class FakeGateway:
    """A gateway client that answers from a script (accepted when it is empty) and remembers each message."""

    def __init__(self) -> None:
        self.sent: list[Send] = []
        self.script: deque[Outcome] = deque()
        self._ids = count(1)

    def will(self, *outcomes: Outcome) -> None:
        """Answer the next messages so."""
        self.script.extend(outcomes)

    def send(self, message: Send, *, url: str, paid: bool) -> Outcome:
        """Remember the message and answer."""
        self.sent.append(message)
        return self.script.popleft() if self.script else accepted(f"mt-{next(self._ids)}")


def accepted(mobiletech_id: str, *statuses: str) -> Outcome:
    """The gateway took it."""
    return Outcome(
        kind=OutcomeKind.ACCEPTED,
        detail="taken",
        mobiletech_id=mobiletech_id,
        http_status=200,
        statuses=statuses,
    )


def rejected(reason: str = "unknown key") -> Outcome:
    """The gateway refused it."""
    return Outcome(kind=OutcomeKind.REJECTED, detail=reason, http_status=200)


def not_connected() -> Outcome:
    """The connection was never made."""
    return Outcome(kind=OutcomeKind.NOT_SENT, detail="connection refused")


def ambiguous() -> Outcome:
    """Nobody knows what became of it."""
    return Outcome(kind=OutcomeKind.UNKNOWN, detail="no whole reply within 15 seconds")
