"""Stop renewals, and begin them again: from each state only what the table allows, whoever asks.

A charge that has not left yet is called back; one that may be billed already keeps its course, and the stop is what
follows it (B63). Source: behaviour.md 7.6, defects P03 and P04.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core.clock import db_now
from crm.core.errors import N_
from crm.core.log import get_logger
from crm.payments.chains import REPLACED, read_chains, withdraw
from crm.payments.errors import ChargeInPastError, NotActiveError, RenewalNotFoundError, UnstoppableError
from crm.payments.events import tell_state, tell_stops
from crm.payments.gateways import gateway_codes, gateways
from crm.payments.import_rules import is_kept, refuse_broken, refuse_stopped
from crm.payments.lanes import take_reader
from crm.payments.late_stops import forget_stops
from crm.payments.models import RecurrentPayment
from crm.payments.planning import Planner
from crm.payments.statuses import OPEN, STOPS_BY_PERSON, RecurrentState
from crm.users.audit_log import record_act

log = get_logger(__name__)

R = RecurrentState
REACTIVATED_AFTER = timedelta(hours=24)
LONGEST_SYSTEM_STOP = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Stopped:
    """A renewal that was stopped; `may_still_be_billed` when its charge had left already."""

    row: RecurrentPayment
    may_still_be_billed: bool


def get_renewal(session: Session, row_id: int, *, user_id: int | None = None) -> RecurrentPayment:
    """Return a renewal, of that person if one is named, with its reader's lane and its row locked.

    Raises: RenewalNotFoundError.
    """
    owner = session.execute(
        select(RecurrentPayment.user_id).where(RecurrentPayment.id == row_id)
    ).scalar_one_or_none()
    if owner is None or user_id not in (None, owner):
        raise RenewalNotFoundError(row_id)
    take_reader(session, owner)
    found = select(RecurrentPayment).where(RecurrentPayment.id == row_id).with_for_update()
    return session.execute(found.execution_options(populate_existing=True)).scalar_one()


def list_open(session: Session, user_id: int) -> Sequence[RecurrentPayment]:
    """Lock and return a person's renewals that are planned or on their way."""
    found = select(RecurrentPayment).where(
        RecurrentPayment.user_id == user_id, RecurrentPayment.state.in_(OPEN)
    )
    taken = found.order_by(RecurrentPayment.id).with_for_update()
    return session.execute(taken.execution_options(populate_existing=True)).scalars().all()


def stop(
    session: Session,
    rows: Sequence[RecurrentPayment],
    *,
    by_user: bool,
    note: str = "",
    is_told: bool = False,
) -> list[Stopped]:
    """Stop open renewals that the caller has locked; `is_told`: the caller tells the reader, nobody else need.

    Raises: NotActiveError for one that is not open, UnstoppableError if its gateway has it so.
    """
    state = R.USER_STOP if by_user else R.ADMIN_STOP
    stopped = [_stop(session, row, state, note) for row in rows]
    session.flush()
    tell_state(session, [each.row.id for each in stopped if each.row.state == state], state)
    tell_stops(session, {each.row.id: each.may_still_be_billed for each in stopped}, state, is_told=is_told)
    return stopped


def _stop(session: Session, row: RecurrentPayment, state: RecurrentState, note: str) -> Stopped:
    if row.state not in OPEN:
        raise NotActiveError(N_("Only a renewal that is planned or on its way can be stopped."))
    _check_stoppable(session, row, by_user=state is R.USER_STOP)
    before = row.state
    if row.state == R.ACTIVE or withdraw(session, row):
        row.state, left = state, False
    else:
        row.stop_wanted, left = state, True
    row.paused_at = row.pause_reason = None
    row.note = note or row.note
    session.flush()
    record_act(
        session,
        "renewal.stop",
        f"recurrent_payment {row.id}",
        before={"state": before},
        after={"state": state},
        reason=note,
    )
    log.info("renewal_stopped", recurrent_payment_id=row.id, state=state, may_still_be_billed=left)
    return Stopped(row, left)


