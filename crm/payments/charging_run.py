"""A run over all that is due, in batches of a transaction each; a row that breaks is put off alone, with its reason."""

from collections.abc import Callable, Collection

from crm.core.clock import monotonic
from crm.core.db import db, transaction
from crm.core.errors import N_
from crm.core.log import get_logger
from crm.events.drain import is_disconnect
from crm.payments.charging import BATCH, Charged, charge_batch, put_off
from crm.payments.making import refused
from crm.payments.queries import list_due_ids
from crm.payments.statuses import Failure

log = get_logger(__name__)

EVERY_SECONDS = 15
FOR_SECONDS = 10.0
BROKEN = N_("Charging it broke off with an error of the program: %(error)s.")


def charge_due(
    *,
    ids: Collection[int] | None = None,
    for_seconds: float | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Charged:
    """Charge what is due until nothing is, it is time to stop, or renewals are held."""
    total, until = Charged(), None if for_seconds is None else monotonic() + for_seconds
    while not should_stop() and (until is None or monotonic() < until):
        done = _charge_some(ids)
        total.add(done)
        if not done.seen:
            break
    return total


def charge_due_now() -> str | None:
    """Do a worker's turn; return nothing, for what is refused stands on each renewal."""
    done = charge_due(for_seconds=FOR_SECONDS)
    if done.begun or done.refused or done.postponed:
        log.info("renewals_charged", begun=done.begun, refused=done.refused, postponed=done.postponed)
    return None


def _charge_some(ids: Collection[int] | None) -> Charged:
    try:
        with transaction() as session:
            return charge_batch(session, ids=ids, limit=BATCH)
    except Exception as error:
        if is_disconnect(error):
            raise
        log.exception("charge_batch_failed")
        return _one_by_one(ids)
    finally:
        db.session.remove()  # a run over a hundred thousand keeps none of them in hand


def _one_by_one(ids: Collection[int] | None) -> Charged:
    total = Charged()
    with transaction() as session:
        due = list_due_ids(session, ids=ids, limit=BATCH)
    for row_id in due:
        try:
            with transaction() as session:
                total.add(charge_batch(session, ids=[row_id], limit=1))
        except Exception as error:
            if is_disconnect(error):
                raise
            log.exception("charge_failed", recurrent_payment_id=row_id)
            told = BROKEN % {"error": type(error).__name__}
            with transaction() as session:
                put_off(session, row_id, refused(Failure.OURS, "error", told))
            total.add(Charged(seen=1, refused=1))
    return total
