"""The last look before a paid SMS goes: is it still waited for, and has nobody stopped meanwhile?"""

from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core.errors import N_
from crm.mobiletech.last_look import Obstacle
from crm.payments.holding import find_hold
from crm.payments.late_stops import STOP_WANTED
from crm.payments.models import Payment, PaymentMeta, RecurrentPayment
from crm.payments.statuses import PaymentStatus, RecurrentState

NOT_WAITED_FOR = N_("Its payment waits for no SMS any more.")
HELD = N_("All renewals are held.")
PAUSED = N_("The renewal is paused and waits for a person.")
STOPPED = N_("The reader stopped before it left.")


def find_obstacles(session: Session, payment_ids: Sequence[int]) -> Mapping[int, Obstacle]:
    """Return, by payment, why its SMS must not go, for now or any more; those that may go are not in it."""
    if not payment_ids:
        return {}
    known = (
        select(
            Payment.id,
            Payment.status,
            RecurrentPayment.state,
            RecurrentPayment.stop_wanted,
            RecurrentPayment.paused_at,
            PaymentMeta.value,
        )
        .outerjoin(RecurrentPayment, RecurrentPayment.payment_id == Payment.id)
        .outerjoin(PaymentMeta, (PaymentMeta.payment_id == Payment.id) & (PaymentMeta.key == STOP_WANTED))
        .where(Payment.id.in_(payment_ids))
    )
    is_held = find_hold(session) is not None
    obstacles: dict[int, Obstacle] = {}
    for row in session.execute(known):
        if row.status != PaymentStatus.FORM or row.state not in (None, RecurrentState.PENDING):
            obstacles[row.id] = Obstacle(NOT_WAITED_FOR, is_final=True)
        elif row.stop_wanted or row.value:
            obstacles[row.id] = Obstacle(STOPPED, is_final=True)
        elif row.state is not None and (is_held or row.paused_at is not None):
            obstacles[row.id] = Obstacle(HELD if is_held else PAUSED, is_final=False)
    return obstacles
