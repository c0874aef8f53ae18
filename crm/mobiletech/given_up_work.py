"""Work that a person gives up for good, and the message that it would have sent: nothing moves that any more.

A message left on its way would hold back every later one to its number.
"""

from collections.abc import Collection

from sqlalchemy.orm import Session

from crm.core.errors import N_
from crm.events.failed_work import find_work
from crm.mobiletech.events import SEND
from crm.mobiletech.outbound import OutboundState, move
from crm.users.failed_work import discard_work

_NEVER_SENT = N_("A person gave up the work that would have sent it.")
_NOT_KNOWN = N_("A person gave up the work that was sending it; whether it went out is not known.")


def give_up_work(session: Session, entry_ids: Collection[int], *, reason: str = "") -> int:
    """Give failed work up, all of it or none; return how many entries that were.

    Raises: NotFoundError if no failed work has one of the ids.
    """
    count = discard_work(session, entry_ids, reason=reason)
    entries = find_work(session, sorted(set(entry_ids)))
    sends = [entry.payload["mobiletech_outbound_message_id"] for entry in entries if entry.event == SEND]
    states = OutboundState
    move(session, sends, from_=(states.QUEUED,), to=states.CANCELLED, state_reason=_NEVER_SENT)
    move(session, sends, from_=(states.SENDING,), to=states.UNKNOWN, state_reason=_NOT_KNOWN)
    return count
