"""A paying reader writes what is nearly a STOP: nothing is charged until a person has asked, or decided.

The inbox has the SMS; the conversation leads to "Yes, stop" and "No, go on".
"""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core.errors import N_, Said
from crm.mobiletech.models import InboundMessage
from crm.mobiletech.rules.ports import StopCase
from crm.payments.lanes import take_lanes
from crm.payments.late_pauses import pause_orders
from crm.payments.models import RecurrentPayment
from crm.payments.pausing import go_on, pause
from crm.payments.statuses import OPEN
from crm.payments.stopping import stop
from crm.sms_billing.holdings import Holding, Holdings
from crm.sms_billing.senders import number_of, read_senders

REASON = N_("The reader may have meant STOP (SMS %(id)s): a person has to ask.")
_BEGINNING = REASON.partition("%")[0]


def heed_near_stops(session: Session, cases: Sequence[StopCase]) -> None:
    """Pause the renewals of the senders."""
    senders = read_senders(session, [case.message for case in cases])
    users = {case.message.id: senders.get(number_of(case.message) or "") for case in cases}
    holdings = Holdings(session, {user.id for user in users.values() if user is not None})
    for case in cases:
        user = users[case.message.id]
        if user is not None:
            pause_for_a_person(session, holdings.of(user.id), case.message)


def pause_for_a_person(session: Session, held: Holding, message: InboundMessage) -> None:
    """Pause what somebody has because of an SMS; what is paused already keeps its reason.

    An order on its way is billed or not, as it comes; the renewal after it is planned paused.
    """
    reason = str(Said(REASON, id=message.id))
    for row in held.rows:
        pause(session, row, reason)
    pause_orders(session, held.unbilled, reason)


def stop_as_meant(session: Session, user_id: int, *, reason: str) -> list[RecurrentPayment]:
    """Stop, in the reader's name, what a near STOP has paused; return it. The reader is told.

    A renewal that nobody has to decide about any more, or that staff paused for a reason of theirs, is left alone.
    Raises: UnstoppableError.
    """
    rows = _take_paused(session, user_id)
    stop(session, rows, by_user=True, note=reason)
    return rows


def let_go_on(session: Session, user_id: int, *, reason: str) -> list[RecurrentPayment]:
    """Let what a near STOP has paused be charged again; return it. The rest is left alone, as by `stop_as_meant`."""
    rows = _take_paused(session, user_id)
    for row in rows:
        go_on(session, row, reason)
    return rows


def list_paused(session: Session, user_id: int) -> Sequence[RecurrentPayment]:
    """Return the renewals of a person that a near STOP has paused, and that wait for a decision."""
    found = select(RecurrentPayment).where(
        RecurrentPayment.user_id == user_id,
        RecurrentPayment.state.in_(OPEN),
        RecurrentPayment.paused_at.is_not(None),
    )
    rows = session.execute(found.order_by(RecurrentPayment.id)).scalars()
    return [row for row in rows if _is_paused_by_an_sms(row)]


def _take_paused(session: Session, user_id: int) -> list[RecurrentPayment]:
    take_lanes(session, [user_id])
    return [row for row in Holdings(session, {user_id}).of(user_id).rows if _is_paused_by_an_sms(row)]


def _is_paused_by_an_sms(row: RecurrentPayment) -> bool:
    """Return whether a near STOP has paused it; its reason, which the row after a charge inherits, says so."""
    return row.paused_at is not None and (row.pause_reason or "").startswith(_BEGINNING)
