"""After a restore nobody knows what went out since the backup: what waited in it and charges is not sent again."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core.clock import db_now
from crm.core.errors import N_
from crm.mobiletech.models import OutboundMessage
from crm.mobiletech.outbound import OutboundState as S
from crm.mobiletech.outbound import move

_NOT_KNOWN = N_("It waited in a backup that was restored; whether it went out since then is not known.")


def doubt_waiting(session: Session) -> int:
    """Let every message that charges and waits to be sent be `unknown`, for a person to settle; return how many."""
    waiting = select(OutboundMessage.id).where(OutboundMessage.state == S.QUEUED, OutboundMessage.paid)
    ids = session.execute(waiting).scalars().all()
    move(session, ids, from_=(S.QUEUED,), to=S.SENDING, sending_at=db_now())
    return len(move(session, ids, from_=(S.SENDING,), to=S.UNKNOWN, state_reason=_NOT_KNOWN))
