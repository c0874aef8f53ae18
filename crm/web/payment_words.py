"""Payments in words: each status, what an open one waits for, each class of failure and what to do about it."""

from collections.abc import Mapping

from crm.core.errors import N_
from crm.mobiletech.words import Tone, Word
from crm.payments.payment_list import PaymentKind
from crm.payments.statuses import Failure, PaymentStatus
from crm.sms_billing.proofs import Waits

LIST = "/admin/payments"

STATUS_WORDS: Mapping[PaymentStatus, Word] = {
    PaymentStatus.FORM: Word(N_("On its way"), Tone.WAIT, "send"),
    PaymentStatus.PAID: Word(N_("Paid"), Tone.GOOD, "check"),
    PaymentStatus.FAIL: Word(N_("Not billed"), Tone.BAD, "cross"),
    PaymentStatus.TIMEOUT: Word(N_("Timed out"), Tone.BAD, "clock"),
    PaymentStatus.REFUND: Word(N_("Given back"), Tone.WARN, "left"),
    PaymentStatus.IMPORTED: Word(N_("Imported"), Tone.GOOD, "download"),
    PaymentStatus.PREPAID: Word(N_("Prepaid"), Tone.GOOD, "check"),
    PaymentStatus.AUTHORIZED: Word(N_("Authorized"), Tone.WAIT, "clock"),
}
WAITS_WORDS: Mapping[Waits, Word] = {
    Waits.UNPROVEN: Word(N_("Unproven"), Tone.UNKNOWN, "question"),
    Waits.HELD: Word(N_("Held"), Tone.WARN, "pause"),
}
WAITS_ADVICE: Mapping[Waits, str] = {
    Waits.UNPROVEN: N_(
        "Nobody knows whether it was billed, and until it is settled nothing else is charged for it. Ask the gateway."
    ),
    Waits.HELD: N_("Its SMS waits for a person and has charged nothing. The page of the SMS says why."),
}
KIND_WORDS: Mapping[PaymentKind, str] = {
    PaymentKind.FIRST: N_("First payment"),
    PaymentKind.RENEWAL: N_("Renewal"),
}
FAILURE_ADVICE: Mapping[Failure, str] = {
    Failure.NO_CREDIT: N_("Nothing was charged. It may go through once the reader has topped up."),
    Failure.BLOCKED: N_(
        "Nothing was charged. The reader has to ask the operator; trying again soon is of no use."
    ),
    Failure.LIMIT: N_(
        "Nothing was charged: a cap of the settings was reached. It is meant to protect the reader."
    ),
    Failure.PORTED: N_("Nothing was charged. A new SMS from the number tells its operator."),
    Failure.TECHNICAL: N_("Nothing was charged. Once is chance; when many fail so at once, ask Mobiletech."),
    Failure.NO_ANSWER: N_(
        "Nothing was reported until the SMS could be billed no more, so it counts as not billed."
    ),
    Failure.OURS: N_("Nothing was charged, and the reader is not to blame: the sentence says what to mend."),
    Failure.PERSON: N_("Nothing was charged: somebody called the SMS back before it left."),
}


def status_word(status: str, waits: Waits | None = None) -> Word:
    """Return what a payment is; an open one that waits for a person says so."""
    return WAITS_WORDS[waits] if waits is not None else STATUS_WORDS[PaymentStatus(status)]
