"""What a worker does every so often for the money sold by SMS; each opens its own transactions."""

from crm.core.clock import monotonic
from crm.core.db import transaction
from crm.sms_billing import notices
from crm.sms_billing.confirming import BATCH, tell_forgotten, tell_timeouts

FOR_SECONDS = 10.0


def look_for_timeouts() -> str | None:
    """Find charges that have waited for an answer long enough, and those that were answered and not judged."""
    found = BATCH
    while found >= BATCH:
        with transaction() as session:
            found = tell_timeouts(session)
    with transaction() as session:
        tell_forgotten(session)
    return None


def announce_renewals() -> str | None:
    """Tell whose renewal comes soon, until nobody is left to tell or it is time to let others have a turn."""
    until = monotonic() + FOR_SECONDS
    while monotonic() < until:
        with transaction() as session:
            seen = notices.give_notices(session)
        if seen < notices.BATCH:
            break
    return None
