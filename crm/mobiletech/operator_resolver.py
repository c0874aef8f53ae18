"""Which operator serves a number now: what it last sent, what last reached it, its prefix.

Numbers move between operators, so evidence beats the prefix. Once the gateway says `_OPERATOR_CHANGE`, the
operator that we had used is believed again only if a newer SMS from the number names it.
Source: domain.md 7, interface.md 8.
"""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.mobiletech.models import InboundMessage, OutboundMessage, StatusReport
from crm.mobiletech.wire.delivery_status import Billing
from crm.mobiletech.wire.operators import Operator, find_operator, operator_by_prefix

OPERATOR_CHANGE = "_OPERATOR_CHANGE"


def resolve_operator(session: Session, number: str) -> Operator | None:
    """Return the operator of a number written as the gateway writes it, None if nothing tells."""
    wrong = _last_proved_wrong(session, number)
    inbound = _last_inbound(session, number)
    if inbound is not None and (wrong is None or inbound[1] > wrong[1] or inbound[0] != wrong[0]):
        return inbound[0]
    guess = _last_delivered(session, number) or operator_by_prefix(number)
    return None if wrong is not None and guess == wrong[0] else guess


def _last_inbound(session: Session, number: str) -> tuple[Operator, datetime] | None:
    statement = (
        select(InboundMessage.operator_type, InboundMessage.created_at)
        .where(InboundMessage.from_ == number, InboundMessage.operator_type.in_(list(Operator)))
        .order_by(InboundMessage.id.desc())
        .limit(1)
    )
    found = session.execute(statement).one_or_none()
    operator = find_operator(found.operator_type) if found else None
    return (operator, found.created_at) if found and operator else None


def _last_delivered(session: Session, number: str) -> Operator | None:
    statement = (
        select(OutboundMessage.operator_type)
        .where(OutboundMessage.to == number, OutboundMessage.billing == Billing.BILLED)
        .order_by(OutboundMessage.id.desc())
        .limit(1)
    )
    letter = session.execute(statement).scalar_one_or_none()
    return find_operator(letter) if letter else None


def _last_proved_wrong(session: Session, number: str) -> tuple[Operator | None, datetime] | None:
    statement = (
        select(OutboundMessage.operator_type, StatusReport.received_at)
        .join(StatusReport, StatusReport.mobiletech_id == OutboundMessage.mobiletech_id)
        .where(OutboundMessage.to == number, StatusReport.status == OPERATOR_CHANGE)
        .order_by(StatusReport.id.desc())
        .limit(1)
    )
    found = session.execute(statement).one_or_none()
    return (find_operator(found.operator_type), found.received_at) if found else None
