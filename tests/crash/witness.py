"""An extension that writes one row for each event it hears, with no key to hide a second one."""

from sqlalchemy import text

from crm.core.db import current_session
from crm.events.registry import Event, Handler, Registry
from crm.mobiletech.events import INBOUND, OUTBOUND_STATUS
from crm.mobiletech.inbound import get_inbound_message
from crm.mobiletech.notifications import notify
from crm.mobiletech.wishes import Envelope

TABLE = "CREATE TABLE IF NOT EXISTS crash_witness (event text NOT NULL, entry_id bigint NOT NULL)"
FREE = "free"  # a message that begins with it is answered on the free key
_WRITE = text("INSERT INTO crash_witness (event, entry_id) VALUES (:event, :entry_id)")


def register(registry: Registry) -> None:
    """Listen to what the outbox promises to do once."""
    for event in (INBOUND, OUTBOUND_STATUS):
        registry.on(event, _writer(event), name="crash-witness")
    registry.on(INBOUND, _answer_for_free, name="crash-free-answer")


def _writer(name: str) -> Handler:
    def write(event: Event) -> None:
        current_session().execute(_WRITE, {"event": name, "entry_id": event.entry_id})

    return write


def _answer_for_free(event: Event) -> None:
    message = get_inbound_message(current_session(), event["mobiletech_inbound_message_id"])
    if message.content.startswith(FREE):
        told = {"original_message": message.content}
        notify(Envelope(message), None, "pong", told, key=f"free:{message.id}")
