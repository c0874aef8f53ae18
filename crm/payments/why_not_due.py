"""Why a renewal that somebody names is not charged now."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core.clock import db_now
from crm.payments.models import RecurrentPayment
from crm.payments.statuses import RecurrentState


def list_why_not_due(session: Session, ids: Sequence[int]) -> list[str]:
    """Return a sentence for each of the renewals that is not due."""
    found = select(RecurrentPayment).where(RecurrentPayment.id.in_(ids))
    rows = {row.id: row for row in session.execute(found).scalars()}
    now = session.execute(select(db_now())).scalar_one()
    told = []
    for row_id in ids:
        row = rows.get(row_id)
        if row is None:
            told.append(f"{row_id}: there is no such renewal.")
        elif row.state != RecurrentState.ACTIVE:
            told.append(f"{row_id}: it is {row.state}; only an active one is charged.")
        elif row.paused_at is not None:
            told.append(f"{row_id}: it is paused and waits for a person: {row.pause_reason}")
        elif row.charge_at > now:
            told.append(f"{row_id}: it is due on {row.charge_at:%Y-%m-%d %H:%M} UTC.")
    return told
