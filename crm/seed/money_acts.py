"""What people do about subscriptions in the demo: readers who text STOP, staff who stop and pause."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core.clock import db_now
from crm.mobiletech.models import InboundMessage
from crm.payments.models import Payment, RecurrentPayment
from crm.payments.moves import call_off, refund
from crm.payments.stopping import list_open, stop
from crm.seed.plan import Sender
from crm.seed.rules import make_decision
from crm.seed.subscribers import Wish
from crm.users.audit_log import Actor, acting
from crm.users.models import User
from crm.users.queries import find_by_email

BILLING = "billing@example.com"
STOPPED_FOR = "Volal, že o predplatné nemá záujem; SMS poslať nevie"
REFUNDED_FOR = "Platila za zosnulého otca, peniaze vrátené prevodom"
CALLED_OFF_FOR = "Objednávka omylom, volal hneď po nej"
OWN_AMOUNT, OWN_AMOUNT_FOR = Decimal("3.99"), "Sľúbená zľava za reklamáciu"
PAUSED_FOR = "The reader wrote what is nearly a STOP; a person decides whether it is one."


def do(session: Session, sender: Sender, wish: Wish, said: InboundMessage | None) -> None:
    """Let a person do it to all renewals of the reader, now; `said` is the reader's own SMS."""
    if said is not None:
        session.add(make_decision(said, (), None))
    if wish in _TO_PAYMENTS:
        with acting(staff(session)):
            _TO_PAYMENTS[wish](session, _newest_payment(session, sender.user_id or 0))
    else:
        _TO_RENEWALS[wish](session, list_open(session, sender.user_id or 0))
    session.flush()


def staff(session: Session) -> Actor:
    """Return who of the demo's staff sees to the money."""
    person: User | None = find_by_email(session, BILLING)
    return Actor(name=person.public_name if person else BILLING, user_id=person.id if person else None)


def _stop_by_sms(session: Session, rows: Sequence[RecurrentPayment]) -> None:
    with acting(None):  # a worker's work is no act of staff
        stop(session, rows, by_user=True, note="STOP by SMS")


def _stop_by_staff(session: Session, rows: Sequence[RecurrentPayment]) -> None:
    with acting(staff(session)):
        stop(session, rows, by_user=False, note=STOPPED_FOR)


def _pause(session: Session, rows: Sequence[RecurrentPayment]) -> None:
    for row in rows:
        row.paused_at, row.pause_reason = session.execute(select(db_now())).scalar_one(), PAUSED_FOR


def _own_amount(session: Session, rows: Sequence[RecurrentPayment]) -> None:
    """An amount that no billing key charges: its renewals are refused, with the reason."""
    for row in rows:
        row.custom_amount, row.note = OWN_AMOUNT, OWN_AMOUNT_FOR


def _newest_payment(session: Session, user_id: int) -> int:
    theirs = select(Payment.id).where(Payment.user_id == user_id).order_by(Payment.id.desc())
    return session.execute(theirs.limit(1)).scalar_one()


def _refund(session: Session, payment_id: int) -> None:
    refund(session, payment_id, ends_subscription=True, reason=REFUNDED_FOR)


def _call_off(session: Session, payment_id: int) -> None:
    call_off(session, payment_id, reason=CALLED_OFF_FOR)


_TO_PAYMENTS: Mapping[Wish, Callable[[Session, int], None]] = {
    Wish.REFUND: _refund,
    Wish.CALL_OFF: _call_off,
}
_TO_RENEWALS: Mapping[Wish, Callable[[Session, Sequence[RecurrentPayment]], None]] = {
    Wish.STOP_BY_SMS: _stop_by_sms,
    Wish.STOP_BY_STAFF: _stop_by_staff,
    Wish.PAUSE: _pause,
    Wish.OWN_AMOUNT: _own_amount,
}
