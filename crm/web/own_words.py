"""What a reader is told of their subscription and of each charge: plain words, honest ones first."""

from collections.abc import Mapping

from flask_babel import gettext as _
from flask_babel import ngettext

from crm.core.errors import N_
from crm.mobiletech.words import Tone, Word
from crm.payments.own_subscriptions import OwnSubscription, Standing
from crm.payments.statuses import Failure, PaymentStatus
from crm.sms_billing.charging_messages import Course
from crm.subscriptions.models import SubscriptionType
from crm.subscriptions.periods import LengthMethod
from crm.web.money import money
from crm.web.page_tools import local_time

STANDING_WORDS: Mapping[Standing, Word] = {
    Standing.RENEWS: Word(N_("Renews itself"), Tone.GOOD, "retry"),
    Standing.CHARGING: Word(N_("A charge is on its way"), Tone.WAIT, "send"),
    Standing.LAST_CHARGE: Word(N_("The last charge is on its way"), Tone.WAIT, "send"),
    Standing.RETRIES: Word(N_("Not billed, we try again"), Tone.WARN, "retry"),
    Standing.PAUSED: Word(N_("Waits for us"), Tone.WARN, "pause"),
    Standing.STOPPED: Word(N_("Stopped by you"), Tone.WAIT, "stop"),
    Standing.STOPPED_BY_STAFF: Word(N_("Stopped by us"), Tone.WAIT, "stop"),
    Standing.GIVEN_UP: Word(N_("Ended without a payment"), Tone.BAD, "cross"),
    Standing.ENDS: Word(N_("Does not renew itself"), Tone.WAIT, "clock"),
}

FAILURE_WORDS: Mapping[Failure, str] = {
    Failure.NO_CREDIT: N_("There was not enough credit on the SIM card."),
    Failure.BLOCKED: N_("Your operator refuses paid SMS for this number, or its limit is reached."),
    Failure.LIMIT: N_("It would have gone above the limit that protects your number."),
    Failure.PORTED: N_("The number was not found with its operator."),
    Failure.TECHNICAL: N_("Your operator could not bill it."),
    Failure.NO_ANSWER: N_("Your operator did not confirm it in time."),
    Failure.OURS: N_("The fault was on our side."),
    Failure.PERSON: N_("It was called back before it left."),
}

_PAYMENT_WORDS: Mapping[PaymentStatus, Word] = {
    PaymentStatus.FORM: Word(N_("On its way"), Tone.WAIT, "send"),
    PaymentStatus.PAID: Word(N_("Billed"), Tone.GOOD, "check"),
    PaymentStatus.PREPAID: Word(N_("Paid"), Tone.GOOD, "check"),
    PaymentStatus.IMPORTED: Word(N_("Paid"), Tone.GOOD, "check"),
    PaymentStatus.AUTHORIZED: Word(N_("On its way"), Tone.WAIT, "send"),
    PaymentStatus.FAIL: Word(N_("Not billed"), Tone.WARN, "cross"),
    PaymentStatus.TIMEOUT: Word(N_("Not billed"), Tone.WARN, "cross"),
    PaymentStatus.REFUND: Word(N_("Refunded"), Tone.GOOD, "in"),
}
# The colour of what needs our staff is none of the reader's.
_COURSE_WORDS: Mapping[Course, Word] = {
    Course.UNKNOWN: Word(N_("Not known yet"), Tone.WAIT, "question"),
    Course.HELD: Word(N_("Waits for us"), Tone.WAIT, "pause"),
}
_COURSES: Mapping[Course, str] = {
    Course.UNKNOWN: N_(
        "Your operator has not told us whether it was billed. We are finding out,"
        " and charge nothing more until we know."
    ),
    Course.HELD: N_("The SMS that charges it has not left. A person of ours looks at it first."),
    Course.ON_ITS_WAY: N_("It may still be billed."),
}


def payment_word(status: str, course: Course | None) -> Word:
    """Return what became of a charge; `course` is how far its SMS has come while it is open."""
    told = _COURSE_WORDS.get(course) if status == PaymentStatus.FORM and course else None
    return told or _PAYMENT_WORDS[PaymentStatus(status)]