def reactivate(session: Session, row: RecurrentPayment, *, by_user: bool, reason: str = "") -> None:
    """Let a stopped renewal go on: the reader their own stop, staff also theirs, while its date is ahead.

    Raises: NotActiveError, BrokenRuleError, StoppedByReaderError, ChargeInPastError.
    """
    allowed = (R.USER_STOP,) if by_user else STOPS_BY_PERSON
    if row.state == R.PENDING and row.stop_wanted in allowed:
        row.stop_wanted = None
        forget_stops(session, row.user_id)
        session.flush()
        return _note_reactivation(session, row, reason)
    if row.state not in allowed:
        raise NotActiveError(N_("Only a renewal that was stopped can go on."))
    chain = read_chains(session, [row.payment_method_id])[row.payment_method_id]
    if chain.open_row is not None or chain.rows[-1].id != row.id:
        raise NotActiveError(N_("Another renewal has taken the place of this one."))
    _check_alone(session, row)
    if is_past(session, row):
        raise ChargeInPastError
    refuse_broken(session, row, by_user=by_user)
    if row.state == R.ADMIN_STOP:  # in a stop of their own staff see what the reader wants
        refuse_stopped(session, row)
    row.state, row.payment_id, row.status, row.approval, row.failure = R.ACTIVE, None, None, None, None
    session.flush()
    forget_stops(session, row.user_id)
    tell_state(session, [row.id], R.ACTIVE)
    return _note_reactivation(session, row, reason)


def reactivate_after_system_stop(session: Session, row: RecurrentPayment, *, reason: str) -> RecurrentPayment:
    """Try a renewal that was given up once more, in a day, with all its retries: a new row after this one.

    Raises: NotActiveError, BrokenRuleError, StoppedByReaderError, ChargeInPastError if it was given up more than 14
    days ago.
    """
    if row.state == R.SYSTEM_STOP and is_kept(session, row):
        raise NotActiveError(
            N_("An import keeps it stopped: mend what it breaks, and let it go on in Imports.")
        )
    chain = read_chains(session, [row.payment_method_id])[row.payment_method_id]
    is_last = chain.open_row is None and chain.rows[-1].id == row.id
    if row.state != R.SYSTEM_STOP or row.note in REPLACED or not is_last:
        raise NotActiveError(N_("Only the last renewal of a reader that was given up can be tried anew."))
    _check_alone(session, row)
    _check_stoppable(session, row, by_user=False)
    now = _now(session)
    if row.charge_at < now - LONGEST_SYSTEM_STOP:
        raise ChargeInPastError
    refuse_broken(session, row, by_user=False)
    refuse_stopped(session, row)
    planner = Planner(session)
    anew = planner.plan_anew(row, now + REACTIVATED_AFTER, parent=row.payment_id or row.parent_payment_id)
    anew.note = reason
    planner.flush()
    forget_stops(session, row.user_id)
    record_act(
        session,
        "renewal.reactivate",
        f"recurrent_payment {row.id}",
        after={"recurrent_payment": anew.id, "charge_at": anew.charge_at},
        reason=reason,
    )
    tell_state(session, [anew.id], R.ACTIVE)
    return anew


def _check_alone(session: Session, row: RecurrentPayment) -> None:
    """Refuse to go on beside a newer order of the same type: the reader would pay for it twice.

    Raises: NotActiveError.
    """
    beside = select(RecurrentPayment.id).where(
        RecurrentPayment.user_id == row.user_id,
        RecurrentPayment.subscription_type_id == row.subscription_type_id,
        RecurrentPayment.id != row.id,
        RecurrentPayment.state.in_(OPEN),
    )
    if session.execute(select(beside.exists())).scalar_one():
        raise NotActiveError(N_("The same subscription is renewed already by a later order."))


def is_past(session: Session, row: RecurrentPayment) -> bool:
    """Return whether the date of a renewal is behind us."""
    return row.charge_at <= _now(session)


def _check_stoppable(session: Session, row: RecurrentPayment, *, by_user: bool) -> None:
    gateway = gateways.get(gateway_codes(session)[row.payment_gateway_id])
    if not gateway.is_stoppable or (by_user and not gateway.is_user_stoppable):
        raise UnstoppableError(gateway.name)


def _note_reactivation(session: Session, row: RecurrentPayment, reason: str) -> None:
    record_act(
        session,
        "renewal.reactivate",
        f"recurrent_payment {row.id}",
        after={"state": row.state, "charge_at": row.charge_at},
        reason=reason,
    )
    log.info("renewal_reactivated", recurrent_payment_id=row.id)


def _now(session: Session) -> datetime:
    return session.execute(select(db_now())).scalar_one()
