"""Tell readers what became of their renewals, free of charge: a first failure, the end, a stop; each once."""

from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core.db import current_session
from crm.events.registry import Event
from crm.mobiletech.notifications import notify_many
from crm.mobiletech.wishes import Wish
from crm.payments.chains import SUPERSEDED
from crm.payments.models import RecurrentPayment
from crm.payments.statuses import OPEN, Failure, RecurrentState
from crm.sms_billing import answers
from crm.sms_billing.plans import Plan, read_plans
from crm.sms_billing.price_list import Order, read_orders

# What a reader can do something about, or should know; failures of ours are ours to mend.
TOLD_FAILURES = frozenset(
    {Failure.NO_CREDIT, Failure.BLOCKED, Failure.LIMIT, Failure.PORTED, Failure.TECHNICAL, Failure.NO_ANSWER}
)


def tell_changes(events: Sequence[Event]) -> None:
    """A charge failed, or a renewal was given up: tell its reader, once for a period."""
    session = current_session()
    rows = _read_rows(session, events)
    failed = [
        row for row in rows if row.state == RecurrentState.CHARGE_FAILED and row.failure in TOLD_FAILURES
    ]
    trying = _will_be_tried(session, failed)
    failed = [row for row in failed if row.payment_method_id in trying]
    ended = [row for row in rows if row.state == RecurrentState.SYSTEM_STOP and row.note != SUPERSEDED]
    plans = read_plans(session, [*failed, *ended])
    orders = read_orders(session) if ended else {}
    wishes = [_failed(plans[row.id]) for row in failed]
    wishes += [_ended(plans[row.id], orders) for row in ended]
    notify_many(session, wishes)


def tell_stops(events: Sequence[Event]) -> None:
    """Somebody stopped a renewal, on a page or over the API: tell its reader, unless they were told already."""
    session = current_session()
    untold = [event for event in events if not event["is_told"]]
    plans = read_plans(session, _read_rows(session, untold))
    notify_many(
        session,
        [
            _stopped(plans[event["recurrent_payment_id"]], event)
            for event in untold
            if event["recurrent_payment_id"] in plans
        ],
    )


def write(plan: Plan, template: str, params: Mapping[str, object], *, key: str) -> Wish:
    """Return the wish to write to the reader of a renewal of our own accord."""
    return Wish(plan.envelope, plan.row.user_id, template, {**plan.params, **params}, key=key, context=key)


def _failed(plan: Plan) -> Wish:
    row = plan.row
    params = {"subscription_name": plan.next_name, "failure": row.failure}
    key = f"charge-failed:{row.payment_method_id}:{row.period_payment_id}"
    return write(plan, answers.CHARGE_FAILED, params, key=key)


def _ended(plan: Plan, orders: Mapping[str, Order]) -> Wish:
    """Name what would have been charged: its price, and what a reader writes to begin it anew."""
    params: dict[str, object] = {"subscription_name": plan.next_name, "keyword": ""}
    if (order := orders.get(plan.next_type.code)) is not None:
        params |= {
            "keyword": order.keyword,
            "short_number": order.short_number,
            "order_price": plan.next_type.price,
        }
    return write(plan, answers.ENDED, params, key=f"subscription-ended:{plan.row.id}")


def _stopped(plan: Plan, event: Event) -> Wish:
    ends = [plan.ends_at] if plan.ends_at is not None else []
    params = answers.stopped_params([plan.name], ends, may_still_be_billed=event["may_still_be_billed"])
    return write(plan, answers.STOPPED, params, key=f"renewal-stopped:{plan.row.id}:{event['at']}")


def _read_rows(session: Session, events: Sequence[Event]) -> Sequence[RecurrentPayment]:
    ids = {event["recurrent_payment_id"] for event in events}
    found = select(RecurrentPayment).where(RecurrentPayment.id.in_(ids)).order_by(RecurrentPayment.id)
    return session.execute(found).scalars().all()


def _will_be_tried(session: Session, rows: Sequence[RecurrentPayment]) -> set[int]:
    """Return the payment methods whose charge is tried again: who has stopped, or has paid since, is not bothered."""
    methods = {row.payment_method_id for row in rows}
    still = select(RecurrentPayment.payment_method_id, RecurrentPayment.period_payment_id).where(
        RecurrentPayment.payment_method_id.in_(methods),
        RecurrentPayment.state.in_(OPEN),
        RecurrentPayment.stop_wanted.is_(None),
    )
    periods = {(row.payment_method_id, row.period_payment_id) for row in session.execute(still)}
    return {
        row.payment_method_id for row in rows if (row.payment_method_id, row.period_payment_id) in periods
    }
