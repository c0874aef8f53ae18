"""Payments of which nobody knows whether they were billed, and those that have waited longer than any SMS may."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import and_, func, literal, or_, select
from sqlalchemy.orm import Session

from crm.core.clock import db_now
from crm.mobiletech.models import OutboundMessage
from crm.mobiletech.outbound import OutboundState
from crm.mobiletech.wire.delivery_status import Billing
from crm.payments.models import RecurrentPayment
from crm.payments.statuses import RecurrentState

MOST = 1000
TOO_LONG = timedelta(hours=24)  # an SMS waits for ten hours at most
_ONCE_MORE = "_OPERATOR_CHANGE"  # it is sent once more, or held: known, if not over
M = OutboundMessage


def list_unproven(session: Session) -> Sequence[int]:
    """Return the payments whose live message is unproven (outcomes.is_unproven), the oldest message first."""
    state, status = OutboundState, M.status
    unproven = (
        select(M.payment_id)
        .where(
            M.payment_id.is_not(None),
            M.resent_as.is_(None),
            M.billing == literal(str(Billing.NONE), literal_execute=True),
            or_(
                M.state == literal(str(state.UNKNOWN), literal_execute=True),
                and_(
                    M.state == literal(str(state.ACCEPTED), literal_execute=True),
                    status.is_not(None),
                    status != _ONCE_MORE,
                ),
            ),
        )
        .order_by(M.id)
        .limit(MOST)
    )
    return [payment_id for payment_id in session.execute(unproven).scalars() if payment_id is not None]


def count_pending_too_long(session: Session, unproven: Sequence[int]) -> int:
    """Return how many charges have been on their way for more than a day, though nobody has them in hand."""
    held = select(M.id).where(M.payment_id == RecurrentPayment.payment_id, M.state == OutboundState.HELD)
    late = (
        select(literal(1))
        .where(
            RecurrentPayment.state == RecurrentState.PENDING,
            RecurrentPayment.charge_at < db_now() - TOO_LONG,
            RecurrentPayment.payment_id.not_in(unproven),
            ~held.exists(),
        )
        .limit(MOST)
        .subquery()
    )
    return session.execute(select(func.count()).select_from(late)).scalar_one()