def payment_sentence(status: str, failure: str | None, course: Course | None) -> str:
    """Return what a reader should know of a charge beside its word; often nothing."""
    if status in (PaymentStatus.FAIL, PaymentStatus.TIMEOUT):
        why = _(FAILURE_WORDS[Failure(failure)]) if failure else ""
        return f"{why} {_('You were not charged.')}".strip()
    if status == PaymentStatus.REFUND:
        return _("The money was given back.")
    return _(_COURSES[course or Course.ON_ITS_WAY]) if status == PaymentStatus.FORM else ""


def period_words(kind: SubscriptionType, *, renewed: bool = False) -> str:
    """Return how long one payment of a type lasts: "30 days", "1 calendar month"; `renewed`: one that extends it."""
    if kind.length_method == LengthMethod.CALENDAR_DAYS:
        return _("1 calendar month")
    days = kind.extending_length or kind.length if renewed else kind.length
    return ngettext("%(num)s day", "%(num)s days", days)


def what_happens(
    own: OwnSubscription, *, has_number: bool, is_held: bool, course: Course | None = None
) -> list[str]:
    """Return in sentences how a subscription goes on; `course` is that of the charge on its way, if there is one."""
    if own.standing is Standing.CHARGING and course is not None and course in _COURSE_WORDS:
        return [_(_COURSES[course])]
    said = list(_STORIES[own.standing](own))
    if own.can_be_stopped and not has_number:
        said.append(_("No phone number is linked to your account, so nothing can be charged."))
    elif own.can_be_stopped and is_held and own.standing is not Standing.CHARGING:
        said.append(_("Charging is put on hold by us for now, so it may be charged later than planned."))
    return said


def _renews(own: OwnSubscription) -> list[str]:
    if own.next is None:
        return []
    if own.next.is_due:
        return [_("It is charged within the next minutes, and then goes on.")]
    period = period_words(own.next.kind, renewed=own.next.kind.id == own.kind.id)
    said = [_("Then it goes on by itself for %(period)s.", period=period)]
    if own.next.kind.id != own.kind.id:
        said.append(
            _("From then on it is %(name)s, for %(price)s.", name=own.next.kind.user_label, price=_price(own))
        )
    return said


def _charging(_own: OwnSubscription) -> list[str]:
    return [_("An SMS that charges it has been made and may be billed at any moment. Then it goes on.")]


def _last_charge(_own: OwnSubscription) -> list[str]:
    return [
        _("You have stopped it. A charge that was on its way already may still be billed."),
        _("After it nothing more is charged."),
    ]


def _retries(own: OwnSubscription) -> list[str]:
    said = [_(FAILURE_WORDS[own.failure])] if own.failure else []
    if own.next is None or own.next.is_due:
        return [*said, _("We try again within the next minutes.")]
    return [*said, _("We try again on %(time)s.", time=local_time(own.next.at, "minute"))]


def _paused(_own: OwnSubscription) -> list[str]:
    return [_("Nothing is charged until a person of ours has looked at it. You need not do anything.")]


def _stopped(own: OwnSubscription) -> list[str]:
    said = [_("Nothing more is charged.")]
    if own.can_go_on or own.has_ended:
        return said
    return [
        *said,
        _("The day of the next charge is over, so it cannot go on by itself; order it anew later."),
    ]


def _stopped_by_staff(_own: OwnSubscription) -> list[str]:
    return [_("Nothing more is charged. If you did not ask us for it, please write to us.")]


def _given_up(own: OwnSubscription) -> list[str]:
    why = _(FAILURE_WORDS[own.failure]) if own.failure else ""
    return [_("We could not charge it, and do not try any more."), *([why] if why else [])]


def _ends(_own: OwnSubscription) -> list[str]:
    return [_("It ends by itself. Nothing is charged.")]


def _price(own: OwnSubscription) -> str:
    return money(own.next.amount, own.next.currency) if own.next else ""


_STORIES = {
    Standing.RENEWS: _renews,
    Standing.CHARGING: _charging,
    Standing.LAST_CHARGE: _last_charge,
    Standing.RETRIES: _retries,
    Standing.PAUSED: _paused,
    Standing.STOPPED: _stopped,
    Standing.STOPPED_BY_STAFF: _stopped_by_staff,
    Standing.GIVEN_UP: _given_up,
    Standing.ENDS: _ends,
}
