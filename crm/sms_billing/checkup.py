"""What may be wrong with the charging of renewals, for `crm doctor`: each fault in a sentence that says what to do."""

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core.business_settings import get_setting
from crm.core.clock import db_now
from crm.core.setting_kinds import parse_duration
from crm.mobiletech.client import LEASE_SECONDS
from crm.payments.charging import count_due
from crm.payments.holding import find_hold
from crm.payments.retry_rules import read_schedule
from crm.sms_billing.confirming import TIMEOUT_SETTING

CHARGES = "recurrent_payment_charges"
FAIL_DELAY = "recurrent_payment_gateway_fail_delay"
LATE = timedelta(minutes=10)
SHORTEST = timedelta(minutes=1)


def list_renewal_faults(session: Session) -> list[str]:
    """Return what is wrong; an empty list is good news."""
    return [*_due(session), *_schedule(session), *_timeouts(session)]


def _due(session: Session) -> Iterator[str]:
    hold = find_hold(session)
    if hold is not None:
        yield (
            f"All renewals are held since {hold.since:%Y-%m-%d %H:%M} UTC"
            f" ({hold.reason or 'no reason given'}): `crm payments resume` lets them go on."
        )
        return
    count, oldest = count_due(session)
    if oldest is not None and session.execute(select(db_now())).scalar_one() - oldest > LATE:
        yield (
            f"{count} renewals are due, the oldest since {oldest:%Y-%m-%d %H:%M} UTC:"
            " start a worker, or run `crm payments charge`."
        )


def _schedule(session: Session) -> Iterator[str]:
    charges = get_setting(session, CHARGES)
    try:
        schedule = read_schedule(charges, get_setting(session, FAIL_DELAY))
    except ValueError as error:
        yield f"{CHARGES} or {FAIL_DELAY} cannot be read: {error}"
        return
    if schedule.retries == 0:
        yield f"{CHARGES} has fewer than two entries: a charge that fails is not tried again."
    if any(delay < SHORTEST for delay in (*schedule.delays, schedule.after_our_failure)):
        yield f"{CHARGES} or {FAIL_DELAY} has a delay under a minute: readers would be sent SMS after SMS."


def _timeouts(session: Session) -> Iterator[str]:
    timeout = parse_duration(get_setting(session, TIMEOUT_SETTING))
    if timeout <= timedelta(seconds=LEASE_SECONDS):
        yield (
            f"{TIMEOUT_SETTING} must be longer than the lease of a send, {LEASE_SECONDS:g} s:"
            " a charge could fail while it is being sent."
        )
