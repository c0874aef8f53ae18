"""What people do about subscriptions in the demo: readers who text STOP, staff who stop and pause."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core.clock import db_now
from crm.mobiletech.models import InboundMessage
from crm.payments.models import RecurrentPayment
from crm.payments.stopping import list_open, stop
from crm.seed.plan import Sender
from crm.seed.rules import make_decision
from crm.seed.subscribers import Wish
from crm.users.audit_log import Actor, acting
from crm.users.models import User
from crm.users.queries import find_by_email

BILLING = "billing@example.com"
STOPPED_FOR = "Volal, že o predplatné nemá záujem; SMS poslať nevie"
OWN_AMOUNT, OWN_AMOUNT_FOR = Decimal("3.99"), "Sľúbená zľava za reklamáciu"
PAUSED_FOR = "The reader wrote what is nearly a STOP; a person decides whether it is one."


def do(session: Session, sender: Sender, wish: Wish, said: InboundMessage | None) -> None:
    """Let a person do it to all renewals of the reader, now; `said` is the reader's own SMS."""
    rows = list_open(session, sender.user_id or 0)
    if said is not None:
        session.add(make_decision(said, (), None))
    _DOES[wish](session, rows)
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


_DOES: Mapping[Wish, Callable[[Session, Sequence[RecurrentPayment]], None]] = {
    Wish.STOP_BY_SMS: _stop_by_sms,
    Wish.STOP_BY_STAFF: _stop_by_staff,
    Wish.PAUSE: _pause,
    Wish.OWN_AMOUNT: _own_amount,
}
