"""Charge renewals that are due: each once, whoever runs it and however many at once.

A row becomes `pending`, with its payment, in the transaction that puts the message and its work there: before anything
leaves, so that no report can come too early (B25, B26). What must not be charged says why and waits; it never stops
the others (B36).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from crm.core.business_settings import get_setting
from crm.core.clock import db_now
from crm.core.log import get_logger
from crm.payments.due import Due, read_due
from crm.payments.events import tell_state
from crm.payments.failing import LONGEST, Failed, fail
from crm.payments.gateways import Charge, Refusal, gateway_codes, gateways
from crm.payments.holding import are_held
from crm.payments.import_rules import find_stops
from crm.payments.lanes import try_lanes
from crm.payments.making import NewPayment, log_gateway, make_payments
from crm.payments.models import Payment, RecurrentPayment
from crm.payments.planning import Planner
from crm.payments.retry_rules import Standing, find_next_try
from crm.payments.statuses import Failure, RecurrentState
from crm.payments.stopping import stop

log = get_logger(__name__)

BATCH = 100
MOST_COUNTED = 10_000
CEILING = "recurrent_max_charges_per_hour"
_COUNT_ALONE = text("SELECT pg_advisory_xact_lock(88770005)")


@dataclass(slots=True)
class Charged:
    """What one batch came to; `seen` rows were looked at, and none of them is due any more."""

    seen: int = 0
    begun: int = 0
    refused: int = 0
    postponed: int = 0
    is_held: bool = False
    is_capped: bool = False  # by the ceiling of the hour

    def add(self, other: "Charged") -> None:
        """Count another batch in."""
        self.seen += other.seen
        self.begun += other.begun
        self.refused += other.refused
        self.postponed += other.postponed
        self.is_held = self.is_held or other.is_held
        self.is_capped = self.is_capped or other.is_capped


def charge_batch(session: Session, *, ids: Collection[int] | None = None, limit: int = BATCH) -> Charged:
    """Charge the due renewals that nobody else has in hand, up to `limit`; only those of `ids` if given."""
    if are_held(session):
        return Charged(is_held=True)
    room = min(limit, _room(session, limit))
    if room == 0:
        return Charged(is_capped=True)
    rows = _take_due(session, ids, room)
    if not rows:
        return Charged()
    planner = Planner(session)
    done = Charged(seen=len(rows))
    ready: list[Charge] = []
    for due in read_due(session, _heed_stops(session, rows), planner.types):
        if planner.now < due.earliest:
            _space(due, done)
        else:
            ready.append(due.charge)
    codes = gateway_codes(session)
    for code in sorted({codes[each.recurrent.payment_gateway_id] for each in ready}):
        same = [each for each in ready if codes[each.recurrent.payment_gateway_id] == code]
        _charge(session, planner, code, same, done)
    session.flush()
    return done


def put_off(session: Session, row_id: int, refusal: Refusal) -> None:
    """Let a due row wait because it cannot be charged now; after too many such waits a person has to look."""
    wanted = select(RecurrentPayment).where(
        RecurrentPayment.id == row_id, RecurrentPayment.state == RecurrentState.ACTIVE
    )
    row = session.execute(wanted.with_for_update()).scalar_one_or_none()
    if row is not None:
        _put_off(session, Planner(session), row, refusal)


def _room(session: Session, limit: int) -> int:
    """Return how many charges of ours the ceiling of the hour leaves; who counts, counts alone."""
    ceiling = int(get_setting(session, CEILING))
    if ceiling == 0:
        return limit
    session.execute(_COUNT_ALONE)
    hour = select(func.count()).where(
        Payment.recurrent_charge,
        Payment.import_id.is_(None),
        Payment.created_at > db_now() - timedelta(hours=1),
    )
    return max(ceiling - session.execute(hour).scalar_one(), 0)


def _take_due(session: Session, ids: Collection[int] | None, limit: int) -> list[RecurrentPayment]:
    """Lock the due rows that nobody has in hand, and whose reader has no other work going on."""
    wanted = select(RecurrentPayment).where(
        RecurrentPayment.state == RecurrentState.ACTIVE,
        RecurrentPayment.charge_at <= db_now(),
        RecurrentPayment.paused_at.is_(None),
    )
    if ids is not None:
        wanted = wanted.where(RecurrentPayment.id.in_(ids))
    order = (RecurrentPayment.charge_at, RecurrentPayment.id)
    taken = wanted.order_by(*order).limit(limit).with_for_update(skip_locked=True)
    rows = session.execute(taken.execution_options(populate_existing=True)).scalars().all()
    free = try_lanes(session, {row.user_id for row in rows})
    return [row for row in rows if row.user_id in free]


def _heed_stops(session: Session, rows: Sequence[RecurrentPayment]) -> list[RecurrentPayment]:
    """Return the rows that go on; what came in from an old system beside its reader's STOP is stopped instead."""
    notes = find_stops(session, rows)
    for row in rows:
        if row.id in notes:
            log.info("stopped_before_charge", recurrent_payment_id=row.id)
            stop(session, [row], by_user=True, note=str(notes[row.id]), is_told=True)
    return [row for row in rows if row.id not in notes]


