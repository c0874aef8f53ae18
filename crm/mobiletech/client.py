"""The port to the gateway, and what can come of a call: a value, never an exception.

Only what certainly was not sent may be tried again when it charges a person; the rest is `unknown`.
Source: reliability.md 3.
"""

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

from crm.mobiletech.wire.commands import Send

CONNECT_SECONDS = 3.0
READ_SECONDS = 5.0
DEADLINE_SECONDS = 15.0  # for the whole call, whatever drips in
LEASE_SECONDS = 60  # after it a claimed message counts as abandoned
MAX_REPLY_BYTES = 64 * 1024
_DIGITS = re.compile(r"\d{4,}")


class OutcomeKind(StrEnum):
    """What we know after a call."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    NOT_SENT = "not_sent"  # the connection was never made: it may be tried again
    UNKNOWN = "unknown"  # it may have been sent, and billed


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one call; `statuses` are reports that arrived with it (the mock's)."""

    kind: OutcomeKind
    detail: str
    mobiletech_id: str | None = None
    http_status: int | None = None
    reply: str | None = None
    took_ms: int = 0
    statuses: tuple[str, ...] = ()

    def doubted(self, detail: str) -> "Outcome":
        """Return the same call, its outcome unknown for the reason given."""
        return replace(self, kind=OutcomeKind.UNKNOWN, detail=detail, mobiletech_id=None, statuses=())

    def hushed(self) -> "Outcome":
        """Return the same call without what could repeat the text of a secret message: whole reply and digits."""
        return replace(self, reply=None, detail=_DIGITS.sub("***", self.detail))


class GatewayClient(Protocol):
    """Hands one message to the gateway. `url` is where; it may be changed by a person while we run."""

    def send(self, message: Send, *, url: str, paid: bool) -> Outcome:
        """Post the message once and return what came of it; does not raise."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Forwarded:
    """The test gateway's answer, as it came."""

    status: int
    body: bytes
    content_type: str
