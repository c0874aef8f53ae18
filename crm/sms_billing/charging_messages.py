"""The SMS by which payments were charged, or were to be."""

from collections.abc import Collection, Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.mobiletech.models import OutboundMessage


def read_charging_messages(session: Session, payment_ids: Collection[int]) -> Mapping[int, OutboundMessage]:
    """Return each payment's SMS; of several the one that was billed, or else the newest."""
    if not payment_ids:
        return {}
    found = select(OutboundMessage).where(OutboundMessage.payment_id.in_(payment_ids))
    order = ((OutboundMessage.billing == "billed"), OutboundMessage.id)
    messages = session.execute(found.order_by(*order)).scalars()
    return {message.payment_id or 0: message for message in messages}  # the last of each stays
