"""What do a payment's messages say about its money? Pure: messages in, one outcome out, the same in any order.

Billed by any of them is billed. Otherwise the live one decides: it may be on its way, wait for a person, be refused, or
nobody knows; and then nothing else is charged until a report or a person says what was.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from crm.core.errors import N_
from crm.mobiletech.models import OutboundMessage
from crm.mobiletech.outbound import OutboundState as S
from crm.mobiletech.wire.delivery_status import Billing, DeliveryStatus, classify
from crm.payments.statuses import Failure


class OutcomeKind(StrEnum):
    """What is known of a charge."""

    PENDING = "pending"
    BILLED = "billed"
    NOT_BILLED = "not_billed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What is known, by which message; `failure` is None where the code has to tell (not billed by a report)."""

    kind: OutcomeKind
    message: OutboundMessage | None = None
    failure: Failure | None = None
    told: str = ""


NO_ANSWER = N_("Nothing was reported until it could be billed no more.")
NOT_CHARGED = N_("A person found out that it charged nobody.")
PORTED = N_("The number is with another operator, also after it was sent once more.")
# A message that will not go out: whose doing that was, and how it is said.
_ENDED = {
    S.REJECTED: (Failure.OURS, N_("The gateway refused the SMS.")),
    S.EXPIRED: (Failure.OURS, N_("The SMS could not be sent in time.")),
    S.NOT_SENT: (Failure.OURS, N_("A person found out that the SMS was not sent.")),
    S.CANCELLED: (Failure.PERSON, N_("The SMS was called back before it left.")),
}


def find_outcome(messages: Iterable[OutboundMessage], *, overdue_before: datetime | None = None) -> Outcome:
    """Return what the messages of one payment come to.

    `overdue_before` is the moment of the last expiry that is over for sure: an SMS whose own is not later, and that
    nothing was reported about, was not billed. Without it no silence is a failure.
    """
    rows = sorted(messages, key=lambda message: message.id)
    billed = next((row for row in rows if row.billing == Billing.BILLED), None)
    if billed is not None:
        return Outcome(kind=OutcomeKind.BILLED, message=billed)
    live = [row for row in rows if row.resent_as is None]
    if not live:
        return Outcome(kind=OutcomeKind.PENDING)
    return _of_one(live[-1], overdue_before)


def is_unproven(message: OutboundMessage) -> bool:
    """Return whether nobody knows if the message was billed: a person, or a later report, has to say."""
    if message.state == S.UNKNOWN:
        return True
    return (
        message.state == S.ACCEPTED
        and message.billing == Billing.NONE
        and message.status is not None
        and classify(message.status, message.operator_type) is DeliveryStatus.UNKNOWN
    )


def _of_one(row: OutboundMessage, overdue_before: datetime | None) -> Outcome:
    if row.state in _ENDED:
        failure, told = _ENDED[S(row.state)]
        return Outcome(
            kind=OutcomeKind.NOT_BILLED, message=row, failure=failure, told=row.state_reason or told
        )
    if row.billing == Billing.FAILED:
        return Outcome(kind=OutcomeKind.NOT_BILLED, message=row)
    if is_unproven(row):
        return Outcome(kind=OutcomeKind.UNKNOWN, message=row)
    if _is_ported(row):
        return Outcome(kind=OutcomeKind.NOT_BILLED, message=row, failure=Failure.PORTED, told=PORTED)
    silent = row.state == S.ACCEPTED and row.status is None and row.sent_at is not None
    if silent and overdue_before is not None and row.sent_at and row.sent_at <= overdue_before:
        return Outcome(kind=OutcomeKind.NOT_BILLED, message=row, failure=Failure.NO_ANSWER, told=NO_ANSWER)
    return Outcome(kind=OutcomeKind.PENDING, message=row)


def _is_ported(row: OutboundMessage) -> bool:
    """Return whether the gateway gave it back, and no copy took its place: it was one itself."""
    return (
        row.state == S.ACCEPTED
        and row.billing == Billing.NONE
        and classify(row.status, row.operator_type) is DeliveryStatus.OPERATOR_CHANGED
    )