def _space(due: Due, done: Charged) -> None:
    """The period before was paid too recently, or is being paid: whatever moved the date, nobody pays for it twice."""
    row = due.charge.recurrent
    log.warning("charge_spaced", recurrent_payment_id=row.id)
    row.charge_at = due.earliest
    row.approval = due.reason
    flag_modified(row, "updated_at")  # it stays as it was: waiting is no act of anybody
    done.postponed += 1


def _charge(session: Session, planner: Planner, code: str, charges: Sequence[Charge], done: Charged) -> None:
    gateway = gateways.get_recurrent(code)
    refusals = gateway.refuse(session, charges)
    for charge in charges:
        refusal = refusals.get(charge.recurrent.id)
        if refusal is not None:
            _put_off(session, planner, charge.recurrent, refusal)
            done.refused += 1
    going = [charge for charge in charges if charge.recurrent.id not in refusals]
    if not going:
        return
    payments = make_payments(session, gateway, [_new_payment(charge) for charge in going])
    for charge, payment in zip(going, payments, strict=True):
        row = charge.recurrent
        row.state, row.payment_id, row.status, row.approval = RecurrentState.PENDING, payment.id, None, None
    session.flush()
    refused = gateway.charge(session, list(zip(going, payments, strict=True)))
    log_gateway(
        session,
        {payment.id: refused.get(payment.id) for payment in payments},
        source="recurring-payment-automatic-charge",
    )
    fail(session, [_failed(payment_id, refusal) for payment_id, refusal in refused.items()])
    done.begun += len(payments) - len(refused)
    done.refused += len(refused)


def _new_payment(charge: Charge) -> NewPayment:
    row = charge.recurrent
    return NewPayment(
        key=f"charge:{row.parent_payment_id}:{row.attempt}:{row.id}",
        user_id=row.user_id,
        amount=charge.amount,
        currency=charge.currency,
        type=charge.type,
        recurrent_charge=True,
    )


def _failed(payment_id: int, refusal: Refusal) -> Failed:
    return Failed(payment_id=payment_id, failure=refusal.failure, code=refusal.code, told=refusal.told)


def _put_off(session: Session, planner: Planner, row: RecurrentPayment, refusal: Refusal) -> None:
    """No payment was made: the row itself waits, with the reason, as a failed try would."""
    log.warning("charge_refused", recurrent_payment_id=row.id, code=refusal.code)
    row.status, row.failure, row.approval = refusal.code, refusal.failure, refusal.told[:LONGEST]
    left = Standing(retries=row.retries, gateway_fails=row.gateway_fails)
    again = find_next_try(refusal.failure, left, planner.schedule)
    if again is None and refusal.failure is Failure.OURS and not refusal.is_of_reader:
        # Our fault ends no subscription: it waits for a person, and once it goes on it is tried anew.
        row.paused_at, row.pause_reason, row.gateway_fails = planner.now, refusal.told, 0
        return
    if again is None:
        row.state = RecurrentState.SYSTEM_STOP
        session.flush()
        tell_state(session, [row.id], RecurrentState.SYSTEM_STOP)
        return
    row.charge_at = planner.now + again.delay
    row.retries, row.gateway_fails = again.standing.retries, again.standing.gateway_fails


def count_due(session: Session) -> tuple[int, datetime | None]:
    """Return how many renewals are due, MOST_COUNTED at most, and since when the oldest of them."""
    due = (
        select(RecurrentPayment.charge_at)
        .where(
            RecurrentPayment.state == RecurrentState.ACTIVE,
            RecurrentPayment.charge_at <= db_now(),
            RecurrentPayment.paused_at.is_(None),
        )
        .order_by(RecurrentPayment.charge_at)  # by its index; of those that are planned it has to see none
        .limit(MOST_COUNTED)
        .subquery()
    )
    count, oldest = session.execute(select(func.count(), func.min(due.c.charge_at))).one()
    return count, oldest
