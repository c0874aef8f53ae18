"""How the gateway has been lately: the last SMS, the last report, and whether paid sending is held back."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

_PULSE = text("""
    SELECT (SELECT created_at FROM mobiletech_inbound_messages ORDER BY created_at DESC, id DESC LIMIT 1) AS last_sms,
           (SELECT received_at FROM mobiletech_status_log ORDER BY id DESC LIMIT 1) AS last_report,
           (SELECT paused_until FROM mobiletech_gateway_state WHERE id = 1 AND paused_until > crm_now())
               AS paused_until
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """The last signs of the gateway; None is never, or not paused."""

    last_sms: datetime | None
    last_report: datetime | None
    paused_until: datetime | None


def read_pulse(session: Session) -> Pulse:
    """Return the pulse, by one statement that three indexes answer."""
    return Pulse(**session.execute(_PULSE).one()._mapping)
