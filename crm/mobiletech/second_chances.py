"""What a person decides about a message that stands still: a held one goes or not, a doubtful free one is sent again.

What charges a reader is decided about by the money above (sms_billing); here it is only carried out.
"""

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core.clock import db_now
from crm.core.errors import N_
from crm.events.publish import Work, publish_again
from crm.mobiletech.errors import NotInDoubtError
from crm.mobiletech.events import SEND, lane_of
from crm.mobiletech.models import OutboundMessage
from crm.mobiletech.notifications import queue
from crm.mobiletech.operator_change import COPIED
from crm.mobiletech.outbound import OutboundState, get_outbound_message, move
from crm.mobiletech.search.keeping import keep_outbound_messages
from crm.users.audit_log import record_act

S = OutboundState
CALLED_OFF = N_("A person cancelled it while it was held.")
SENT_AGAIN = N_("Whether it went out is not known; a person had it sent again as message %(id)s.")
DROPPED = N_("Whether it went out is not known; a person dropped it.")


def lock_message(session: Session, message_id: int) -> OutboundMessage:
    """Return the message as it stands now, locked.

    Raises: NotFoundError.
    """
    get_outbound_message(session, message_id)
    found = select(OutboundMessage).where(OutboundMessage.id == message_id).with_for_update()
    return session.execute(found.execution_options(populate_existing=True)).scalar_one()


def let_go(session: Session, message: OutboundMessage, *, operator: str | None = None) -> bool:
    """Queue a held message, for another operator if one is named; its whole window is ahead of it again."""
    now = session.execute(select(db_now())).scalar_one()
    values = {"operator_type": operator} if operator else {}
    moved = move(
        session,
        [message.id],
        from_=(S.HELD,),
        to=S.QUEUED,
        state_reason=None,
        released_at=now,
        **values,
    )
    if moved:
        payload = {"mobiletech_outbound_message_id": message.id, "not_before": now.isoformat()}
        work = Work(key=f"send:{message.id}", payload=payload, lane=lane_of(message.to))
        publish_again(session, SEND, work)
        session.refresh(message)
    return bool(moved)


def call_off(session: Session, message: OutboundMessage) -> bool:
    """Cancel a held message for good; whoever waits for its money is told in the same transaction."""
    moved = move(session, [message.id], from_=(S.HELD,), to=S.CANCELLED, state_reason=CALLED_OFF)
    session.refresh(message)
    return bool(moved)


def send_again(session: Session, message_id: int, *, reason: str) -> OutboundMessage:
    """Send a free message of unknown fate once more, as a new one; return that.

    Raises: NotFoundError, NotInDoubtError.
    """
    message = _lock_doubtful(session, message_id)
    if message.is_secret:
        raise NotInDoubtError(N_("Its text is gone: whoever waits for a code asks for another."))
    copy = OutboundMessage(**{name: getattr(message, name) for name in COPIED})
    copy.key, copy.operator_type = f"again:{message.id}", message.operator_type
    session.add(copy)
    session.flush()
    keep_outbound_messages(session, [copy])
    queue(session, [copy])
    _end(session, message, SENT_AGAIN % {"id": copy.id})
    _record(session, "message.send_again", message.id, reason, message=copy.id)
    return copy


def drop(session: Session, message_id: int, *, reason: str) -> None:
    """Give a free message of unknown fate up.

    Raises: NotFoundError, NotInDoubtError.
    """
    message = _lock_doubtful(session, message_id)
    _end(session, message, DROPPED)
    _record(session, "message.drop", message.id, reason)


def _lock_doubtful(session: Session, message_id: int) -> OutboundMessage:
    message = lock_message(session, message_id)
    if message.paid:
        raise NotInDoubtError(N_("It may have charged the reader: settle its outcome instead."))
    if message.state != S.UNKNOWN:
        raise NotInDoubtError(N_("What became of it is known by now."))
    return message


def _end(session: Session, message: OutboundMessage, told: str) -> None:
    move(session, [message.id], from_=(S.UNKNOWN,), to=S.NOT_SENT, state_reason=told)
    session.refresh(message)


def _record(session: Session, action: str, message_id: int, reason: str, **after: object) -> None:
    record_act(session, action, f"outbound {message_id}", after=after or None, reason=reason)
