"""What the gateway can do with an SMS: every fate is one row of a table.

The first group answers the call well and differs in the reports that follow; the second spoils the call
itself. There the SMS is taken all the same (only "refused" is not), because that is what makes a second
try a double charge; its reports name an id that the caller never learnt.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from crm.core.errors import InvalidInputError

OPERATOR_CHANGE = "_OPERATOR_CHANGE"


class Fate(StrEnum):
    """The name of a fate, as the control API writes it."""

    BILLED_AND_DELIVERED = "billed_and_delivered"
    DELIVERED = "delivered"
    BILLED = "billed"
    NO_CREDIT = "no_credit"
    BLOCKED = "blocked"
    NOT_DELIVERED = "not_delivered"
    PORTED = "ported"
    LATE = "late"
    DUPLICATED = "duplicated"
    CONTRADICTING = "contradicting"
    FAILED_THEN_BILLED = "failed_then_billed"
    BEFORE_REPLY = "before_reply"
    NEVER = "never"
    UNKNOWN_CODE = "unknown_code"
    REFUSED = "refused"
    SERVER_ERROR = "server_error"
    GARBAGE = "garbage"
    NO_ID = "no_id"
    SAME_ID = "same_id"
    REDIRECT = "redirect"
    RESET = "reset"
    CUT = "cut"
    SLOW = "slow"
    HUGE = "huge"
    TIMEOUT = "timeout"


class Reply(StrEnum):
    """How the call is answered; `replies.py` does it."""

    ID = "id"
    OLD_ID = "old_id"
    REFUSAL = "refusal"
    MALFORMED = "malformed"
    SERVER_ERROR = "server_error"
    GARBAGE = "garbage"
    NO_ID = "no_id"
    REDIRECT = "redirect"
    RESET = "reset"
    CUT = "cut"
    SLOW = "slow"
    HUGE = "huge"
    SILENCE = "silence"


class When(StrEnum):
    """When the first report goes out, seen from the answer to the call."""

    BEFORE_REPLY = "before_reply"
    SOON = "soon"
    LATE = "late"


@dataclass(frozen=True, kw_only=True, slots=True)
class Script:
    """One row: `codes` are the statuses that are reported, in their order."""

    label: str
    codes: tuple[str, ...] = ()
    when: When = When.SOON
    reply: Reply = Reply.ID

    @property
    def is_accepted(self) -> bool:
        """Whether the gateway sends the SMS, whatever it answers."""
        return self.reply is not Reply.REFUSAL

    @property
    def spoils_the_call(self) -> bool:
        return self.reply is not Reply.ID


_BOTH = ("A0", "D1")

# Assumed: A5 is no credit and A7 a blocked service. The gateway's list of billing errors (A1 to A1023)
# is not public, so any number in that range would do.
FATES: Mapping[Fate, Script] = MappingProxyType(
    {
        Fate.BILLED_AND_DELIVERED: Script(label="Billed and delivered", codes=_BOTH),
        Fate.DELIVERED: Script(label="Delivered, billing not reported", codes=("D1",)),
        Fate.BILLED: Script(label="Billed, delivery not reported", codes=("A0",)),
        Fate.NO_CREDIT: Script(label="No credit", codes=("A5",)),
        Fate.BLOCKED: Script(label="Blocked by the customer or the operator", codes=("A7",)),
        Fate.NOT_DELIVERED: Script(
            label="Not delivered (on O2 the same code means delivered)", codes=("D0",)
        ),
        Fate.PORTED: Script(label="The number went to another operator", codes=(OPERATOR_CHANGE,)),
        Fate.LATE: Script(label="Delivered, reported late", codes=("D1",), when=When.LATE),
        Fate.DUPLICATED: Script(label="Delivered, reported three times", codes=("D1", "D1", "D1")),
        Fate.CONTRADICTING: Script(label="Billed, then failed, then not delivered", codes=("A0", "A5", "D0")),
        Fate.FAILED_THEN_BILLED: Script(label="No credit, then billed", codes=("A5", "A0")),
        Fate.BEFORE_REPLY: Script(
            label="Delivered, reported before the answer", codes=("D1",), when=When.BEFORE_REPLY
        ),
        Fate.NEVER: Script(label="Nothing is ever reported"),
        Fate.UNKNOWN_CODE: Script(label="A code that nobody knows", codes=("X9",)),
        Fate.REFUSED: Script(label="Refused, not sent", reply=Reply.REFUSAL),
        Fate.SERVER_ERROR: Script(label="Sent, but answered 500", codes=_BOTH, reply=Reply.SERVER_ERROR),
        Fate.GARBAGE: Script(label="Sent, but answered with a web page", codes=_BOTH, reply=Reply.GARBAGE),
        Fate.NO_ID: Script(label="Sent, but answered without an id", codes=_BOTH, reply=Reply.NO_ID),
        # No report: it would speak of the message that had this id first.
        Fate.SAME_ID: Script(label="Sent, but with the id of the SMS before", reply=Reply.OLD_ID),
        Fate.REDIRECT: Script(label="Sent, but answered with a redirect", codes=_BOTH, reply=Reply.REDIRECT),
        Fate.RESET: Script(label="Sent, but the connection breaks", codes=_BOTH, reply=Reply.RESET),
        Fate.CUT: Script(label="Sent, but the answer is cut off", codes=_BOTH, reply=Reply.CUT),
        Fate.SLOW: Script(label="Sent, and the answer drips in byte by byte", codes=_BOTH, reply=Reply.SLOW),
        Fate.HUGE: Script(label="Sent, but the answer has 1 MB", codes=_BOTH, reply=Reply.HUGE),
        Fate.TIMEOUT: Script(label="Sent, but never answered", codes=_BOTH, reply=Reply.SILENCE),
    }
)


def get_fate(name: str) -> Fate:
    """Read the name of a fate.

    Raises: InvalidInputError if there is none of that name.
    """
    try:
        return Fate(name)
    except ValueError as error:
        raise InvalidInputError(f"There is no such fate; choose one of: {', '.join(Fate)}.") from error
