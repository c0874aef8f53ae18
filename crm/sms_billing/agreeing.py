"""The yes to an order that waits for it: heard after STOP and before every rule, from that number only."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core.db import current_session
from crm.events.registry import Event
from crm.mobiletech.models import InboundMessage
from crm.mobiletech.rules.cases import Case, keep_decisions
from crm.mobiletech.rules.deciding import Outcome
from crm.mobiletech.rules.models import Decision
from crm.mobiletech.rules.steps import StepKind, step
from crm.mobiletech.stop_words import fold_words
from crm.sms_billing.models import SmsOrder
from crm.sms_billing.orders import agree, read_waiting
from crm.sms_billing.senders import number_of
from crm.sms_billing.subscribing import Order, take_orders
from crm.subscriptions.models import SubscriptionType

# Written out, and not "one error away from ANO": that would take NO, which is the opposite for half of the world,
# and ANI, which is the opposite for everybody else.
YES = frozenset(
    {"ANO", "YES", "SUHLASIM", "AANO", "ANNO", "ANOO", "AON", "NAO", "ANP", "AMO", "AN0", "YESS", "YSE"}
)
BESIDE_IT = frozenset({"OK", "CHCEM", "DAKUJEM", "PROSIM", "SUHLAS"})
MOST_WORDS = 4


def is_yes(text: str) -> bool:
    """Return whether a text says yes, and nothing else."""
    words = fold_words(text).split()
    return (
        0 < len(words) <= MOST_WORDS
        and any(word in YES for word in words)
        and all(word in YES or word in BESIDE_IT for word in words)
    )


def heed_yes(events: Sequence[Event]) -> None:
    """Charge the orders whose readers say yes; the paid SMS answers the yes."""
    session = current_session()
    messages = _undecided(session, [event["mobiletech_inbound_message_id"] for event in events])
    numbers = {number for message in messages if (number := number_of(message)) is not None}
    waiting = read_waiting(session, numbers)
    meant = [
        (message, order)
        for message in messages
        if (order := waiting.get(number_of(message) or "")) is not None and is_yes(message.content)
    ]
    if meant:
        _agree(session, meant)


def _agree(session: Session, meant: Sequence[tuple[InboundMessage, SmsOrder]]) -> None:
    agreed = agree(session, [order.id for _, order in meant])
    types = {
        each.id: each
        for each in session.execute(
            select(SubscriptionType).where(
                SubscriptionType.id.in_({order.subscription_type_id for _, order in meant})
            )
        ).scalars()
    }
    orders = []
    for message, waited in meant:
        if waited.id not in agreed:
            continue
        kind = types[waited.subscription_type_id]
        steps = [step(StepKind.AGREED, to=waited.inbound_message_id)]
        orders.append(
            Order(
                case=Case(message, Outcome.AGREED, steps),
                type_code=kind.code,
                inbound_id=waited.inbound_message_id,
                # Nobody has agreed to a price that is another by now: they are asked once more.
                asks_first=kind.price != waited.amount,
            )
        )
    take_orders(session, orders)
    keep_decisions(session, [order.case for order in orders])


def _undecided(session: Session, ids: Sequence[int]) -> Sequence[InboundMessage]:
    """Return those of the messages that nobody has decided about; an operator's repeat says nothing new."""
    decided = select(Decision).where(Decision.inbound_message_id == InboundMessage.id)
    found = select(InboundMessage).where(
        InboundMessage.id.in_(ids), InboundMessage.duplicate_of.is_(None), ~decided.exists()
    )
    return session.execute(found.order_by(InboundMessage.id)).scalars().all()
