"""The SMS by which payments were charged, or were to be, and how far those have come that are open."""

from collections.abc import Collection, Mapping
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.mobiletech.models import OutboundMessage
from crm.mobiletech.outbound import OutboundState
from crm.sms_billing.confirming import read_outcomes
from crm.sms_billing.outcomes import Outcome, OutcomeKind


class Course(StrEnum):
    """How far the charge of an open payment has come."""

    ON_ITS_WAY = "on_its_way"
    HELD = "held"  # it has not left, and waits for a person
    UNKNOWN = "unknown"  # nobody knows whether it was billed


def read_charging_messages(session: Session, payment_ids: Collection[int]) -> Mapping[int, OutboundMessage]:
    """Return each payment's SMS; of several the one that was billed, or else the newest."""
    if not payment_ids:
        return {}
    found = select(OutboundMessage).where(OutboundMessage.payment_id.in_(payment_ids))
    order = ((OutboundMessage.billing == "billed"), OutboundMessage.id)
    messages = session.execute(found.order_by(*order)).scalars()
    return {message.payment_id or 0: message for message in messages}  # the last of each stays


def read_courses(session: Session, payment_ids: Collection[int]) -> Mapping[int, Course]:
    """Return how far the charges of open payments have come; one without an SMS is not in it."""
    if not payment_ids:
        return {}
    return {payment_id: _course(each) for payment_id, each in read_outcomes(session, payment_ids).items()}


def _course(outcome: Outcome) -> Course:
    if outcome.kind is OutcomeKind.UNKNOWN:
        return Course.UNKNOWN
    is_held = outcome.message is not None and outcome.message.state == OutboundState.HELD
    return Course.HELD if is_held else Course.ON_ITS_WAY
