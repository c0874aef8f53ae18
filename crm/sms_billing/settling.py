"""A person decides what nobody knows: whether an SMS has charged its reader. The gateway's own list has the answer.

What is decided counts as the gateway's word would, and only the gateway can still say more: a report that comes
later and says billed pays after all. Source: reliability.md 1, rule 4; interface.md 8.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from crm.core.errors import N_
from crm.core.log import get_logger
from crm.mobiletech.errors import NotInDoubtError
from crm.mobiletech.models import OutboundMessage
from crm.mobiletech.outbound import OutboundState, move
from crm.mobiletech.wire.delivery_status import Billing
from crm.sms_billing.confirming import judge
from crm.sms_billing.deciding import check_paid, take_message
from crm.sms_billing.models import SettledOutcome
from crm.sms_billing.outcomes import NOT_CHARGED, is_unproven
from crm.users.audit_log import find_actor, record_act

log = get_logger(__name__)

S = OutboundState


class Decision(StrEnum):
    """What a person found out."""

    BILLED = "billed"
    NOT_BILLED = "not_billed"


def settle(session: Session, message_id: int, decision: Decision, *, reason: str) -> OutboundMessage:
    """Let an unproven message count as billed, or as not; its payment is paid, or fails and is tried again by rule.

    Raises: NotFoundError, NotInDoubtError if its outcome is known.
    """
    message = take_message(session, message_id)
    check_paid(message)
    if not is_unproven(message):
        raise NotInDoubtError(N_("What became of it is known by now."))
    before = {"state": message.state, "billing": message.billing}
    _DECISIONS[decision](session, message)
    session.refresh(message)
    actor = find_actor()
    row = {
        "outbound_message_id": message.id,
        "decision": decision,
        "reason": reason,
        "author_id": actor.user_id if actor else None,
    }
    newer = insert(SettledOutcome).values(
        row
    )  # decided anew when an id that was bound meanwhile tells no more
    session.execute(newer.on_conflict_do_update(index_elements=["outbound_message_id"], set_=row))
    after = {"state": message.state, "billing": message.billing, "decision": str(decision)}
    record_act(session, "outcome.settle", f"outbound {message.id}", before=before, after=after, reason=reason)
    log.warning("outcome_settled", outbound_id=message.id, decision=decision)
    if message.payment_id is not None:
        judge(session, [message.payment_id])
    return message


def _billed(session: Session, message: OutboundMessage) -> None:
    if message.state == S.UNKNOWN:
        sent_at = message.sending_at or message.created_at
        move(session, [message.id], from_=(S.UNKNOWN,), to=S.ACCEPTED, state_reason=None, sent_at=sent_at)
    _count_as(session, message, Billing.BILLED)


def _not_billed(session: Session, message: OutboundMessage) -> None:
    if message.state == S.UNKNOWN:
        move(session, [message.id], from_=(S.UNKNOWN,), to=S.NOT_SENT, state_reason=NOT_CHARGED)
    else:
        _count_as(session, message, Billing.FAILED)


def _count_as(session: Session, message: OutboundMessage, billing: Billing) -> None:
    session.refresh(message)
    message.billing = billing
    session.flush()


_DECISIONS: Mapping[Decision, Callable[[Session, OutboundMessage], None]] = {
    Decision.BILLED: _billed,
    Decision.NOT_BILLED: _not_billed,
}
