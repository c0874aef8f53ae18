"""Reports of a message that we do not know, and a message without an id: a person says that they belong together.

We may have died between the gateway's answer and our note of it; its reports then speak of an id that is none of
ours. Bound to its message, the id lets them decide. Source: reliability.md 4, D6 and D7.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.core.errors import N_
from crm.core.log import get_logger
from crm.mobiletech.errors import NotInDoubtError
from crm.mobiletech.models import OutboundMessage, StatusReport
from crm.mobiletech.outbound import OutboundState, move
from crm.mobiletech.status_reports import announce_waiting, lock_ids
from crm.sms_billing.deciding import check_paid, take_message
from crm.users.audit_log import record_act

log = get_logger(__name__)

S = OutboundState
BEFORE = timedelta(minutes=1)  # the gateway's clock and ours need not agree
WITHIN = timedelta(days=3)
MOST = 10
BINDABLE = (S.UNKNOWN, S.NOT_SENT, S.ACCEPTED)  # accepted without an id: a person said that it was billed


@dataclass(frozen=True, slots=True, kw_only=True)
class Orphan:
    """An id that is none of ours, and what was reported of it."""

    mobiletech_id: str
    codes: tuple[str, ...]
    first_at: datetime


def list_orphans(session: Session, message: OutboundMessage) -> Sequence[Orphan]:
    """Return the ids whose reports may be those of the message: none of ours, and near in time, the nearest first."""
    began = message.sending_at
    if began is None or not can_be_bound(message):
        return []
    known = select(OutboundMessage.id).where(OutboundMessage.mobiletech_id == StatusReport.mobiletech_id)
    first_at = func.min(StatusReport.received_at)
    found = (
        select(StatusReport.mobiletech_id, func.array_agg(StatusReport.status), first_at)
        .where(
            StatusReport.applied_at.is_(None),
            StatusReport.received_at.between(began - BEFORE, began + WITHIN),
            ~known.exists(),
        )
        .group_by(StatusReport.mobiletech_id)
        .order_by(first_at, StatusReport.mobiletech_id)
        .limit(MOST)
    )
    return [
        Orphan(mobiletech_id=mobiletech_id, codes=tuple(sorted(codes)), first_at=at)
        for mobiletech_id, codes, at in session.execute(found)
    ]


def can_be_bound(message: OutboundMessage) -> bool:
    """Return whether an id of the gateway may still be found for a paid message."""
    return message.paid and message.mobiletech_id is None and message.state in BINDABLE


def bind(session: Session, message_id: int, mobiletech_id: str, *, reason: str) -> OutboundMessage:
    """Give a message the id that its reports speak of; what they say is applied at once, by the worker.

    Raises: NotFoundError, NotInDoubtError if it has an id, or the reports are not free.
    """
    message = take_message(session, message_id)
    check_paid(message)
    if not can_be_bound(message):
        raise NotInDoubtError(N_("What became of it is known by now."))
    lock_ids(session, [mobiletech_id])
    if mobiletech_id not in {orphan.mobiletech_id for orphan in list_orphans(session, message)}:
        raise NotInDoubtError(N_("These reports are not free, or not of the time of this message."))
    before = {"state": message.state, "mobiletech_id": None}
    _bind(session, message, mobiletech_id)
    announce_waiting(session, [mobiletech_id])
    after = {"state": message.state, "mobiletech_id": mobiletech_id}
    record_act(session, "message.bind", f"outbound {message.id}", before=before, after=after, reason=reason)
    log.warning("message_bound", outbound_id=message.id, mobiletech_id=mobiletech_id)
    return message


def _bind(session: Session, message: OutboundMessage, mobiletech_id: str) -> None:
    in_doubt = (S.UNKNOWN, S.NOT_SENT)
    move(
        session,
        [message.id],
        from_=in_doubt,
        to=S.ACCEPTED,
        state_reason=None,
        sent_at=message.sending_at,
    )
    session.refresh(message)
    message.mobiletech_id = mobiletech_id
    session.flush()
