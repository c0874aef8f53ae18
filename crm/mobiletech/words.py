"""What people read: a word, a colour and a drawing for each state, a sentence for each reason and each code."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from crm.mobiletech.client import OutcomeKind
from crm.mobiletech.outbound import OutboundState
from crm.mobiletech.wire.delivery_status import Billing, DeliveryStatus, classify
from crm.mobiletech.wishes import Reason


class Tone(StrEnum):
    """What a colour means; the fifth is for what needs a person."""

    GOOD = "good"
    WAIT = "wait"
    WARN = "warn"
    BAD = "bad"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Word:
    """A state as people see it; the drawing is one of components/icon.html."""

    word: str
    tone: Tone
    icon: str


class MessageState(StrEnum):
    """What became of an SMS of ours: the way to the gateway and the reports on it, as one state."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    BILLED = "billed"
    FAILED = "failed"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    HELD = "held"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    NOT_SENT = "not_sent"


class InboundState(StrEnum):
    """What became of an SMS from a reader."""

    WAITS = "waits"
    RETRIED = "retried"
    FAILED = "failed"
    REPEATED = "repeated"
    ANSWERED = "answered"
    HANDLED = "handled"


STATE_WORDS: Mapping[MessageState, Word] = {
    MessageState.QUEUED: Word("Waits", Tone.WAIT, "clock"),
    MessageState.SENDING: Word("On its way", Tone.WAIT, "send"),
    MessageState.SENT: Word("Sent", Tone.WAIT, "send"),
    MessageState.BILLED: Word("Billed", Tone.GOOD, "check"),
    MessageState.FAILED: Word("Failed", Tone.BAD, "cross"),
    MessageState.REJECTED: Word("Rejected", Tone.BAD, "stop"),
    MessageState.UNKNOWN: Word("Unknown", Tone.UNKNOWN, "question"),
    MessageState.HELD: Word("Held", Tone.WARN, "pause"),
    MessageState.EXPIRED: Word("Expired", Tone.BAD, "clock"),
    MessageState.CANCELLED: Word("Cancelled", Tone.WARN, "minus"),
    MessageState.NOT_SENT: Word("Not sent", Tone.BAD, "minus"),
}
DELIVERED = Word("Delivered", Tone.GOOD, "check")

INBOUND_WORDS: Mapping[InboundState, Word] = {
    InboundState.WAITS: Word("Waits", Tone.WAIT, "clock"),
    InboundState.RETRIED: Word("Tried again", Tone.WARN, "retry"),
    InboundState.FAILED: Word("Failed", Tone.BAD, "cross"),
    InboundState.REPEATED: Word("Repeated", Tone.WARN, "retry"),
    InboundState.ANSWERED: Word("Answered", Tone.GOOD, "check"),
    InboundState.HANDLED: Word("Read", Tone.WAIT, "check"),
}

# paid or not -> what the reports say about the money
BILLING_WORDS: Mapping[bool, Mapping[Billing, str]] = {
    True: {
        Billing.NONE: "Nothing reported yet",
        Billing.FAILED: "Reported as not billed",
        Billing.BILLED: "Reported as billed",
    },
    False: {
        Billing.NONE: "Free; nothing reported yet",
        Billing.FAILED: "Free; reported as not delivered",
        Billing.BILLED: "Free; reported as delivered",
    },
}

REASON_WORDS: Mapping[Reason, str] = {
    Reason.NO_TEMPLATE: "The template does not exist",
    Reason.NO_RECIPIENT: "No number to send to",
    Reason.BAD_RECIPIENT: "Not a Slovak mobile number",
    Reason.NO_BILLKEY: "No billing key",
    Reason.PAID_WITHOUT_PAYMENT: "A paid key without a payment",
    Reason.NO_SERV_ID: "No service id",
    Reason.NO_SENDER: "No short number to send from",
    Reason.UNKNOWN_OPERATOR: "The operator is not known",
    Reason.MISSING_PARAMETER: "A value for the template is missing",
    Reason.BROKEN_TEMPLATE: "The template fails with these values",
    Reason.EMPTY_TEXT: "The text came out empty",
    Reason.TOO_LONG_FOR_PAID: "Too long for a paid key",
    Reason.DUPLICATE: "A repeated SMS gets no second paid answer",
    Reason.OTHER_HANDLER_FAILED: "Something else failed first",
}

