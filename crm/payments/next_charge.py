"""When is a renewal charged next, and as what? Pure: the period that ends, the type that follows it.

Source: behaviour.md 7.6 (calculateChargeAt) and 7.7 (next type), defects P02 and P15: whatever the settings say, there
is a moment, and it is never so early that a reader would pay twice for one period.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from crm.subscriptions.models import SubscriptionType

EARLIEST_SHARE = 0.8  # of a period: no renewal is charged sooner after the payment before


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """What was paid for last; without a subscription it lasts as long as its type says."""

    paid_at: datetime
    length_days: int
    start: datetime | None = None
    end: datetime | None = None


def earliest_charge(period: Period) -> datetime:
    """Return the first moment when the next charge may be made."""
    return period.paid_at + EARLIEST_SHARE * timedelta(days=period.length_days)


def find_charge_at(period: Period, hours_before: int) -> datetime:
    """Return when the period after this one is charged: so many hours before its end, after it when negative."""
    end = period.end or period.paid_at + timedelta(days=period.length_days)
    wanted = end - timedelta(hours=hours_before)
    if period.start is not None and wanted <= period.start:
        wanted = end  # so early that the period would not have begun
    return max(wanted, earliest_charge(period))


def hours_before(kind: SubscriptionType, setting: str) -> int:
    """Return what the type says, or else the setting `recurrent_charge_before`; 0 for neither."""
    if kind.recurrent_charge_before is not None:
        return kind.recurrent_charge_before
    return int(setting) if setting else 0


def find_next_type_id(
    wanted: SubscriptionType, periods_used: int, types: Mapping[int, SubscriptionType]
) -> int:
    """Return the type that is charged now: the one after the trial once its periods are used up."""
    following = wanted.next_subscription_type_id
    trial = 1 if wanted.trial_periods is None else wanted.trial_periods
    if following is None or following not in types or trial == 0:
        return wanted.id
    return following if periods_used >= trial else wanted.id
