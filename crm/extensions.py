"""What an extension may use: import from here, and nothing breaks when the house is rearranged inside.

    def register(registry):
        registry.on("mobiletech-inbound", greet)

    def greet(event):
        inbound = get_inbound_message(event["mobiletech_inbound_message_id"])
        notify(Envelope(inbound), inbound.user_id, "welcome", {"name": "Eva"})

A handler runs in a worker, inside a transaction: what it does and the fact that it did are one. It may run
again after a failure, never after a success. README has the whole chapter.

`registry.authenticator(link, priority=300)` adds a link to the chain that lets people in: an object with a
`name` and `claim(session, credentials)`, which returns None to abstain or a Claim.
"""

from crm.core.db import current_session
from crm.events.registry import Event
from crm.mobiletech import inbound, outbound
from crm.mobiletech.models import InboundMessage, OutboundMessage
from crm.mobiletech.notifications import notify
from crm.mobiletech.wishes import Envelope
from crm.users.attempts import AttemptStatus, Tried
from crm.users.authentication import Claim, Credentials
from crm.users.authenticators import claim_by_password
from crm.users.queries import find_by_ext_id

__all__ = [
    "AttemptStatus",
    "Claim",
    "Credentials",
    "Envelope",
    "Event",
    "Tried",
    "claim_by_password",
    "find_by_ext_id",
    "get_inbound_message",
    "get_outbound_message",
    "notify",
]


def get_inbound_message(message_id: int) -> InboundMessage:
    """Return an SMS from a reader.

    Raises: NotFoundError.
    """
    return inbound.get_inbound_message(current_session(), message_id)


def get_outbound_message(message_id: int) -> OutboundMessage:
    """Return an SMS from us.

    Raises: NotFoundError.
    """
    return outbound.get_outbound_message(current_session(), message_id)
