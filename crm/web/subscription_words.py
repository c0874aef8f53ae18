"""Subscriptions and subscribers in words: where they stand, and what they are of."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from crm.core.errors import N_, InvalidInputError
from crm.mobiletech.words import Tone, Word
from crm.payments.statuses import PaymentStatus
from crm.payments.subscribers import NextCharge, State
from crm.subscriptions.models import SubscriptionType
from crm.subscriptions.queries import list_types
from crm.subscriptions.statuses import InternalStatus
from crm.web.filters import Options, Reader

STATE_WORDS: Mapping[State, Word] = {
    State.RENEWING: Word(N_("Renews"), Tone.GOOD, "retry"),
    State.STOPPED: Word(N_("Runs out"), Tone.WARN, "stop"),
    State.FAILED: Word(N_("Charge failed"), Tone.BAD, "cross"),
    State.ENDED: Word(N_("Ended"), Tone.WAIT, "minus"),
}
INTERNAL_WORDS: Mapping[InternalStatus, Word] = {
    InternalStatus.BEFORE_START: Word(N_("Not begun"), Tone.WAIT, "clock"),
    InternalStatus.ACTIVE: Word(N_("Runs"), Tone.GOOD, "check"),
    InternalStatus.AFTER_END: Word(N_("Over"), Tone.WAIT, "minus"),
    InternalStatus.UNKNOWN: Word(N_("Not known"), Tone.UNKNOWN, "question"),
}
PAYMENT_WORDS: Mapping[PaymentStatus, Word] = {
    PaymentStatus.PAID: Word(N_("Paid"), Tone.GOOD, "check"),
    PaymentStatus.REFUND: Word(N_("Given back"), Tone.WARN, "left"),
    PaymentStatus.FAIL: Word(N_("Not paid"), Tone.BAD, "cross"),
    PaymentStatus.FORM: Word(N_("On its way"), Tone.WAIT, "send"),
}


def type_options(types: Sequence[SubscriptionType]) -> Options:
    """Return the types as a filter offers them."""
    return [(each.code, each.name) for each in types]


def type_by_code(session: Session) -> Reader:
    """Return the reader of a type's code, which gives its id."""

    def read(text: str) -> int:
        ids = {each.code: each.id for each in list_types(session)}
        if text not in ids:
            raise InvalidInputError(N_("There is no subscription type %(code)s."), code=text[:40])
        return ids[text]

    return read


def charge_word(charge: NextCharge, now: datetime) -> Word | None:
    """Return what is special about a charge that comes; None for one that is simply planned."""
    if charge.is_pending:
        return Word(N_("On its way"), Tone.WAIT, "send")
    if charge.is_paused:
        return Word(N_("Paused"), Tone.WARN, "pause")
    if charge.attempt:
        return Word(N_("Tried again"), Tone.WARN, "retry")
    return Word(N_("Due now"), Tone.WAIT, "clock") if charge.charge_at <= now else None


def source_word(source: str) -> str:
    """Return where a person came from, empty if nobody knows."""
    return "" if source in ("", "unknown") else _(source)
