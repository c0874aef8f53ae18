"""A reader texts a keyword and is a subscriber: charged once, or not at all and a person knows why."""

from datetime import timedelta
from decimal import Decimal

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from crm.core.clock import db_now
from crm.core.db import transaction
from crm.events.models import OutboxEntry
from crm.subscriptions.models import SubscriptionType
from crm.users.models import User
from crm.users.queries import find_by_phone
from tests.conftest import Clock
from tests.factories.flows import (
    decision_of,
    refusals,
    set_up_keywords,
    step_kinds,
    waiting_in_inbox,
    write,
)
from tests.factories.money import (
    MONTH,
    NUMBER,
    get_payment,
    list_payments,
    list_renewals,
    list_subscriptions,
    make_type,
    messages_of,
    report,
    set_up_sale,
    subscribe,
)
from tests.factories.rules import make_rule
from tests.fakes import FakeGateway, ambiguous
from tests.outbox import run_all

PAID_ANSWER = "Mesacne predlzene, 4,99 EUR/mesiac. Zrusit: STOP na 8877"


@pytest.fixture(autouse=True)
def _keywords(app: Flask) -> None:
    set_up_keywords()


def test_a_stranger_who_orders_becomes_a_person_and_a_subscriber(
    client: FlaskClient, gateway: FakeGateway
) -> None:
    inbound_id = write(client, "start!")
    [payment] = list_payments()
    report(payment.id, "A0")

    with transaction() as session:
        reader = find_by_phone(session, NUMBER)
        assert reader is not None
        assert (reader.public_name, reader.source, reader.id) == (NUMBER, "sms", payment.user_id)
    assert (payment.key, payment.amount) == (f"order:{inbound_id}", Decimal("4.99"))
    assert get_payment(payment.id).status == "paid"
    assert [row.state for row in list_renewals()] == ["active"]
    [sent] = gateway.sent
    assert (sent.content, sent.billkey, sent.rcv_msg_id) == (
        PAID_ANSWER,
        "AA99",
        messages_of(payment.id)[0].rcv_msg_id,
    )
    assert (decision_of(inbound_id)[0], step_kinds(inbound_id)[-2:]) == ("rule", ["ordered", "sent"])
    assert waiting_in_inbox() == []


def test_the_work_of_an_order_run_twice_charges_once(client: FlaskClient, gateway: FakeGateway) -> None:
    write(client, "START")
    with transaction() as session:
        again = update(OutboxEntry).where(OutboxEntry.event == "mobiletech-inbound")
        session.execute(again.values(state="ready", finished_at=None, available_at=db_now()))
    run_all()

    assert len(list_payments()) == 1
    assert len(gateway.sent) == 1


def test_an_operators_repeat_orders_nothing(client: FlaskClient, gateway: FakeGateway) -> None:
    write(client, "START")
    repeat = write(client, "START")

    assert len(list_payments()) == 1
    assert len(gateway.sent) == 1
    assert decision_of(repeat)[0] == "repeated"


def test_who_has_it_is_told_its_state_and_charged_nothing(
    client: FlaskClient, gateway: FakeGateway, clock: Clock
) -> None:
    subscribe()
    clock.advance(timedelta(days=2))

    inbound_id = write(client, "START")

    assert len(list_payments()) == 1
    assert [sent.billkey for sent in gateway.sent] == ["AA99", "AZ19"]
    assert gateway.sent[1].content.startswith("Mesacne: dalsia platba 4,99 EUR ")
    assert step_kinds(inbound_id)[-2:] == ["has_it", "sent"]


def test_who_ordered_a_moment_ago_is_not_charged_a_second_time(
    client: FlaskClient, gateway: FakeGateway, clock: Clock
) -> None:
    gateway.will(ambiguous())
    write(client, "START")
    clock.advance(timedelta(hours=1))

    write(client, "START")

    assert [payment.status for payment in list_payments()] == ["form"]
    assert gateway.sent[1].billkey == "AZ19"
    assert "objednavka sa spracuva" in gateway.sent[1].content


def test_a_failed_order_can_be_written_again(client: FlaskClient, gateway: FakeGateway, clock: Clock) -> None:
    write(client, "START")
    report(list_payments()[0].id, "A5")
    clock.advance(timedelta(hours=1))

    write(client, "START")

    assert [payment.status for payment in list_payments()] == ["fail", "form"]


