"""Messages of ours, as they stand before they are sent."""

from itertools import count
from typing import Any

from crm.core.db import transaction
from crm.mobiletech.models import OutboundMessage
from crm.mobiletech.notifications import queue

_payments = count(1000)


def make_outbound(*, paid: bool = False, is_queued: bool = True, **overrides: Any) -> int:
    """Add a message, with the work to send it unless `is_queued` is off, and return its id."""
    values = {
        "purpose": "paid" if paid else "service",
        "payment_id": next(_payments) if paid else None,
        "serv_id": "1703",
        "from_": "8877",
        "to": "+421908630549",
        "billkey": "AA99" if paid else "AZ19",
        "content": "Dakujeme",
        "content_length": 8,
        "encoding": "gsm7",
        "parts": 1,
        "expiration": 600,
        "operator_type": "O",
    } | overrides
    with transaction() as session:
        message = OutboundMessage(paid=paid, **values)
        session.add(message)
        session.flush()
        if is_queued:
            queue(session, [message])
        return message.id
