"""What may be asked of the log of messages, and where a row of it stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum

from crm.mobiletech.wire.operators import Operator
from crm.mobiletech.wishes import Reason
from crm.mobiletech.words import MessageState

NONE = "-"  # of a template, a key, an operator or a code: messages that have none


class Kind(IntEnum):
    """Which table a row is from; of rows of one moment the higher kind is listed first."""

    INBOUND = 1
    NOT_SENT = 2
    OUTBOUND = 3


class Direction(StrEnum):
    """From a reader, or to one (sent or not)."""

    IN = "in"
    OUT = "out"


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """Where a row stands: later is newer."""

    at: datetime
    kind: int
    id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a search has found: all messages of some numbers, and single messages."""

    numbers: tuple[str, ...] = ()
    messages: tuple[Position, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFilter:
    """What to list; None is "any", NONE is "without one". `since` is the first moment, `until` the first one after.

    `version` is one of the `template`'s. `code` is the strongest report so far. `number` as the gateway writes it.
    """

    direction: Direction | None = None
    state: MessageState | None = None
    reason: Reason | None = None
    template: str | None = None
    version: int | None = None
    billkey: str | None = None
    operator: Operator | str | None = None
    code: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    number: str | None = None
    found: Found | None = None

    @property
    def is_gathered(self) -> bool:
        """Whether few messages are meant, that are gathered first and put in order then."""
        return self.number is not None or self.found is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPage:
    """One page, newest first. `is_cut`: the search stopped at `older`, and nothing is known beyond it."""

    positions: Sequence[Position]
    newer: Position | None
    older: Position | None
    is_cut: bool = False
