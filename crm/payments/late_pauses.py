"""A renewal that is not planned yet waits for a person: what may have been a STOP came before its first payment did.

An open renewal is paused by pausing.py. Here is what has none: an order on its way, or one that counts as failed until
a late report says otherwise. The pause is a meta of the payment, and the renewal that follows it takes it over.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from crm.payments.models import Payment, PaymentMeta, RecurrentPayment
from crm.payments.statuses import RecurrentState
from crm.users.audit_log import record_act

PAUSE_WANTED = "pause_wanted"


def pause_orders(session: Session, payments: Sequence[Payment], reason: str) -> None:
    """Let what follows these orders of `list_unbilled` wait for a person; one that waits already keeps its reason."""
    known = read_pauses(session, [each.id for each in payments])
    fresh = [each.id for each in payments if not each.recurrent_charge and each.id not in known]
    if not fresh:
        return
    rows = [{"payment_id": each, "key": PAUSE_WANTED, "value": reason} for each in fresh]
    session.execute(insert(PaymentMeta).values(rows).on_conflict_do_nothing())
    for each in fresh:
        record_act(session, "renewal.pause", _subject(each), after={"paused": True}, reason=reason)


def read_pauses(session: Session, payment_ids: Collection[int]) -> Mapping[int, str]:
    """Return, by payment, why what follows it waits."""
    if not payment_ids:
        return {}
    found = select(PaymentMeta.payment_id, PaymentMeta.value).where(
        PaymentMeta.payment_id.in_(payment_ids), PaymentMeta.key == PAUSE_WANTED
    )
    return {row.payment_id: row.value for row in session.execute(found)}


def take_over(planned: RecurrentPayment, reason: str | None, now: datetime) -> None:
    """Pause a first renewal as its order was; a stopped one waits for nobody."""
    if reason is not None and planned.state == RecurrentState.ACTIVE:
        planned.paused_at, planned.pause_reason = now, reason


def _subject(payment_id: int) -> str:
    return f"payment {payment_id}"
