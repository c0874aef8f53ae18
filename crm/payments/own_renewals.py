"""A reader's own renewals: list them, stop them, let them go on. What is another's is not there.

Pages speak of a chain (by its payment method): while somebody reads "stop", the charge may come through and another
row take its place, and the stop must stop that one. Programs speak of a row, as the API always had it.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core.errors import N_
from crm.payments.errors import NotActiveError, RenewalNotFoundError
from crm.payments.lanes import take_reader
from crm.payments.models import RecurrentPayment
from crm.payments.statuses import OPEN, RecurrentState
from crm.payments.stopping import Stopped, get_renewal, reactivate, stop

MOST = 1000  # rows that one answer holds
NOTE = N_("The reader stopped it in their account.")


def list_renewals_of(
    session: Session,
    user_id: int,
    *,
    states: Collection[RecurrentState] = (),
    chargeable_from: datetime | None = None,
) -> Sequence[RecurrentPayment]:
    """Return the person's rows, the newest first, MOST of them; only those of the states, if any are named."""
    found = select(RecurrentPayment).where(RecurrentPayment.user_id == user_id)
    if states:
        found = found.where(RecurrentPayment.state.in_(states))
    if chargeable_from is not None:
        found = found.where(RecurrentPayment.charge_at >= chargeable_from)
    newest = found.order_by(RecurrentPayment.id.desc()).limit(MOST)
    return session.execute(newest).scalars().all()


def stop_row(session: Session, user_id: int, row_id: int) -> Stopped:
    """Stop one row of the person: planned, or on its way and not told to stop yet.

    Raises: RenewalNotFoundError, NotActiveError, UnstoppableError.
    """
    row = get_renewal(session, row_id, user_id=user_id)
    if row.stop_wanted is not None:
        raise NotActiveError(N_("This renewal is to stop already: the charge on its way is the last one."))
    [stopped] = stop(session, [row], by_user=True, note=NOTE)
    return stopped


def reactivate_row(session: Session, user_id: int, row_id: int) -> RecurrentPayment:
    """Let a row go on that the person has stopped.

    Raises: RenewalNotFoundError, NotActiveError, ChargeInPastError.
    """
    row = get_renewal(session, row_id, user_id=user_id)
    reactivate(session, row, by_user=True)
    return row


def stop_chain(session: Session, user_id: int, chain_id: int) -> Stopped | None:
    """Stop what is open in the chain by now; None if it is stopped already.

    Raises: RenewalNotFoundError, UnstoppableError.
    """
    row = _get_newest(session, user_id, chain_id)
    if row.state not in OPEN:
        return None
    if row.stop_wanted is not None:
        return Stopped(row, may_still_be_billed=True)
    [stopped] = stop(session, [row], by_user=True, note=NOTE)
    return stopped


def reactivate_chain(session: Session, user_id: int, chain_id: int) -> RecurrentPayment:
    """Let a chain go on that the person has stopped; one that goes on stays as it is.

    Raises: RenewalNotFoundError, NotActiveError, ChargeInPastError.
    """
    row = _get_newest(session, user_id, chain_id)
    if row.state not in OPEN or row.stop_wanted is not None:
        reactivate(session, row, by_user=True)
    return row


def _get_newest(session: Session, user_id: int, chain_id: int) -> RecurrentPayment:
    """Take the reader's lane, then lock and return the open row of the chain, or else its last one."""
    take_reader(session, user_id)
    of_chain = select(RecurrentPayment).where(
        RecurrentPayment.user_id == user_id, RecurrentPayment.payment_method_id == chain_id
    )
    order = (RecurrentPayment.state.in_(OPEN).desc(), RecurrentPayment.id.desc())
    newest = of_chain.order_by(*order).limit(1).with_for_update()
    row = session.execute(newest.execution_options(populate_existing=True)).scalar_one_or_none()
    if row is None:
        raise RenewalNotFoundError(chain_id)
    return row
