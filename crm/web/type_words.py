"""Subscription types in words: how long, from when, what comes after, what their state is."""

from collections.abc import Mapping

from flask_babel import gettext as _
from flask_babel import ngettext

from crm.core.errors import N_
from crm.mobiletech.words import Tone, Word
from crm.subscriptions.extension import ExtensionMethod
from crm.subscriptions.models import SubscriptionType
from crm.subscriptions.periods import LengthMethod

EXTENSIONS: Mapping[str, str] = {
    ExtensionMethod.EXTEND_ACTUAL: N_("After what the reader has now, of any type"),
    ExtensionMethod.EXTEND_SAME_ACTUAL: N_("After what the reader has now of this type"),
    ExtensionMethod.EXTEND_SAME_TYPE: N_("After all that the reader has of this type, also paid ahead"),
    ExtensionMethod.EXTEND_LAST_SUBSCRIPTION: N_("After all that the reader has, of any type"),
    ExtensionMethod.START_NOW: N_("At once, whatever the reader has"),
}
LENGTHS: Mapping[str, str] = {
    LengthMethod.FIX_DAYS: N_("As many days as stand here"),
    LengthMethod.CALENDAR_DAYS: N_("As many days as the month has that it begins in"),
}
BROKEN = Word(N_("Cannot be charged"), Tone.BAD, "alert")
ON_SALE = Word(N_("On sale"), Tone.GOOD, "check")
NO_SMS = Word(N_("Not sold by SMS"), Tone.WAIT, "info")
OFF_SALE = Word(N_("No longer sold"), Tone.WAIT, "stop")


def state_of(known: SubscriptionType, *, is_offered: bool, is_broken: bool) -> Word:
    """Return the state of a type; that it cannot be charged is what must be seen first."""
    if is_broken:
        return BROKEN
    if not known.active:
        return OFF_SALE
    return ON_SALE if is_offered else NO_SMS


def length_words(known: SubscriptionType) -> str:
    """Return how long a period is."""
    if known.length_method == LengthMethod.CALENDAR_DAYS:
        return _("a month of the calendar")
    length = ngettext("%(num)s day", "%(num)s days", known.length)
    if known.extending_length is None or known.extending_length == known.length:
        return length
    extending = ngettext("%(num)s day", "%(num)s days", known.extending_length)
    return _("%(length)s, extended by %(extending)s", length=length, extending=extending)


def charge_words(known: SubscriptionType, setting: str) -> str:
    """Return when the next period is charged; `setting` holds where the type says nothing."""
    hours = known.recurrent_charge_before
    if hours is None:
        hours = int(setting) if setting.isdecimal() else 0
    if hours == 0:
        return _("when the period ends")
    if hours < 0:
        return ngettext("%(num)s hour after the end", "%(num)s hours after the end", -hours)
    return ngettext("%(num)s hour before the end", "%(num)s hours before the end", hours)


def next_words(known: SubscriptionType, following: SubscriptionType | None) -> str:
    """Return what comes after a period that was paid."""
    if following is None:
        return _("the same again")
    periods = ngettext("after %(num)s period", "after %(num)s periods", known.trial_periods or 1)
    return f"{following.user_label}, {periods}"
