"""A paid message that a person decides about, taken in hand: its reader's lane first, then its row."""

from sqlalchemy.orm import Session

from crm.core.errors import N_
from crm.mobiletech.errors import NotInDoubtError
from crm.mobiletech.events import lane_of
from crm.mobiletech.models import OutboundMessage
from crm.mobiletech.outbound import get_outbound_message
from crm.mobiletech.second_chances import lock_message
from crm.payments.lanes import lanes_of, take_named
from crm.payments.models import Payment


def take_message(session: Session, message_id: int) -> OutboundMessage:
    """Lock a message that charges, or would have, and with it all that its reader pays.

    Raises: NotFoundError, NotInDoubtError for a free one.
    """
    message = get_outbound_message(session, message_id)
    payment = session.get(Payment, message.payment_id) if message.payment_id else None
    readers = lanes_of(session, [payment.user_id]).values() if payment is not None else ()
    take_named(session, {lane_of(message.to), *readers})  # at once: two who take both never wait in a circle
    return lock_message(session, message_id)


def check_paid(message: OutboundMessage) -> None:
    """Refuse a free message: nobody is charged by it.

    Raises: NotInDoubtError.
    """
    if not message.paid:
        raise NotInDoubtError(N_("It was free: there is nothing to settle."))
