"""A person charges a planned renewal now, or lets it wait; each rule of a charge holds, and says so."""

from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from crm.core.clock import db_now
from crm.core.db import transaction
from crm.payments.charging_run import charge_due
from crm.payments.errors import InvalidDateError, NotActiveError, NotNowError
from crm.payments.holding import hold
from crm.payments.models import Payment, RecurrentPayment
from crm.payments.pausing import pause
from crm.payments.rescheduling import postpone, try_now
from crm.payments.stopping import get_renewal
from crm.subscriptions.models import SubscriptionType
from tests.conftest import Clock
from tests.factories.money import MONTH, list_renewals, make_type, report, set_up_sale, subscribe
from tests.fakes import FakeGateway
from tests.outbox import run_all

ALMOST = timedelta(days=25)


@pytest.fixture(autouse=True)
def _reader(app: Flask, gateway: FakeGateway, clock: Clock) -> None:
    set_up_sale()
    make_type()
    subscribe()
    clock.advance(ALMOST)


def newest() -> RecurrentPayment:
    return list_renewals()[-1]


def charge_now() -> None:
    row_id = newest().id
    with transaction() as session:
        try_now(session, get_renewal(session, row_id), reason="asked by phone")


def move(by: timedelta) -> None:
    row_id = newest().id
    with transaction() as session:
        now = session.execute(select(db_now())).scalar_one()
        postpone(session, get_renewal(session, row_id), now + by, reason="on holiday")


def now() -> datetime:
    with transaction() as session:
        return session.execute(select(db_now())).scalar_one()


def test_a_renewal_is_charged_before_its_date(gateway: FakeGateway) -> None:
    charge_now()
    run_all()

    row = newest()
    assert row.state == "pending"
    report(row.payment_id or 0, "A0")
    assert [each.state for each in list_renewals()] == ["charged", "active"]
    assert len(gateway.sent) == 2


@pytest.mark.parametrize(
    ("known", "recorded"),
    [
        (None, "Skipped: a person charged it before its date."),
        ("The reader was told.", "The reader was told."),
    ],
)
def test_that_nobody_was_told_of_a_charge_made_by_hand_is_recorded(known: str | None, recorded: str) -> None:
    with transaction() as session:
        told_at = db_now() if known else None
        session.execute(update(RecurrentPayment).values(noticed_at=told_at, notice=known))

    charge_now()

    assert (newest().noticed_at is not None, newest().notice) == (True, recorded)


def test_not_sooner_than_most_of_the_period_after_the_last_payment(
    gateway: FakeGateway, clock: Clock
) -> None:
    clock.advance(-ALMOST)

    with pytest.raises(NotNowError, match="paid too recently"):
        charge_now()

    assert newest().charge_at - now() > timedelta(days=29)


def test_not_while_all_are_held() -> None:
    with transaction() as session:
        hold(session, reason="an outage")

    with pytest.raises(NotNowError, match="held"):
        charge_now()


def test_not_while_it_is_paused() -> None:
    row_id = newest().id
    with transaction() as session:
        pause(session, get_renewal(session, row_id), "wrote STPO")

    with pytest.raises(NotNowError, match="paused"):
        charge_now()


def test_what_the_key_forbids_is_said_and_costs_no_retry() -> None:
    with transaction() as session:
        session.execute(update(SubscriptionType).values(price=5))

    with pytest.raises(NotNowError, match=r"charges 4\.99 EUR, and the payment is of 5\.00 EUR"):
        charge_now()

    assert (newest().state, newest().gateway_fails, newest().retries) == ("active", 0, 4)


def test_not_above_the_ceiling_of_the_hour(gateway: FakeGateway) -> None:
    set_up_sale(recurrent_max_charges_per_hour="1")
    charge_now()
    subscribe(number="0908000001")
    with transaction() as session:
        month_ago = db_now() - MONTH
        session.execute(update(Payment).where(Payment.status == "paid").values(paid_at=month_ago))

    with pytest.raises(NotNowError, match="most charges of an hour"):
        charge_now()


def test_only_a_planned_one_is_charged() -> None:
    charge_now()

    with pytest.raises(NotActiveError):
        charge_now()


def test_a_postponed_renewal_waits_and_is_announced_anew(gateway: FakeGateway, clock: Clock) -> None:
    with transaction() as session:
        session.execute(update(RecurrentPayment).values(noticed_at=db_now(), notice="told"))
    move(timedelta(days=10))

    clock.advance(timedelta(days=9))
    charge_due()
    run_all()
    assert (newest().state, newest().noticed_at) == ("active", None)
    clock.advance(timedelta(days=1))
    charge_due()

    assert newest().state == "pending"


@pytest.mark.parametrize("days", [-1, 4, 93])
def test_a_date_that_is_no_later_or_too_far_is_refused(days: int) -> None:
    planned = newest().charge_at

    with pytest.raises(InvalidDateError):
        move(timedelta(days=days))

    assert newest().charge_at == planned
