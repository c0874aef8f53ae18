"""The tables of moves: paid never fails, charged is final, nothing leads back to the beginning."""

import pytest

from crm.payments.statuses import (
    PAYMENT_MOVES,
    RECURRENT_MOVES,
    STOPS,
    PaymentStatus,
    RecurrentState,
    states_before,
    statuses_before,
)


def test_every_status_and_state_has_its_row() -> None:
    assert set(PAYMENT_MOVES) == set(PaymentStatus)
    assert set(RECURRENT_MOVES) == set(RecurrentState)


def test_a_payment_that_was_paid_never_fails() -> None:
    assert statuses_before(PaymentStatus.FAIL) == (PaymentStatus.FORM, PaymentStatus.AUTHORIZED)


@pytest.mark.parametrize("status", list(PaymentStatus))
def test_no_payment_is_new_again(status: PaymentStatus) -> None:
    assert PaymentStatus.FORM not in PAYMENT_MOVES[status]


def test_charged_is_final() -> None:
    assert RECURRENT_MOVES[RecurrentState.CHARGED] == frozenset()


def test_only_what_a_person_stopped_becomes_active_again() -> None:
    assert states_before(RecurrentState.ACTIVE) == (RecurrentState.USER_STOP, RecurrentState.ADMIN_STOP)


@pytest.mark.parametrize("stop", STOPS)
def test_a_late_report_pays_whatever_the_row_has_become(stop: RecurrentState) -> None:
    assert RecurrentState.CHARGED in RECURRENT_MOVES[stop]
