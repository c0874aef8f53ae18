"""What a worker does every so often for the money sold by SMS; each opens its own transaction."""

from crm.core.db import transaction
from crm.sms_billing.confirming import tell_timeouts


def look_for_timeouts() -> str | None:
    """Find charges that have waited for an answer long enough."""
    with transaction() as session:
        tell_timeouts(session)
    return None
