"""What a worker does every so often for the money sold by SMS; each opens its own transactions."""

from crm.core.clock import monotonic
from crm.core.db import transaction
from crm.sms_billing.confirming import tell_timeouts
from crm.sms_billing.notices import BATCH, give_notices

FOR_SECONDS = 10.0


def look_for_timeouts() -> str | None:
    """Find charges that have waited for an answer long enough."""
    with transaction() as session:
        tell_timeouts(session)
    return None


def announce_renewals() -> str | None:
    """Tell whose renewal comes soon, until nobody is left to tell or it is time to let others have a turn."""
    until = monotonic() + FOR_SECONDS
    while monotonic() < until:
        with transaction() as session:
            seen = give_notices(session)
        if seen < BATCH:
            break
    return None
