"""What becomes of an SMS of ours in the demo: each way a message can go, as one table."""

from dataclasses import dataclass

from crm.mobiletech.client import OutcomeKind
from crm.mobiletech.outbound import OutboundState

PAID_BILLKEY = "AA99"


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """One call of the gateway."""

    outcome: OutcomeKind
    detail: str
    http_status: int | None = None
    took_ms: int = 180


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """How a message ends: its calls, its state, and the codes that are reported of it."""

    state: OutboundState = OutboundState.ACCEPTED
    tries: tuple[Try, ...] = ()
    codes: tuple[str, ...] = ()
    reason: str | None = None
    paid: bool = False


TAKEN = Try(outcome=OutcomeKind.ACCEPTED, detail="The gateway took it.", http_status=200)
NO_CONNECTION = Try(
    outcome=OutcomeKind.NOT_SENT, detail="No connection to the gateway: ConnectionRefusedError.", took_ms=3
)
NO_ANSWER = Try(outcome=OutcomeKind.UNKNOWN, detail="No whole reply within 15 seconds.", took_ms=15_004)
REFUSED = Try(outcome=OutcomeKind.REJECTED, detail="Service is not active for this number.", http_status=200)

DELIVERED = Fate(tries=(TAKEN,), codes=("D1",))
UNDELIVERED = Fate(tries=(TAKEN,), codes=("D2",))
PORTED = Fate(tries=(TAKEN,), codes=("_OPERATOR_CHANGE",))
SECOND_TRY = Fate(tries=(NO_CONNECTION, TAKEN), codes=("D1",))
REJECTED = Fate(state=OutboundState.REJECTED, tries=(REFUSED,), reason=REFUSED.detail)
EXPIRED = Fate(
    state=OutboundState.EXPIRED,
    tries=(NO_CONNECTION, NO_CONNECTION),
    reason="It could not be sent in time; the window for it is over.",
)
NO_REPORT_YET = Fate(tries=(TAKEN,))
PAID = Fate(tries=(TAKEN,), codes=("A0", "D1"), paid=True)
NO_CREDIT = Fate(tries=(TAKEN,), codes=("A12",), paid=True)
UNKNOWN = Fate(state=OutboundState.UNKNOWN, tries=(NO_ANSWER,), reason=NO_ANSWER.detail, paid=True)
HELD = Fate(
    state=OutboundState.HELD,
    reason="The number has had its paid messages of 24 hours (mobiletech_max_paid_per_day).",
    paid=True,
)

# Of a hundred messages.
USUAL = ((DELIVERED, 80), (UNDELIVERED, 6), (SECOND_TRY, 5), (PORTED, 4), (REJECTED, 3), (EXPIRED, 2))

# Minutes ago: what is fresh, so that the first page has one of each. Only these are paid.
RECENT = (
    (2, NO_REPORT_YET),
    (9, DELIVERED),
    (31, UNKNOWN),
    (74, HELD),
    (118, PAID),
    (173, NO_CREDIT),
    (246, PAID),
    (301, SECOND_TRY),
    (377, REJECTED),
)
