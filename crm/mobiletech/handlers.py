"""What we do by ourselves when an SMS or a report comes in; each runs in a worker, inside a transaction."""

from datetime import timedelta

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from crm.core.business_settings import get_setting, parse_duration
from crm.core.db import current_session
from crm.events.registry import Event
from crm.mobiletech.inbound import get_inbound_message
from crm.mobiletech.models import InboundMessage, OutboundMessage
from crm.mobiletech.notifications import Envelope, Reason, notify, refuse
from crm.mobiletech.outbound import OutboundPurpose
from crm.mobiletech.status_reports import apply_statuses
from crm.mobiletech.stop_words import is_stop
from crm.users.accounts import confirm


def mark_duplicate(event: Event) -> None:
    """Mark the same text from the same number, under a new id, within the window: an operator's repeat."""
    session, message = current_session(), _inbound(event)
    window = parse_duration(get_setting(session, "mobiletech_duplicate_window"))
    if window == timedelta(0):
        return
    original = (
        select(InboundMessage.id)
        .where(
            InboundMessage.from_ == message.from_,
            InboundMessage.to == message.to,
            InboundMessage.content == message.content,
            InboundMessage.id < message.id,
            InboundMessage.created_at >= message.created_at - window,
            InboundMessage.duplicate_of.is_(None),
        )
        .order_by(InboundMessage.id.desc())
        .limit(1)
    )
    message.duplicate_of = session.execute(original).scalar_one_or_none()
    session.flush()


def confirm_user(event: Event) -> None:
    """Confirm the account of the sender: who sends from a number has it in hand."""
    user_id = _inbound(event).user_id
    if user_id is not None:
        confirm(current_session(), user_id)


def answer_test(event: Event) -> None:
    """Answer what nobody else answered, if both test settings are there and the text is no STOP."""
    session = current_session()
    billkey = get_setting(session, "mobiletech_test_billkey")
    code = get_setting(session, "mobiletech_test_template_code")
    message = _inbound(event)
    if not (billkey and code) or is_stop(message.content) or _is_answered(session, message):
        return
    envelope = Envelope(message, billkey=billkey)
    if event.failed_handlers:
        told = f"{', '.join(event.failed_handlers)} failed and will be tried again; it may still answer."
        refuse(
            session,
            Reason.OTHER_HANDLER_FAILED,
            told,
            envelope=envelope,
            user_id=message.user_id,
            template_code=code,
        )
        return
    notify(
        envelope,
        message.user_id,
        code,
        {"original_message": message.content},
        purpose=OutboundPurpose.TEST,
        key=f"test-answer:{message.id}",
        session=session,
    )


def on_outbound_status(event: Event) -> None:
    """Fold what was reported about a message into its state."""
    apply_statuses(current_session(), event["mobiletech_outbound_message_id"])


def _inbound(event: Event) -> InboundMessage:
    return get_inbound_message(current_session(), event["mobiletech_inbound_message_id"])


def _is_answered(session: Session, message: InboundMessage) -> bool:
    answer = exists().where(OutboundMessage.rcv_msg_id == message.mobiletech_id)
    return bool(session.execute(select(answer)).scalar())
