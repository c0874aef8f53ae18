"""Charges that wait: for an answer, for a person, for what is set wrong; and what frees them."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import update

from crm.core.business_settings import set_setting
from crm.core.clock import db_now
from crm.core.db import transaction
from crm.events.models import OutboxEntry
from crm.events.publish import publish
from crm.mobiletech.events import INBOUND
from crm.mobiletech.models import OutboundMessage
from crm.payments.charging_run import charge_due
from crm.payments.holding import hold, resume
from crm.payments.models import RecurrentPayment
from crm.payments.pausing import go_on, pause
from crm.payments.retry_rules import MOST_GATEWAY_FAILS
from crm.payments.stopping import get_renewal
from crm.sms_billing.turns import look_for_timeouts
from crm.subscriptions.models import SubscriptionType
from tests.conftest import Clock
from tests.factories.money import (
    MONTH,
    NUMBER,
    Bought,
    charge,
    get_payment,
    list_renewals,
    make_type,
    renewal_states,
    report,
    set_up_sale,
    subscribe,
)
from tests.fakes import FakeGateway
from tests.outbox import run_all


@pytest.fixture
def reader(app: Flask, gateway: FakeGateway, clock: Clock) -> Bought:
    """Return a reader whose renewal is due."""
    set_up_sale()
    make_type()
    bought = subscribe()
    clock.advance(MONTH)
    return bought


def test_after_silence_the_next_try_goes_out(gateway: FakeGateway, reader: Bought, clock: Clock) -> None:
    charge()
    clock.advance(timedelta(minutes=601))
    look_for_timeouts()
    run_all()
    clock.advance(timedelta(minutes=16))

    again = charge()
    report(again, "A0")

    assert renewal_states() == ["charge_failed", "charged", "active"]
    assert len(gateway.sent) == 3


def test_a_charge_that_has_not_left_waits_while_renewals_are_held(
    gateway: FakeGateway, reader: Bought, clock: Clock
) -> None:
    charge_due()
    with transaction() as session:
        hold(session, reason="A wrong text")

    run_all()
    assert len(gateway.sent) == 1
    with transaction() as session:
        resume(session)
    clock.advance(timedelta(minutes=2))
    run_all()

    assert len(gateway.sent) == 2


def test_a_charge_that_has_not_left_waits_while_its_renewal_is_paused(
    gateway: FakeGateway, reader: Bought, clock: Clock
) -> None:
    charge_due()
    [row] = list_renewals()
    with transaction() as session:
        pause(session, get_renewal(session, row.id), "Perhaps a STOP")

    run_all()
    assert len(gateway.sent) == 1
    with transaction() as session:
        go_on(session, get_renewal(session, row.id), "It was none")
    clock.advance(timedelta(minutes=2))
    run_all()

    assert len(gateway.sent) == 2


def test_a_fault_of_ours_that_stays_pauses_the_renewal_and_ends_nothing(
    gateway: FakeGateway, reader: Bought, clock: Clock
) -> None:
    with transaction() as session:
        session.execute(update(SubscriptionType).values(price=5))
    for _ in range(MOST_GATEWAY_FAILS):
        charge_due()
        clock.advance(timedelta(hours=1))

    charge_due()

    [row] = list_renewals()
    assert (row.state, row.status, row.paused_at is not None) == ("active", "billkey_price", True)
    assert row.pause_reason == row.approval


def test_a_type_that_ended_on_its_fixed_date_charges_for_no_empty_period(
    gateway: FakeGateway, reader: Bought
) -> None:
    with transaction() as session:
        session.execute(update(SubscriptionType).values(fixed_end=db_now() - timedelta(days=1)))

    charge_due()
    run_all()

    assert [(row.state, row.status) for row in list_renewals()] == [("active", "type_over")]
    assert len(gateway.sent) == 1


def test_nothing_is_charged_while_an_sms_of_the_number_could_not_be_read_for_a_stop(
    gateway: FakeGateway, reader: Bought, clock: Clock
) -> None:
    charge_due()
    with transaction() as session:
        publish(session, INBOUND, {"mobiletech_inbound_message_id": 0}, key="inbound:0", lane=NUMBER)
        unread = update(OutboxEntry).where(OutboxEntry.key == "inbound:0")
        session.execute(
            unread.values(handler="heed_stop", attempts=3, available_at=db_now() + timedelta(hours=3))
        )

    run_all()

    assert len(gateway.sent) == 1


def test_a_report_that_was_applied_and_not_judged_is_judged_at_the_next_turn(
    gateway: FakeGateway, reader: Bought, clock: Clock
) -> None:
    payment_id = charge()
    with transaction() as session:
        session.execute(
            update(OutboundMessage)
            .where(OutboundMessage.payment_id == payment_id)
            .values(billing="billed", status="A0")
        )

    clock.advance(timedelta(minutes=6))
    look_for_timeouts()
    run_all()

    assert get_payment(payment_id).status == "paid"
    assert renewal_states() == ["charged", "active"]


def test_the_ceiling_of_the_hour_is_told(gateway: FakeGateway, reader: Bought) -> None:
    with transaction() as session:
        set_setting(session, "recurrent_max_charges_per_hour", "1")
    charge_due()
    with transaction() as session:
        session.execute(update(RecurrentPayment).values(state="active", payment_id=None))

    done = charge_due()

    assert (done.begun, done.is_capped) == (0, True)
