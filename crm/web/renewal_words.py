"""Renewals in words: each state, each class of failure, each view of the list."""

from collections.abc import Mapping

from crm.core.errors import N_
from crm.mobiletech.words import Tone, Word
from crm.payments.models import RecurrentPayment
from crm.payments.renewal_list import RenewalView, StoppedBy
from crm.payments.statuses import Failure, RecurrentState

LIST = "/admin/recurrent-payments"

STATE_WORDS: Mapping[RecurrentState, Word] = {
    RecurrentState.ACTIVE: Word(N_("Planned"), Tone.WAIT, "clock"),
    RecurrentState.PENDING: Word(N_("On its way"), Tone.WAIT, "send"),
    RecurrentState.CHARGED: Word(N_("Charged"), Tone.GOOD, "check"),
    RecurrentState.CHARGE_FAILED: Word(N_("Failed"), Tone.BAD, "cross"),
    RecurrentState.USER_STOP: Word(N_("Stopped by the reader"), Tone.WARN, "stop"),
    RecurrentState.ADMIN_STOP: Word(N_("Stopped by staff"), Tone.WARN, "stop"),
    RecurrentState.SYSTEM_STOP: Word(N_("Given up"), Tone.BAD, "minus"),
}
UNPROVEN = Word(N_("Unproven"), Tone.UNKNOWN, "question")
PAUSED = Word(N_("Paused"), Tone.WARN, "pause")
DUE = Word(N_("Due"), Tone.WAIT, "clock")
REPLACED = Word(N_("Replaced"), Tone.WAIT, "minus")

FAILURE_WORDS: Mapping[Failure, Word] = {
    Failure.NO_CREDIT: Word(N_("No credit"), Tone.BAD, "minus"),
    Failure.BLOCKED: Word(N_("Blocked"), Tone.BAD, "stop"),
    Failure.LIMIT: Word(N_("Over a cap"), Tone.WARN, "up"),
    Failure.PORTED: Word(N_("Ported"), Tone.WARN, "phone"),
    Failure.TECHNICAL: Word(N_("Technical"), Tone.BAD, "operations"),
    Failure.NO_ANSWER: Word(N_("No answer"), Tone.BAD, "clock"),
    Failure.OURS: Word(N_("Ours"), Tone.WARN, "settings"),
    Failure.PERSON: Word(N_("Called back"), Tone.WARN, "user"),
}
# What the class means for the next try (payments/retry_rules.py).
FAILURE_RULES: Mapping[Failure, str] = {
    Failure.NO_CREDIT: N_("The credit was too low. It is tried again by the schedule of the settings."),
    Failure.BLOCKED: N_(
        "The operator bars it, or its own limit is reached. It is tried again in 7 days, twice at most."
    ),
    Failure.LIMIT: N_("A cap of ours is reached. It is tried again in 7 days, twice at most."),
    Failure.PORTED: N_("The number is with another operator. It is tried once more, in a day."),
    Failure.TECHNICAL: N_("Something failed on the way. It is tried again by the schedule of the settings."),
    Failure.NO_ANSWER: N_(
        "Nothing was reported until it could be billed no more. It is tried again by the schedule."
    ),
    Failure.OURS: N_(
        "Our settings, texts or connection were at fault. It waits for the delay of the settings and loses no try."
    ),
    Failure.PERSON: N_("Somebody called the SMS back. It is tried again in a day at the soonest."),
}

VIEW_WORDS: Mapping[RenewalView, str] = {
    RenewalView.DUE: N_("Due"),
    RenewalView.PLANNED: N_("Planned"),
    RenewalView.PENDING: N_("On their way"),
    RenewalView.UNPROVEN: N_("Unproven"),
    RenewalView.PAUSED: N_("Paused"),
    RenewalView.REFUSED: N_("Refused by our settings"),
    RenewalView.FAILED: N_("Failed"),
    RenewalView.RECOVERED: N_("Recovered"),
    RenewalView.STOPPED: N_("Stopped"),
}
STOPPED_WORDS: Mapping[StoppedBy, str] = {
    StoppedBy.READER: N_("the reader"),
    StoppedBy.STAFF: N_("staff"),
    StoppedBy.GIVEN_UP: N_("given up"),
}
# Why a view is empty, which teaches what would stand there.
EMPTY_WORDS: Mapping[RenewalView, tuple[str, str]] = {
    RenewalView.DUE: (
        N_("Nothing is due"),
        N_("A worker looks each 15 seconds and charges what has become due."),
    ),
    RenewalView.PLANNED: (
        N_("Nothing is planned"),
        N_("The first billed SMS of a reader plans the charge of the next period."),
    ),
    RenewalView.PENDING: (
        N_("Nothing is on its way"),
        N_("A charge stands here from its SMS until the gateway reports what came of it."),
    ),
    RenewalView.UNPROVEN: (
        N_("Every outcome is known"),
        N_(
            "When the gateway gives no clear answer, the charge waits here for a person: nothing is sent again."
        ),
    ),
    RenewalView.PAUSED: (
        N_("Nothing is paused"),
        N_("A text that was almost a STOP pauses the reader's renewal until somebody has read it."),
    ),
    RenewalView.REFUSED: (
        N_("Our settings refuse nothing"),
        N_("A charge without a fitting key, text or number waits here with its reason, and loses no try."),
    ),
    RenewalView.FAILED: (
        N_("No charge has failed"),
        N_("A failed charge stands here with its reason and with when it is tried again."),
    ),
    RenewalView.RECOVERED: (
        N_("Nothing was recovered yet"),
        N_("A charge that failed at first and was billed at a later try stands here."),
    ),
    RenewalView.STOPPED: (
        N_("Nothing was stopped"),
        N_("Renewals that a reader or the staff stopped, or that were given up, stand here."),
    ),
}


def tries_of(row: RecurrentPayment) -> tuple[int, int]:
    """Return which try of how many a row is."""
    return row.attempt + 1, row.attempt + 1 + row.retries
