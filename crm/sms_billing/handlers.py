"""What the money does when something is told about an SMS; each runs in a worker, inside a transaction, for a batch."""

from collections.abc import Sequence

from crm.core.db import current_session
from crm.events.registry import Event
from crm.mobiletech.handlers import on_outbound_statuses
from crm.sms_billing.confirming import judge, payments_of


def apply_reports(events: Sequence[Event]) -> None:
    """Fold what was reported about messages, then judge their payments: one does not happen without the other."""
    on_outbound_statuses(events)
    confirm_payments(events)


def confirm_payments(events: Sequence[Event]) -> None:
    """Messages ended without a report, or with one that is applied: their payments learn of it."""
    session = current_session()
    ids = payments_of(session, [event["mobiletech_outbound_message_id"] for event in events])
    if ids:
        judge(session, ids)


def end_waiting(events: Sequence[Event]) -> None:
    """Nothing was reported for so long that it can be billed no more: the charge failed."""
    judge(current_session(), {event["payment_id"] for event in events}, silence_is_failure=True)
