"""What staff do about subscriptions and payments in the demo."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.payments.models import Payment, RecurrentPayment
from crm.payments.moves import call_off, refund
from crm.payments.stopping import list_open, stop
from crm.seed.plan import Sender
from crm.seed.subscribers import Wish
from crm.users.audit_log import Actor, acting
from crm.users.models import User
from crm.users.queries import find_by_email

BILLING = "billing@example.com"
STOPPED_FOR = "Volal, že o predplatné nemá záujem; SMS poslať nevie"
REFUNDED_FOR = "Platila za zosnulého otca, peniaze vrátené prevodom"
CALLED_OFF_FOR = "Objednávka omylom, volal hneď po nej"
OWN_AMOUNT, OWN_AMOUNT_FOR = Decimal("3.99"), "Sľúbená zľava za reklamáciu"


def do(session: Session, sender: Sender, wish: Wish) -> None:
    """Let somebody of the staff do it to the reader's renewals, or to the newest payment, now."""
    with acting(staff(session)):
        if wish in _TO_PAYMENTS:
            _TO_PAYMENTS[wish](session, _newest_payment(session, sender.user_id or 0))
        else:
            _TO_RENEWALS[wish](session, list_open(session, sender.user_id or 0))
        session.flush()


def staff(session: Session) -> Actor:
    """Return who of the demo's staff sees to the money."""
    person: User | None = find_by_email(session, BILLING)
    return Actor(name=person.public_name if person else BILLING, user_id=person.id if person else None)


def _stop(session: Session, rows: Sequence[RecurrentPayment]) -> None:
    stop(session, rows, by_user=False, note=STOPPED_FOR)


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
    Wish.STOP_BY_STAFF: _stop,
    Wish.OWN_AMOUNT: _own_amount,
}
