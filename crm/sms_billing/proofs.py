"""What SMS tell of payments: the proof of each, what nobody knows, what is held, and what a number was charged."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum

from sqlalchemy import select, union
from sqlalchemy.orm import Session

from crm.core.phone import find_slovak_mobile
from crm.mobiletech.models import OutboundMessage
from crm.mobiletech.outbound import OutboundState
from crm.mobiletech.wire.delivery_status import Billing
from crm.payments.models import Payment
from crm.payments.statuses import PaymentStatus
from crm.sms_billing.outcomes import OutcomeKind, find_outcome
from crm.sms_billing.unproven import list_unproven
from crm.users.models import MobilePhone

MOST_UNMADE = 500  # failed payments of a person that are asked whether they had an SMS


class Waits(StrEnum):
    """For what a person has to look at an open payment."""

    UNPROVEN = "unproven"  # nobody knows whether it was billed
    HELD = "held"  # its SMS goes when a person lets it


def list_messages_of(
    session: Session, payment_ids: Collection[int]
) -> Mapping[int, Sequence[OutboundMessage]]:
    """Return the SMS of each payment, the oldest first; a payment without any is not in it."""
    found = select(OutboundMessage).where(OutboundMessage.payment_id.in_(payment_ids))
    messages: defaultdict[int, list[OutboundMessage]] = defaultdict(list)
    for message in session.execute(found.order_by(OutboundMessage.id)).scalars():
        messages[message.payment_id or 0].append(message)
    return messages


def find_proof(messages: Sequence[OutboundMessage]) -> OutboundMessage | None:
    """Return the SMS that decides: the one that was billed, else the one that may yet be."""
    if not messages:
        return None
    billed = (message for message in messages if message.billing == Billing.BILLED)
    live = (message for message in reversed(messages) if message.resent_as is None)
    return next(billed, None) or next(live, messages[-1])


def why_it_waits(messages: Sequence[OutboundMessage]) -> Waits | None:
    """Return what a person has to do about an open payment with these SMS, if anything."""
    outcome = find_outcome(messages)
    if outcome.kind is OutcomeKind.UNKNOWN:
        return Waits.UNPROVEN
    is_held = outcome.message is not None and outcome.message.state == OutboundState.HELD
    return Waits.HELD if is_held and outcome.kind is OutcomeKind.PENDING else None


def list_waiting(session: Session, waits: Waits) -> Sequence[int]:
    """Return the open payments that wait for a person so."""
    return list_unproven(session) if waits is Waits.UNPROVEN else _list_held(session)


def list_payments_of(session: Session, numbers: Collection[str]) -> Sequence[int]:
    """Return the payments that were charged to the numbers, or would have been: of their persons, without an SMS.

    Shape: `numbers` in the gateway's spelling.
    """
    of_number = select(OutboundMessage.payment_id).where(
        OutboundMessage.to.in_(numbers), OutboundMessage.paid, OutboundMessage.payment_id.is_not(None)
    )
    locals_ = [local for number in numbers if (local := find_slovak_mobile(number))]
    owners = select(MobilePhone.user_id).where(MobilePhone.phone_number.in_(locals_))
    refused = select(Payment.id).where(
        Payment.user_id.in_(owners), Payment.status == PaymentStatus.FAIL, Payment.failure.is_not(None)
    )
    newest = refused.order_by(Payment.id.desc()).limit(MOST_UNMADE).subquery()
    message = select(OutboundMessage.id).where(OutboundMessage.payment_id == newest.c.id)
    never_made = select(newest.c.id).where(~message.exists())
    return session.execute(union(of_number, never_made)).scalars().all()


def _list_held(session: Session) -> Sequence[int]:
    found = (
        select(Payment.id)
        .join(OutboundMessage, OutboundMessage.payment_id == Payment.id)
        .where(
            Payment.status == PaymentStatus.FORM,
            OutboundMessage.state == OutboundState.HELD,
            OutboundMessage.resent_as.is_(None),
        )
    )
    return session.execute(found).scalars().all()
