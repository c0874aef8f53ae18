"""The last look before a paid SMS goes: is it still waited for, and has nobody stopped meanwhile?"""

from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core.errors import N_
from crm.payments.late_stops import STOP_WANTED
from crm.payments.models import Payment, PaymentMeta, RecurrentPayment
from crm.payments.statuses import PaymentStatus, RecurrentState

NOT_WAITED_FOR = N_("Its payment waits for no SMS any more.")
STOPPED = N_("The reader stopped before it left.")


def find_obstacles(session: Session, payment_ids: Sequence[int]) -> Mapping[int, str]:
    """Return, by payment, why its SMS must not go any more; those that may go are not in it."""
    if not payment_ids:
        return {}
    known = (
        select(
            Payment.id,
            Payment.status,
            RecurrentPayment.state,
            RecurrentPayment.stop_wanted,
            PaymentMeta.value,
        )
        .outerjoin(RecurrentPayment, RecurrentPayment.payment_id == Payment.id)
        .outerjoin(PaymentMeta, (PaymentMeta.payment_id == Payment.id) & (PaymentMeta.key == STOP_WANTED))
        .where(Payment.id.in_(payment_ids))
    )
    obstacles: dict[int, str] = {}
    for row in session.execute(known):
        if row.status != PaymentStatus.FORM or row.state not in (None, RecurrentState.PENDING):
            obstacles[row.id] = NOT_WAITED_FOR
        elif row.stop_wanted or row.value:
            obstacles[row.id] = STOPPED
    return obstacles
