"""Whose renewal is charged to whom when a number or an account changes hands: never another person's number."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from crm.core.db import transaction
from crm.payments.charging_run import charge_due
from crm.payments.models import PaymentMethod
from crm.users.phones import move_phone, unlink_phone
from crm.users.registration import Registration, register
from tests.conftest import Clock
from tests.factories.api import make_unclaimed
from tests.factories.money import (
    MONTH,
    NUMBER,
    buy,
    get_payment,
    list_payments,
    list_renewals,
    make_type,
    messages_of,
    report,
    set_up_sale,
    subscribe,
)
from tests.factories.users import make_user
from tests.fakes import FakeGateway
from tests.outbox import run_all

NO_NUMBER = "The reader has no number linked, so nothing can be charged."
LOST = "The number is its reader's no more, so nothing is charged to it."


@pytest.fixture(autouse=True)
def _sale(app: Flask, gateway: FakeGateway) -> None:
    set_up_sale()
    make_type()


def test_a_number_that_went_to_another_person_is_not_charged_for_the_one_before(
    gateway: FakeGateway, clock: Clock
) -> None:
    subscribe()
    give_number_to("jan@example.sk")
    clock.advance(MONTH)

    charge_due()
    run_all()

    [row] = list_renewals()
    assert len(gateway.sent) == 1
    assert (row.state, row.status, row.approval) == ("active", "no_number", NO_NUMBER)


def test_a_renewal_without_a_number_is_given_up_in_the_end(gateway: FakeGateway, clock: Clock) -> None:
    subscribe()
    give_number_to("jan@example.sk")
    clock.advance(MONTH)

    for _ in range(25):
        charge_due()
        clock.advance(timedelta(hours=1))

    [row] = list_renewals()
    assert (row.state, row.approval) == ("system_stop", NO_NUMBER)
    assert len(gateway.sent) == 1


def test_the_new_owner_orders_and_pays_for_nobody_else(gateway: FakeGateway, clock: Clock) -> None:
    old = subscribe()
    new_id = give_number_to("jan@example.sk")
    new = subscribe()
    clock.advance(MONTH)

    charge_due()
    run_all()

    assert (new.user_id, old.user_id != new_id) == (new_id, True)
    charged = [payment.user_id for payment in list_payments() if payment.recurrent_charge]
    assert charged == [new_id]
    assert len(gateway.sent) == 3


@pytest.mark.parametrize("how", ["moved", "unlinked"])
def test_a_charge_that_has_not_left_when_the_number_goes_never_leaves(
    gateway: FakeGateway, clock: Clock, how: str
) -> None:
    bought = subscribe()
    clock.advance(MONTH)
    charge_due()
    if how == "moved":
        give_number_to("jan@example.sk")
    else:
        with transaction() as session:
            unlink_phone(session, bought.user_id, reason="called")

    run_all()

    payment = list_payments()[-1]
    [message] = messages_of(payment.id)
    assert (message.state, message.state_reason) == ("cancelled", LOST)
    assert (payment.status, payment.error_message) == ("fail", LOST)
    assert [row.state for row in list_renewals()] == ["charge_failed", "active"]
    assert len(gateway.sent) == 1


def test_a_first_payment_that_has_not_left_when_the_number_goes_never_leaves(gateway: FakeGateway) -> None:
    bought = buy(run=False)
    give_number_to("jan@example.sk")

    run_all()

    assert get_payment(bought.payment_id).status == "fail"
    assert gateway.sent == []


def test_who_changes_the_number_is_charged_on_the_new_one(gateway: FakeGateway, clock: Clock) -> None:
    bought = subscribe()
    with transaction() as session:
        move_phone(session, "0908000777", bought.user_id)
    clock.advance(MONTH)

    charge_due()
    run_all()
    report(list_payments()[-1].id, "A0")

    assert gateway.sent[-1].to == "+421908000777"
    assert [row.state for row in list_renewals()] == ["charged", "active"]


def test_p16_who_claims_an_account_keeps_its_renewals_and_its_payment_methods(
    gateway: FakeGateway, clock: Clock
) -> None:
    """Accounts are never merged here: claiming is by the same row, so that nothing can be left behind."""
    waiting = make_unclaimed(phone=NUMBER)
    bought = subscribe()
    with transaction() as session:
        claimed = register(session, Registration(email="eva@example.sk", phone=NUMBER)).id
    clock.advance(MONTH)

    charge_due()
    run_all()
    report(list_payments()[-1].id, "A0")

    with transaction() as session:
        owners = set(session.execute(select(PaymentMethod.user_id)).scalars())
    assert waiting == bought.user_id == claimed
    assert owners == {row.user_id for row in list_renewals()} == {claimed}
    assert [row.state for row in list_renewals()] == ["charged", "active"]


def give_number_to(email: str) -> int:
    user_id = make_user(role="customer", email=email)
    with transaction() as session:
        move_phone(session, NUMBER, user_id)
    return user_id