def test_a_trial_is_not_sold_to_whom_it_has_brought_to_the_month(
    client: FlaskClient, gateway: FakeGateway, clock: Clock
) -> None:
    with transaction() as session:
        month = session.execute(select(SubscriptionType.id)).scalar_one()
    make_type("trial", price="0.50", billkey="AA20", next_subscription_type_id=month, trial_periods=1)
    make_rule("SKUSKA", action="subscribe", subscription_type="trial")
    write(client, "SKUSKA")
    report(list_payments()[0].id, "A0")
    clock.advance(timedelta(days=1))

    for text in ("SKUSKA", "START"):
        write(client, text)

    assert len(list_payments()) == 1


def test_above_a_cap_nobody_is_charged_and_a_person_gets_the_sms(
    client: FlaskClient, gateway: FakeGateway
) -> None:
    set_up_sale(mobiletech_max_amount_per_payment="2")

    inbound_id = write(client, "START")

    [payment] = list_payments()
    assert (payment.status, payment.failure) == ("fail", "limit")
    assert gateway.sent == []
    [(reason, told)] = refusals()
    assert (reason, "above the cap of one payment" in told) == ("order_refused", True)
    assert waiting_in_inbox() == [(inbound_id, "refused")]
    assert step_kinds(inbound_id)[-1] == "order_refused"


def test_a_type_that_is_sold_no_more_is_refused_with_the_reason(
    client: FlaskClient, gateway: FakeGateway
) -> None:
    with transaction() as session:
        session.execute(update(SubscriptionType).values(active=False))

    inbound_id = write(client, "START")

    assert list_payments() == []
    assert refusals() == [("order_refused", "The subscription type month is not sold: it is switched off.")]
    assert waiting_in_inbox() == [(inbound_id, "refused")]


def test_a_closed_account_is_sold_nothing(client: FlaskClient, gateway: FakeGateway) -> None:
    bought = subscribe()
    with transaction() as session:
        session.execute(update(User).where(User.id == bought.user_id).values(active=False))

    write(client, "start")

    assert len(list_payments()) == 1
    assert refusals() == [("order_refused", "The account of the sender is closed, so nothing is sold to it.")]


def test_a_number_from_abroad_is_sold_nothing(client: FlaskClient, gateway: FakeGateway) -> None:
    inbound_id = write(client, "START", "+420601123456")

    assert (list_payments(), gateway.sent) == ([], [])
    assert waiting_in_inbox() == [(inbound_id, "refused")]


def test_one_person_gets_a_type_as_often_as_it_says(
    client: FlaskClient, gateway: FakeGateway, clock: Clock
) -> None:
    with transaction() as session:
        session.execute(update(SubscriptionType).values(limit_per_user=1))
    subscribe()
    write(client, "STOP")
    clock.advance(MONTH + timedelta(days=1))

    write(client, "START")

    assert len(list_payments()) == 1
    assert refusals()[0][1] == "The sender has had month as often as one person may."


def test_an_order_written_before_a_stop_is_recorded_and_not_applied(
    client: FlaskClient, gateway: FakeGateway
) -> None:
    with transaction() as session:
        now = session.execute(select(db_now())).scalar_one()
    write(client, "STOP", written_at=now)

    inbound_id = write(client, "START", written_at=now - timedelta(minutes=2))

    assert list_payments() == []
    assert step_kinds(inbound_id)[-1] == "order_late"
    assert waiting_in_inbox() == []


def test_an_order_written_after_a_stop_is_applied(
    client: FlaskClient, gateway: FakeGateway, clock: Clock
) -> None:
    subscribe()
    write(client, "STOP")
    clock.advance(timedelta(minutes=2))

    write(client, "START")

    assert len(list_payments()) == 2


def test_a_machine_that_orders_again_and_again_is_not_answered_for_ever(
    client: FlaskClient, gateway: FakeGateway, clock: Clock
) -> None:
    for _ in range(6):
        write(client, "START")
        clock.advance(timedelta(seconds=15))

    assert len(list_payments()) == 1
    assert len(gateway.sent) == 3


def test_many_readers_order_at_once_and_each_is_charged_once(
    client: FlaskClient, gateway: FakeGateway
) -> None:
    for place in range(20):
        write(client, "START", f"0905123{place:03}", run=False)
    run_all()

    assert len(list_payments()) == len(list_subscriptions()) + 20 == 20