STATUS_WORDS: Mapping[DeliveryStatus, Word] = {
    DeliveryStatus.UNKNOWN: Word("a code that we do not know", Tone.UNKNOWN, "question"),
    DeliveryStatus.OPERATOR_CHANGED: Word("the number is with another operator", Tone.WARN, "retry"),
    DeliveryStatus.NOT_DELIVERED: Word("not delivered", Tone.BAD, "cross"),
    DeliveryStatus.ERROR: Word("delivery failed", Tone.BAD, "cross"),
    DeliveryStatus.BILLED: Word("billed", Tone.GOOD, "check"),
    DeliveryStatus.DELIVERED: Word("delivered", Tone.GOOD, "check"),
}

NOT_BILLED = Word("billing refused", Tone.BAD, "cross")

OUTCOME_WORDS: Mapping[OutcomeKind, Word] = {
    OutcomeKind.ACCEPTED: Word("The gateway took it", Tone.GOOD, "send"),
    OutcomeKind.REJECTED: Word("The gateway refused it", Tone.BAD, "stop"),
    OutcomeKind.NOT_SENT: Word("It could not be handed over", Tone.WARN, "retry"),
    OutcomeKind.UNKNOWN: Word("Nobody knows whether it went out", Tone.UNKNOWN, "question"),
}

_LOOK = "Look the number up in the gateway's own list first."
PAID_ADVICE: Mapping[MessageState, str] = {
    MessageState.UNKNOWN: f"The reader may have been charged. {_LOOK} It is never sent again by itself.",
    MessageState.HELD: "Nothing was charged. It waits until a person lets it go or cancels it.",
    MessageState.FAILED: "The reader was not charged, as far as the gateway has told us.",
    MessageState.REJECTED: "The gateway did not take it, so nobody was charged.",
    MessageState.EXPIRED: "Nobody was charged. It was not sent in time, and is not sent any more.",
}
FREE_ADVICE: Mapping[MessageState, str] = {
    MessageState.UNKNOWN: "It may or may not have reached the reader. It was free, and is not tried any more.",
    MessageState.REJECTED: "The gateway did not take it: its reason stands below.",
    MessageState.EXPIRED: "It was not sent in time, and is not sent any more.",
}
CONFLICT_ADVICE = f"The gateway reported it both billed and refused. It counts as billed. {_LOOK}"
CONFLICT = "Reported both billed and refused"


def state_of(state: str, billing: str) -> MessageState:
    """Return what became of a message of ours."""
    if state != OutboundState.ACCEPTED:
        return MessageState(state)
    return {Billing.BILLED: MessageState.BILLED, Billing.FAILED: MessageState.FAILED}.get(
        Billing(billing), MessageState.SENT
    )


def word_of(state: MessageState, *, paid: bool) -> Word:
    """Return the word; a free message is not billed, it is delivered."""
    return DELIVERED if state is MessageState.BILLED and not paid else STATE_WORDS[state]


def meaning_of(code: str, operator: str) -> Word:
    """Return what a code of the gateway says on that operator; errors of billing (A) are about money."""
    status = classify(code, operator)
    return NOT_BILLED if status is DeliveryStatus.ERROR and code.startswith("A") else STATUS_WORDS[status]


def find_advice(state: MessageState, *, paid: bool, conflict: bool) -> str | None:
    """Return what a person should know or do about it."""
    if conflict:
        return CONFLICT_ADVICE
    return (PAID_ADVICE if paid else FREE_ADVICE).get(state)
