"""What the link in an SMS shows and does: it stops the renewal that it names, and lets it go on while it can."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core.clock import db_now
from crm.core.errors import N_, NotFoundError
from crm.payments.lanes import take_reader
from crm.payments.models import PaymentMethod, RecurrentPayment
from crm.payments.statuses import OPEN, STOPS_BY_PERSON, RecurrentState
from crm.payments.stopping import reactivate, stop
from crm.sms_billing.plans import read_plans
from crm.sms_billing.stop_links import read_token
from crm.subscriptions.models import SubscriptionType

NOTE = N_("The reader stopped it by the link in an SMS.")


class LinkState(StrEnum):
    """How the renewal of a link stands."""

    RUNNING = "running"
    STOPPED = "stopped"
    STOPPING = "stopping"  # a charge had left before; nothing follows it
    ENDED = "ended"  # given up, or over


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked:
    """The renewal of a link, as its page shows it; whose it is stands nowhere."""

    user_id: int
    state: LinkState
    label: str
    price: Decimal
    currency: str
    period: int
    next_charge: datetime
    ends_at: datetime | None
    is_paused: bool
    may_go_on: bool


class UnknownLinkError(NotFoundError):
    """We have not written that link, or there is nothing behind it any more."""

    def __init__(self) -> None:
        super().__init__(N_("This link is not ours, or a part of it is missing."))


def read_linked(session: Session, token: str) -> Linked:
    """Return what the link names.

    Raises: UnknownLinkError.
    """
    method = _get_method(session, token)
    return _linked(session, _newest(session, method.id))


def stop_linked(session: Session, token: str) -> bool:
    """Stop what the link names; return False if it was stopped, or over, already.

    Raises: UnknownLinkError, UnstoppableError.
    """
    row = _take(session, token)
    if row.state not in OPEN or row.stop_wanted is not None:
        return False
    stop(session, [row], by_user=True, note=NOTE)
    return True


def go_on_linked(session: Session, token: str) -> None:
    """Let what the link names go on after all.

    Raises: UnknownLinkError, NotActiveError, ChargeInPastError.
    """
    reactivate(session, _take(session, token), by_user=True)


def _take(session: Session, token: str) -> RecurrentPayment:
    """Return the newest row of the chain, with its reader's lane and the row locked."""
    method = _get_method(session, token)
    take_reader(session, method.user_id)
    return _newest(session, method.id, lock=True)


def _get_method(session: Session, token: str) -> PaymentMethod:
    method_id = read_token(token)
    # What no id can be is not asked for; the hash has said already that the word is ours.
    method = session.get(PaymentMethod, method_id) if method_id is not None else None
    if method is None:
        raise UnknownLinkError
    return method


def _newest(session: Session, method_id: int, *, lock: bool = False) -> RecurrentPayment:
    rows = select(RecurrentPayment).where(RecurrentPayment.payment_method_id == method_id)
    newest = rows.order_by(RecurrentPayment.state.in_(OPEN).desc(), RecurrentPayment.id.desc()).limit(1)
    if lock:
        newest = newest.with_for_update()
    row = session.execute(newest.execution_options(populate_existing=True)).scalar_one_or_none()
    if row is None:
        raise UnknownLinkError
    return row


def _linked(session: Session, row: RecurrentPayment) -> Linked:
    plan = read_plans(session, [row])[row.id]
    kind = session.get_one(SubscriptionType, row.next_subscription_type_id or row.subscription_type_id)
    now = session.execute(select(db_now())).scalar_one()
    state = _state(row)
    return Linked(
        user_id=row.user_id,
        state=state,
        label=kind.user_label,
        price=plan.amount,
        currency=plan.currency,
        period=plan.period,
        next_charge=row.charge_at,
        ends_at=plan.ends_at,
        is_paused=row.paused_at is not None,
        may_go_on=_may_go_on(row, state, now),
    )


def _state(row: RecurrentPayment) -> LinkState:
    if row.stop_wanted is not None:
        return LinkState.STOPPING
    if row.state in OPEN:
        return LinkState.RUNNING
    return LinkState.STOPPED if row.state in STOPS_BY_PERSON else LinkState.ENDED


def _may_go_on(row: RecurrentPayment, state: LinkState, now: datetime) -> bool:
    """Return whether the reader may take the stop back: their own, while its date is ahead."""
    if state is LinkState.STOPPING:
        return row.stop_wanted == RecurrentState.USER_STOP
    return row.state == RecurrentState.USER_STOP and row.charge_at > now
