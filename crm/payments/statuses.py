"""The life of a payment and of a renewal, on one screen: what they can be, and what they may become.

Source: behaviour.md 7.1 and 7.6, reliability.md 2. Nothing moves but along these tables, by compare and set;
a payment that was paid never fails.
"""

from collections.abc import Mapping
from enum import StrEnum


class PaymentStatus(StrEnum):
    """Where a payment stands. New ones are `form`; `timeout`, `imported` and `prepaid` come from imports only."""

    FORM = "form"
    PAID = "paid"
    FAIL = "fail"
    TIMEOUT = "timeout"
    REFUND = "refund"
    IMPORTED = "imported"
    PREPAID = "prepaid"
    AUTHORIZED = "authorized"


class RecurrentState(StrEnum):
    """Where one charge of a renewal stands."""

    ACTIVE = "active"  # planned
    PENDING = "pending"  # on its way: it may be billed
    CHARGED = "charged"
    CHARGE_FAILED = "charge_failed"
    USER_STOP = "user_stop"
    ADMIN_STOP = "admin_stop"
    SYSTEM_STOP = "system_stop"  # given up, or another row took its place


class Failure(StrEnum):
    """Why a charge failed; each class has its own rule for trying again (retry_rules.py)."""

    NO_CREDIT = "no_credit"
    BLOCKED = "blocked"  # the operator bars it, or its own limit is reached
    LIMIT = "limit"  # a cap of ours
    PORTED = "ported"  # ported, or no such number
    TECHNICAL = "technical"
    NO_ANSWER = "no_answer"  # nothing was reported until it could be billed no more
    OURS = "ours"  # our settings, our texts, our connection: never the reader's fault
    PERSON = "person"  # somebody called the SMS back


P, R = PaymentStatus, RecurrentState

PAYMENT_MOVES: Mapping[PaymentStatus, frozenset[PaymentStatus]] = {
    P.FORM: frozenset({P.PAID, P.FAIL}),
    P.FAIL: frozenset({P.PAID}),  # a late report
    P.TIMEOUT: frozenset({P.PAID}),
    P.AUTHORIZED: frozenset({P.PAID, P.FAIL}),
    P.PAID: frozenset({P.REFUND}),
    P.PREPAID: frozenset({P.REFUND}),
    P.IMPORTED: frozenset({P.REFUND}),
    P.REFUND: frozenset(),
}

STOPS = (R.USER_STOP, R.ADMIN_STOP, R.SYSTEM_STOP)
STOPS_BY_PERSON = (R.USER_STOP, R.ADMIN_STOP)
OPEN = (R.ACTIVE, R.PENDING)

RECURRENT_MOVES: Mapping[RecurrentState, frozenset[RecurrentState]] = {
    R.ACTIVE: frozenset({R.PENDING, *STOPS}),
    R.PENDING: frozenset({R.CHARGED, R.CHARGE_FAILED, *STOPS}),
    R.CHARGE_FAILED: frozenset({R.CHARGED}),  # a late report
    R.SYSTEM_STOP: frozenset({R.CHARGED}),  # the same, of the last try
    R.USER_STOP: frozenset({R.ACTIVE, R.CHARGED}),
    R.ADMIN_STOP: frozenset({R.ACTIVE, R.CHARGED}),
    R.CHARGED: frozenset(),
}


def states_before(state: RecurrentState) -> tuple[RecurrentState, ...]:
    """Return the states from which a row may become so."""
    return tuple(each for each, moves in RECURRENT_MOVES.items() if state in moves)


def statuses_before(status: PaymentStatus) -> tuple[PaymentStatus, ...]:
    """Return the statuses from which a payment may become so."""
    return tuple(each for each, moves in PAYMENT_MOVES.items() if status in moves)
