"""A paying reader writes what is nearly a STOP: nothing is charged until a person has asked, or decided.

The inbox has the SMS; its page and the renewal's say "Yes, stop" and "No, go on".
"""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core.errors import N_, Said
from crm.mobiletech.models import InboundMessage
from crm.mobiletech.rules.ports import StopCase
from crm.payments.lanes import take_lanes
from crm.payments.models import RecurrentPayment
from crm.payments.pausing import go_on, pause
from crm.payments.statuses import OPEN
from crm.payments.stopping import stop
from crm.sms_billing.holdings import Holdings
from crm.sms_billing.senders import number_of, read_senders

REASON = N_("The reader may have meant STOP (SMS %(id)s): a person has to ask.")
WENT_ON = N_("The reader did not mean STOP: a person has asked.")
CONFIRMED = N_("The reader meant STOP: a person has asked.")


def heed_near_stops(session: Session, cases: Sequence[StopCase]) -> None:
    """Pause the renewals of the senders."""
    senders = read_senders(session, [case.message for case in cases])
    users = {case.message.id: senders.get(number_of(case.message) or "") for case in cases}
    holdings = Holdings(session, {user.id for user in users.values() if user is not None})
    for case in cases:
        user = users[case.message.id]
        if user is not None:
            pause_for_a_person(session, holdings.of(user.id).rows, case.message)


def pause_for_a_person(
    session: Session, rows: Sequence[RecurrentPayment], message: InboundMessage
) -> list[RecurrentPayment]:
    """Pause renewals because of an SMS; return those that were not paused yet."""
    return [row for row in rows if pause(session, row, str(Said(REASON, id=message.id)))]


def decide(session: Session, user_id: int, *, stops: bool) -> list[RecurrentPayment]:
    """Do what a person has found out: stop what is paused, in the reader's name, or let it go on; return those.

    A renewal that nobody has to decide about any more is left alone.
    """
    take_lanes(session, [user_id])
    rows = [row for row in Holdings(session, {user_id}).of(user_id).rows if row.paused_at is not None]
    if stops:
        stop(session, rows, by_user=True, note=CONFIRMED)
    else:
        for row in rows:
            go_on(session, row, WENT_ON)
    return rows


def list_paused(session: Session, user_id: int) -> Sequence[RecurrentPayment]:
    """Return the renewals of a person that wait for a decision."""
    found = select(RecurrentPayment).where(
        RecurrentPayment.user_id == user_id,
        RecurrentPayment.state.in_(OPEN),
        RecurrentPayment.paused_at.is_not(None),
    )
    return session.execute(found.order_by(RecurrentPayment.id)).scalars().all()
