"""What people read: a word, a colour and a drawing for each state, a sentence for each reason and each code.

Pages translate them where they are shown.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from crm.core.errors import N_
from crm.mobiletech.client import OutcomeKind
from crm.mobiletech.outbound import OutboundPurpose, OutboundState
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
    NOT_ANSWERED = "not_answered"  # somebody wanted to answer, and could not
    HANDLED = "handled"


STATE_WORDS: Mapping[MessageState, Word] = {
    MessageState.QUEUED: Word(N_("Waits"), Tone.WAIT, "clock"),
    MessageState.SENDING: Word(N_("On its way"), Tone.WAIT, "send"),
    MessageState.SENT: Word(N_("Sent"), Tone.WAIT, "send"),
    MessageState.BILLED: Word(N_("Billed"), Tone.GOOD, "check"),
    MessageState.FAILED: Word(N_("Failed"), Tone.BAD, "cross"),
    MessageState.REJECTED: Word(N_("Rejected"), Tone.BAD, "stop"),
    MessageState.UNKNOWN: Word(N_("Unknown"), Tone.UNKNOWN, "question"),
    MessageState.HELD: Word(N_("Held"), Tone.WARN, "pause"),
    MessageState.EXPIRED: Word(N_("Expired"), Tone.BAD, "clock"),
    MessageState.CANCELLED: Word(N_("Cancelled"), Tone.WARN, "minus"),
    MessageState.NOT_SENT: Word(N_("Not sent"), Tone.BAD, "minus"),
}
DELIVERED = Word(N_("Delivered"), Tone.GOOD, "check")

INBOUND_WORDS: Mapping[InboundState, Word] = {
    InboundState.WAITS: Word(N_("Waits"), Tone.WAIT, "clock"),
    InboundState.RETRIED: Word(N_("Tried again"), Tone.WARN, "retry"),
    InboundState.FAILED: Word(N_("Failed"), Tone.BAD, "cross"),
    InboundState.REPEATED: Word(N_("Repeated"), Tone.WARN, "retry"),
    InboundState.ANSWERED: Word(N_("Answered"), Tone.GOOD, "check"),
    InboundState.NOT_ANSWERED: Word(N_("No answer"), Tone.BAD, "minus"),
    InboundState.HANDLED: Word(N_("Read"), Tone.WAIT, "check"),
}

# paid or not -> what the reports say about the money
BILLING_WORDS: Mapping[bool, Mapping[Billing, str]] = {
    True: {
        Billing.NONE: N_("Nothing reported yet"),
        Billing.FAILED: N_("Reported as not billed"),
        Billing.BILLED: N_("Reported as billed"),
    },
    False: {
        Billing.NONE: N_("Free; nothing reported yet"),
        Billing.FAILED: N_("Free; reported as not delivered"),
        Billing.BILLED: N_("Free; reported as delivered"),
    },
}

REASON_WORDS: Mapping[Reason, str] = {
    Reason.NO_TEMPLATE: N_("The template does not exist"),
    Reason.NO_RECIPIENT: N_("No number to send to"),
    Reason.BAD_RECIPIENT: N_("Not a Slovak mobile number"),
    Reason.NO_BILLKEY: N_("No billing key"),
    Reason.BILLKEY_NOT_VALID: N_("The billing key is not valid now"),
    Reason.BILLKEY_OTHER_OPERATOR: N_("The billing key is not for this operator"),
    Reason.BILLKEY_OTHER_NUMBER: N_("The billing key is for another short number"),
    Reason.PAID_WITHOUT_PAYMENT: N_("A paid key without a payment"),
    Reason.NO_SERV_ID: N_("No service id"),
    Reason.NO_SENDER: N_("No short number to send from"),
    Reason.UNKNOWN_OPERATOR: N_("The operator is not known"),
    Reason.MISSING_PARAMETER: N_("A value for the template is missing"),
    Reason.BROKEN_TEMPLATE: N_("The template fails with these values"),
    Reason.EMPTY_TEXT: N_("The text came out empty"),
    Reason.TOO_LONG_FOR_PAID: N_("Too long for a paid key"),
    Reason.DUPLICATE: N_("A repeated SMS gets no second paid answer"),
    Reason.OTHER_HANDLER_FAILED: N_("Something else failed first"),
    Reason.LOOP_GUARD: N_("Too many automatic answers to this number"),
    Reason.ORDER_REFUSED: N_("The order cannot be charged"),
}

STATUS_WORDS: Mapping[DeliveryStatus, Word] = {
    DeliveryStatus.UNKNOWN: Word(N_("a code that we do not know"), Tone.UNKNOWN, "question"),
    DeliveryStatus.OPERATOR_CHANGED: Word(N_("the number is with another operator"), Tone.WARN, "retry"),
    DeliveryStatus.NOT_DELIVERED: Word(N_("not delivered"), Tone.BAD, "cross"),
    DeliveryStatus.ERROR: Word(N_("delivery failed"), Tone.BAD, "cross"),
    DeliveryStatus.BILLED: Word(N_("billed"), Tone.GOOD, "check"),
    DeliveryStatus.DELIVERED: Word(N_("delivered"), Tone.GOOD, "check"),
}

NOT_BILLED = Word(N_("billing refused"), Tone.BAD, "cross")

OUTCOME_WORDS: Mapping[OutcomeKind, Word] = {
    OutcomeKind.ACCEPTED: Word(N_("The gateway took it"), Tone.GOOD, "send"),
    OutcomeKind.REJECTED: Word(N_("The gateway refused it"), Tone.BAD, "stop"),
    OutcomeKind.NOT_SENT: Word(N_("It could not be handed over"), Tone.WARN, "retry"),
    OutcomeKind.UNKNOWN: Word(N_("Nobody knows whether it went out"), Tone.UNKNOWN, "question"),
}

PAID_ADVICE: Mapping[MessageState, str] = {
    MessageState.UNKNOWN: N_(
        "The reader may have been charged. Look the number up in the gateway's own list; then somebody of billing"
        " settles it. It is never sent again by itself."
    ),
    MessageState.HELD: N_(
        "Nothing was charged. It stays held until somebody of billing lets it go or cancels it."
    ),
    MessageState.FAILED: N_("The reader was not charged, as far as the gateway has told us."),
    MessageState.REJECTED: N_("The gateway did not take it, so nobody was charged."),
    MessageState.EXPIRED: N_("Nobody was charged. It was not sent in time, and is not sent any more."),
}
FREE_ADVICE: Mapping[MessageState, str] = {
    MessageState.UNKNOWN: N_(
        "It may or may not have reached the reader. It was free: somebody of support sends it again or drops it."
    ),
    MessageState.HELD: N_("It stays held until somebody of billing lets it go or cancels it."),
    MessageState.REJECTED: N_("The gateway did not take it: its reason stands below."),
    MessageState.EXPIRED: N_("It was not sent in time, and is not sent any more."),
}
CONFLICT_ADVICE = N_(
    "The gateway reported it both billed and refused. It counts as billed."
    " Look the number up in the gateway's own list first."
)
CONFLICT = N_("Reported both billed and refused")

PURPOSE_WORDS: Mapping[OutboundPurpose, str] = {
    OutboundPurpose.SERVICE: N_("service"),
    OutboundPurpose.PAID: N_("paid"),
    OutboundPurpose.TEST: N_("test"),
}


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
