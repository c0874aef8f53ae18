"""What the money tells the rest of the house and extensions; published in the transaction of the change."""

from collections.abc import Iterable, Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core.clock import db_now
from crm.events.publish import Work, publish_many
from crm.payments.statuses import PaymentStatus, RecurrentState

PAYMENT_STATUS_CHANGE = "payment-status-change"  # payload: payment_id, status
# payload: recurrent_payment_id, state; told are planned, stopped and failed ones: pending and charged ones are
# known by their payment, and there are many of them.
RENEWAL_STATE_CHANGED = "recurrent-payment-state-changed"
# A person stopped a renewal, also one whose charge had left: payload recurrent_payment_id, state (whose stop it is),
# may_still_be_billed, is_told (the reader was told already), at (when, ISO 8601).
RENEWAL_STOPPED = "recurrent-payment-stopped"


def tell_status(session: Session, payment_ids: Iterable[int], status: PaymentStatus) -> None:
    """Tell that payments have become so; each becomes it once."""
    work = [
        Work(
            key=f"payment:{payment_id}:{status}",
            payload={"payment_id": payment_id, "status": str(status)},
            lane=None,
        )
        for payment_id in payment_ids
    ]
    publish_many(session, PAYMENT_STATUS_CHANGE, work)


def tell_state(session: Session, row_ids: Iterable[int], state: RecurrentState) -> None:
    """Tell that renewals have become so; a row can be stopped and begun again, so the moment is in the key."""
    ids = list(row_ids)
    if not ids:
        return
    moment = session.execute(select(db_now())).scalar_one().isoformat()
    work = [
        Work(
            key=f"renewal:{row_id}:{state}:{moment}",
            payload={"recurrent_payment_id": row_id, "state": str(state)},
            lane=None,
        )
        for row_id in ids
    ]
    publish_many(session, RENEWAL_STATE_CHANGED, work)


def tell_stops(session: Session, stops: Mapping[int, bool], state: RecurrentState, *, is_told: bool) -> None:
    """Tell that a person stopped renewals; by id, whether its charge may still be billed."""
    if not stops:
        return
    moment = session.execute(select(db_now())).scalar_one().isoformat()
    work = [
        Work(
            key=f"renewal-stop:{row_id}:{moment}",
            payload={
                "recurrent_payment_id": row_id,
                "state": str(state),
                "may_still_be_billed": left,
                "is_told": is_told,
                "at": moment,
            },
            lane=None,
        )
        for row_id, left in stops.items()
    ]
    publish_many(session, RENEWAL_STOPPED, work)
