"""Orders that wait for the reader's yes: one for a number, the newest, for a day.

A day is as long as somebody may leave a phone in the other room; a yes after that may answer anything, and would begin
to charge for what the reader has forgotten.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from crm.core.clock import db_now
from crm.mobiletech.models import InboundMessage
from crm.sms_billing.models import SmsOrder
from crm.sms_billing.order_of_commands import SAME_MOMENT

LIVES = timedelta(hours=24)


class OrderState(StrEnum):
    """What became of an order."""

    WAITING = "waiting"
    AGREED = "agreed"
    REPLACED = "replaced"  # by a newer one of the same number
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOrder:
    """An order that the reader is asked about, at the price that they are told."""

    inbound_id: int
    number: str
    short_number: str
    type_id: int
    amount: Decimal
    rule_id: int | None


def keep_waiting(session: Session, orders: Sequence[NewOrder]) -> None:
    """Let orders wait, each instead of the one that its number had waiting."""
    if not orders:
        return
    _leave(session, [order.number for order in orders], OrderState.REPLACED)
    now = session.execute(select(db_now())).scalar_one()
    rows = [
        {
            "inbound_message_id": order.inbound_id,
            "number": order.number,
            "short_number": order.short_number,
            "subscription_type_id": order.type_id,
            "amount": order.amount,
            "rule_id": order.rule_id,
            "expires_at": now + LIVES,
        }
        for order in orders
    ]
    session.execute(
        insert(SmsOrder).values(rows).on_conflict_do_nothing(index_elements=["inbound_message_id"])
    )


def read_waiting(session: Session, numbers: Collection[str]) -> Mapping[str, SmsOrder]:
    """Return, by number, the orders that wait for a yes and are not too old."""
    if not numbers:
        return {}
    waiting = select(SmsOrder).where(
        SmsOrder.number.in_(numbers), SmsOrder.state == OrderState.WAITING, SmsOrder.expires_at > db_now()
    )
    return {order.number: order for order in session.execute(waiting).scalars()}


def agree(session: Session, order_ids: Collection[int]) -> set[int]:
    """Take the yes; return the orders that waited for it, for each is agreed to once."""
    change = update(SmsOrder).where(SmsOrder.id.in_(order_ids), SmsOrder.state == OrderState.WAITING)
    done = change.values(state=OrderState.AGREED, updated_at=func.crm_now()).returning(SmsOrder.id)
    return set(session.execute(done).scalars())


def stop_waiting(
    session: Session, number: str, type_ids: Collection[int] | None, *, written_before: datetime
) -> int:
    """Let the order of a number wait no more, of these types if any are named; return how many did.

    One that the reader wrote only after the STOP goes on waiting.
    """
    later = select(InboundMessage.id).where(
        InboundMessage.id == SmsOrder.inbound_message_id,
        InboundMessage.receive_date > written_before + SAME_MOMENT,
    )
    return _leave(session, [number], OrderState.STOPPED, type_ids, ~later.exists())


def _leave(
    session: Session,
    numbers: Collection[str],
    state: OrderState,
    type_ids: Collection[int] | None = None,
    *conditions: ColumnElement[bool],
) -> int:
    change = update(SmsOrder).where(
        SmsOrder.number.in_(numbers), SmsOrder.state == OrderState.WAITING, *conditions
    )
    if type_ids is not None:
        change = change.where(SmsOrder.subscription_type_id.in_(type_ids))
    done = change.values(state=state, updated_at=func.crm_now()).returning(SmsOrder.id)
    return len(session.execute(done).all())
