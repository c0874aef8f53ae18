"""A payment was paid: once, whatever repeats. Its subscription and its next renewal come in the same transaction.

A success that comes after a failure was recorded withdraws the try that the failure had planned; a stop that a person
asked for meanwhile stays a stop. Source: behaviour.md 7.5, 7.6 and 7.11, defects B25-B30, B62, B63.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core.clock import db_now
from crm.core.log import get_logger
from crm.payments.chains import TWIN, read_chains
from crm.payments.events import tell_status
from crm.payments.gateways import Gateway, gateway_codes, gateways
from crm.payments.late_pauses import read_pauses, take_over
from crm.payments.late_stops import read_stops
from crm.payments.making import log_gateway
from crm.payments.methods import find_or_make_methods
from crm.payments.models import Payment, PaymentMethod, RecurrentPayment
from crm.payments.pausing import hand_over
from crm.payments.planning import Planner
from crm.payments.statuses import OPEN, PaymentStatus, RecurrentState, states_before, statuses_before
from crm.subscriptions.lifecycle import Start, start_many
from crm.subscriptions.models import Subscription, SubscriptionType

log = get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """That a payment was paid: by which code of the gateway, and what that means."""

    payment_id: int
    code: str
    told: str = ""


def pay(session: Session, proofs: Sequence[Proof]) -> list[int]:
    """Let payments be paid; return the ids of those that were not before."""
    known = {proof.payment_id: proof for proof in proofs}
    payments = _take(session, known)
    if not payments:
        return []
    now = session.execute(select(db_now())).scalar_one()
    for payment in payments:
        payment.status, payment.failure, payment.error_message = PaymentStatus.PAID, None, None
        payment.paid_at = payment.paid_at or now
    subscriptions = _start_subscriptions(session, payments, now)
    _renew(session, payments, subscriptions, known)
    session.flush()
    ids = [payment.id for payment in payments]
    log_gateway(session, dict.fromkeys(ids), source="report")
    tell_status(session, ids, PaymentStatus.PAID)
    log.info("payments_paid", payment_ids=ids)
    return ids


def _take(session: Session, known: Mapping[int, Proof]) -> Sequence[Payment]:
    """Lock those that may become paid; one that is already paid is a repeat, and nothing happens."""
    wanted = select(Payment).where(
        Payment.id.in_(known), Payment.status.in_(statuses_before(PaymentStatus.PAID))
    )
    taken = wanted.order_by(Payment.id).with_for_update().execution_options(populate_existing=True)
    return session.execute(taken).scalars().all()


def _start_subscriptions(
    session: Session, payments: Sequence[Payment], now: datetime
) -> Mapping[int, Subscription]:
    """Start one subscription for each payment of a type; return them by payment."""
    types = _types_of(session, payments)
    recurrent = _gateways_of(session, payments)
    sold = [payment for payment in payments if payment.subscription_type_id and not payment.subscription_id]
    starts = [
        Start(
            user_id=payment.user_id,
            type=types[payment.subscription_type_id or 0],
            paid_at=payment.paid_at or now,
            is_recurrent=recurrent[payment.id].is_recurrent,
            start_at=_not_before(payment.paid_at or now, payment.subscription_start_at),
            end_at=payment.subscription_end_at,
            never_inside=recurrent[payment.id].is_recurrent,  # nobody pays for a time that they have paid for
        )
        for payment in sold
    ]
    started: dict[int, Subscription] = {}
    for payment, subscription in zip(sold, start_many(session, starts), strict=True):
        if subscription is not None:
            payment.subscription_id = subscription.id
            started[payment.id] = subscription
    return started


def _not_before(paid_at: datetime, wanted: datetime | None) -> datetime | None:
    """A period that a payment asks for does not begin before it is paid."""
    return None if wanted is None else max(wanted, paid_at)


def _renew(
    session: Session,
    payments: Sequence[Payment],
    subscriptions: Mapping[int, Subscription],
    proofs: Mapping[int, Proof],
) -> None:
    """Close the rows that were charged and plan the next ones."""
    rows = _rows_of(session, payments)
    methods = _methods_of(session, payments, rows)
    chains = read_chains(session, {method.id for method in methods.values()})
    stops = read_stops(session, [payment.id for payment in payments])
    firsts = [payment for payment in payments if payment.id not in rows]
    renewed = _list_renewed(session, firsts)
    pauses = read_pauses(session, [payment.id for payment in firsts])
    planner = Planner(session)
    for payment in payments:
        method, row = methods.get(payment.id), rows.get(payment.id)
        if method is None:
            continue
        chain = chains[method.id]
        # a stop stays one, whatever is billed after it
        state = chain.stopped_as or stops.get(payment.id) or RecurrentState.ACTIVE
        pausing = chain.open_row
        if row is not None:
            _close(row, proofs[payment.id])
        if chain.give_way(session):
            following = planner.plan_period(
                payment,
                subscriptions.get(payment.id),
                method,
                custom=_custom_amount(row, payment),
                state=state,
            )
            hand_over(pausing, following)
            if row is None:
                _stop_beside_another(following, renewed)
                take_over(following, pauses.get(payment.id), planner.now)
            chain.rows.append(following)
    planner.flush()


def _list_renewed(session: Session, first: Sequence[Payment]) -> set[tuple[int, int]]:
    """Return of which readers and types something is renewed already."""
    if not first:
        return set()
    others = select(RecurrentPayment.user_id, RecurrentPayment.subscription_type_id).where(
        RecurrentPayment.user_id.in_({payment.user_id for payment in first}), RecurrentPayment.state.in_(OPEN)
    )
    return {(user_id, type_id) for user_id, type_id in session.execute(others)}


def _stop_beside_another(planned: RecurrentPayment, renewed: set[tuple[int, int]]) -> None:
    """An order that counted as failed, and was billed after the next one, is not renewed beside it."""
    if planned.state != RecurrentState.ACTIVE:
        return
    if (planned.user_id, planned.subscription_type_id) in renewed:
        planned.state, planned.note = RecurrentState.SYSTEM_STOP, TWIN
    renewed.add((planned.user_id, planned.subscription_type_id))


def _close(row: RecurrentPayment, proof: Proof) -> None:
    """The try is over, and it was billed."""
    assert row.state in states_before(RecurrentState.CHARGED), row.state
    row.state, row.failure, row.stop_wanted = RecurrentState.CHARGED, None, None
    row.status, row.approval = proof.code, proof.told[:250] or proof.code


def _custom_amount(row: RecurrentPayment | None, payment: Payment) -> Decimal | None:
    """Return the amount of its own that a renewal keeps; another type has its own price (B62)."""
    same = row is not None and row.subscription_type_id == payment.subscription_type_id
    return row.custom_amount if row is not None and same else None


def _rows_of(session: Session, payments: Sequence[Payment]) -> Mapping[int, RecurrentPayment]:
    """Lock and return the renewals that these payments were made for, by payment."""
    ids = [payment.id for payment in payments if payment.recurrent_charge]
    if not ids:
        return {}
    wanted = select(RecurrentPayment).where(
        RecurrentPayment.payment_id.in_(ids), RecurrentPayment.state != RecurrentState.CHARGED
    )
    taken = wanted.order_by(RecurrentPayment.id).with_for_update().execution_options(populate_existing=True)
    return {row.payment_id or 0: row for row in session.execute(taken).scalars()}


def _methods_of(
    session: Session, payments: Sequence[Payment], rows: Mapping[int, RecurrentPayment]
) -> Mapping[int, PaymentMethod]:
    """Return by what each payment can be charged again; a first payment's token comes from its gateway."""
    by_id = {
        method.id: method
        for method in session.execute(
            select(PaymentMethod).where(
                PaymentMethod.id.in_({row.payment_method_id for row in rows.values()})
            )
        ).scalars()
    }
    methods = {payment_id: by_id[row.payment_method_id] for payment_id, row in rows.items()}
    ways = _gateways_of(session, payments)
    first = [payment for payment in payments if payment.id not in rows and ways[payment.id].is_recurrent]
    tokens: dict[int, str] = {}
    for code in {ways[payment.id].code for payment in first}:
        same = [payment.id for payment in first if ways[payment.id].code == code]
        tokens |= gateways.get(code).tokens(session, same)
    for payment in first:
        if payment.id not in tokens:
            log.error("recurrent_token_missing", payment_id=payment.id)
    return methods | find_or_make_methods(session, first, tokens)


def _types_of(session: Session, payments: Sequence[Payment]) -> Mapping[int, SubscriptionType]:
    ids = {payment.subscription_type_id for payment in payments if payment.subscription_type_id}
    found = session.execute(select(SubscriptionType).where(SubscriptionType.id.in_(ids))).scalars()
    return {each.id: each for each in found}


def _gateways_of(session: Session, payments: Sequence[Payment]) -> Mapping[int, Gateway]:
    codes = gateway_codes(session)
    return {payment.id: gateways.get(codes[payment.payment_gateway_id]) for payment in payments}
