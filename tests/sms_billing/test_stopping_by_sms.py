"""STOP stops: at once, once answered, also while a charge is on its way; what is nearly a STOP waits for a person."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from crm.audit import run_audit
from crm.core.clock import db_now
from crm.core.db import transaction
from crm.payments.models import RecurrentPayment
from crm.payments.pausing import go_on
from crm.sms_billing.models import SmsOrder
from tests.conftest import Clock
from tests.factories.flows import decision_of, set_up_keywords, step_kinds, waiting_in_inbox, write
from tests.factories.money import (
    MONTH,
    buy,
    charge,
    get_payment,
    list_payments,
    list_renewals,
    list_subscriptions,
    make_type,
    messages_of,
    renewal_states,
    report,
    subscribe,
)
from tests.factories.rules import make_rule
from tests.fakes import FakeGateway, ambiguous, not_connected
from tests.outbox import run_all


@pytest.fixture(autouse=True)
def _keywords(app: Flask) -> None:
    set_up_keywords()


def test_stop_stops_and_is_answered_free_of_charge(
    client: FlaskClient, gateway: FakeGateway, clock: Clock
) -> None:
    subscribe()
    [subscription] = list_subscriptions()

    inbound_id = write(client, "Stop!")
    clock.advance(MONTH + timedelta(days=1))
    charge()

    assert renewal_states() == ["user_stop"]
    assert len(list_payments()) == 1
    [_, answer] = gateway.sent
    day = f"{subscription.end_time.day}.{subscription.end_time.month}.{subscription.end_time.year}"
    assert answer.content == f"Zrusené: Mesacne. Plati do {day}. Uz nic nestrhneme."
    assert (answer.billkey, answer.rcv_msg_id is not None) == ("AZ19", True)
    assert (decision_of(inbound_id)[0], step_kinds(inbound_id)) == ("stop", ["stop", "stop_done", "sent"])
    assert waiting_in_inbox() == []


def test_stop_from_who_has_nothing_is_answered_too(client: FlaskClient, gateway: FakeGateway) -> None:
    inbound_id = write(client, "STOP")

    assert [sent.content[:40] for sent in gateway.sent] == ["Na tomto cisle nie je co zrusit: nemate p"[:40]]
    assert step_kinds(inbound_id) == ["stop", "stop_done", "sent"]
    assert waiting_in_inbox() == []


def test_an_answer_that_cannot_be_made_is_a_persons_work(client: FlaskClient, gateway: FakeGateway) -> None:
    inbound_id = write(client, "STOP", "+420601123456")

    assert gateway.sent == []
    assert waiting_in_inbox() == [(inbound_id, "stop")]


def test_while_a_charge_is_on_its_way_stop_is_what_follows_it(
    client: FlaskClient, gateway: FakeGateway, clock: Clock
) -> None:
    subscribe()
    clock.advance(MONTH)
    charge()
    assert renewal_states() == ["pending"]

    write(client, "STOP")
    assert "moze este prejst" in gateway.sent[-1].content
    report(list_payments()[-1].id, "A0")

    assert renewal_states() == ["charged", "user_stop"]
    clock.advance(2 * MONTH)
    charge()
    assert len(list_payments()) == 2


def test_a_charge_that_failed_after_a_stop_is_not_tried_again(
    client: FlaskClient, gateway: FakeGateway, clock: Clock
) -> None:
    subscribe()
    clock.advance(MONTH)
    charge()
    write(client, "STOP")

    report(list_payments()[-1].id, "A5")
    clock.advance(timedelta(days=3))
    charge()

    assert len(list_payments()) == 2
    assert renewal_states()[-1] == "user_stop"
    assert [sent.billkey for sent in gateway.sent] == ["AA99", "AA99", "AZ19"]  # nothing more is told


def test_stop_calls_back_an_order_that_has_not_left(
    client: FlaskClient, gateway: FakeGateway, clock: Clock
) -> None:
    gateway.will(not_connected())
    write(client, "START")
    clock.advance(timedelta(seconds=5))

    write(client, "STOP")
    clock.advance(timedelta(hours=1))
    run_all()

    [payment] = list_payments()
    assert (payment.status, payment.failure) == ("fail", "person")
    assert [message.state for message in messages_of(payment.id)] == ["cancelled"]
    assert gateway.sent[-1].content == "Zrusené: Mesacne. Uz nic nestrhneme."


def test_an_order_that_is_billed_after_a_stop_renews_no_more(
    client: FlaskClient, gateway: FakeGateway, clock: Clock
) -> None:
    inbound_id = write(client, "START")
    clock.advance(timedelta(minutes=1))
    write(client, "STOP")
    assert "moze este prejst" in gateway.sent[-1].content

    report(list_payments()[0].id, "A0")
    clock.advance(MONTH + timedelta(days=1))
    charge()

    assert get_payment(list_payments()[0].id).status == "paid"
    assert renewal_states() == ["user_stop"]
    assert len(list_payments()) == 1
    assert decision_of(inbound_id)[0] == "rule"


def test_who_orders_again_while_the_first_is_on_its_way_goes_on(
    client: FlaskClient, gateway: FakeGateway, clock: Clock
) -> None:
    for text in ("START", "STOP", "START"):
        write(client, text)
        clock.advance(timedelta(minutes=1))

    report(list_payments()[0].id, "A0")

    assert (len(list_payments()), renewal_states()) == (1, ["active"])


def test_an_unknown_outcome_is_told_as_one_that_may_still_be_billed(
    client: FlaskClient, gateway: FakeGateway
) -> None:
    gateway.will(ambiguous())
    buy()

    write(client, "STOP")

    assert "moze este prejst" in gateway.sent[-1].content


@pytest.fixture
def two(gateway: FakeGateway) -> None:
    """A reader of the month and of the week."""
    make_type("week", price="1.50", billkey="AA50", short_name="Tyzdenne", length=7)
    make_rule("TYZDEN", action="subscribe", subscription_type="week")
    subscribe()
    subscribe("week", billkey="AA50")


@pytest.mark.usefixtures("two")
def test_stop_with_a_keyword_stops_that_one(client: FlaskClient, gateway: FakeGateway) -> None:
    write(client, "STOP TYZDEN")

    assert renewal_states() == ["active", "user_stop"]
    assert gateway.sent[-1].content.startswith("Zrusené: Tyzdenne.")


@pytest.mark.usefixtures("two")
@pytest.mark.parametrize("text", ["STOP", "STOP NOVINY"])
def test_stop_alone_or_with_an_unknown_word_stops_everything(
    client: FlaskClient, gateway: FakeGateway, text: str
) -> None:
    write(client, text)

    assert renewal_states() == ["user_stop", "user_stop"]
    assert len(gateway.sent) == 3
    assert gateway.sent[-1].content.startswith("Zrusené predplatné: 2.")


def test_stop_of_what_they_have_not_pauses_what_they_have_and_asks_a_person(
    client: FlaskClient, gateway: FakeGateway, clock: Clock
) -> None:
    make_type("week", price="1.50", billkey="AA50", short_name="Tyzdenne", length=7)
    make_rule("TYZDEN", action="subscribe", subscription_type="week")
    subscribe()

    inbound_id = write(client, "STOP TYZDEN")
    clock.advance(MONTH + timedelta(days=1))
    charge()

    assert (renewal_states(), len(list_payments())) == (["active"], 1)
    assert "teraz nic nestrhavame" in gateway.sent[-1].content
    assert waiting_in_inbox() == [(inbound_id, "near_stop")]


def test_one_reader_does_not_stop_another(client: FlaskClient, gateway: FakeGateway) -> None:
    subscribe()

    write(client, "STOP", "0905123456")

    assert renewal_states() == ["active"]


def test_a_stop_written_before_the_order_is_not_applied_and_a_person_looks(
    client: FlaskClient, gateway: FakeGateway, clock: Clock
) -> None:
    with transaction() as session:
        before = session.execute(select(db_now())).scalar_one()
    clock.advance(timedelta(minutes=3))
    subscribe()

    inbound_id = write(client, "STOP", written_at=before)

    assert renewal_states() == ["active"]
    assert gateway.sent[-1].content.startswith("Mesacne: dalsia platba")
    assert (step_kinds(inbound_id)[1], waiting_in_inbox()) == ("stop_late", [(inbound_id, "stop")])


def test_an_operators_repeat_of_a_stop_is_answered_once(client: FlaskClient, gateway: FakeGateway) -> None:
    subscribe()

    write(client, "STOP")
    write(client, "STOP")

    assert len(gateway.sent) == 2


def test_a_machine_is_stopped_as_often_as_it_likes_and_answered_ten_times_a_day(
    client: FlaskClient, gateway: FakeGateway, clock: Clock
) -> None:
    for _ in range(12):
        last = write(client, "STOP")
        clock.advance(timedelta(minutes=1))

    assert len(gateway.sent) == 10
    assert step_kinds(last) == ["stop", "stop_done", "stop_silent"]


def test_what_is_nearly_a_stop_pauses_the_charge_until_a_person_decides(
    client: FlaskClient, gateway: FakeGateway, clock: Clock
) -> None:
    subscribe()

    inbound_id = write(client, "Ako mozem zrusit predplatne?")
    clock.advance(MONTH + timedelta(days=1))
    charge()

    [row] = list_renewals()
    assert (row.state, row.paused_at is not None, len(list_payments())) == ("active", True, 1)
    assert (inbound_id, "near_stop") in waiting_in_inbox()
    with transaction() as session:
        go_on(session, session.get_one(RecurrentPayment, row.id), "asked")
    charge()
    assert len(list_payments()) == 2


def test_a_pause_outlives_the_charge_that_was_on_its_way(
    client: FlaskClient, gateway: FakeGateway, clock: Clock
) -> None:
    subscribe()
    clock.advance(MONTH)
    charge()
    write(client, "Ako mozem zrusit predplatne?")

    report(list_payments()[-1].id, "A5")
    clock.advance(timedelta(days=1))
    charge()

    assert len(list_payments()) == 2
    assert list_renewals()[-1].paused_at is not None


def test_a_stop_lifts_the_pause(client: FlaskClient, gateway: FakeGateway) -> None:
    subscribe()
    write(client, "Ako mozem zrusit predplatne?")

    write(client, "STOP")

    [row] = list_renewals()
    assert (row.state, row.paused_at) == ("user_stop", None)


def test_a_rule_may_stop_as_well(client: FlaskClient, gateway: FakeGateway) -> None:
    make_rule("UZ NIE", action="stop", subscription_type="month")
    subscribe()

    inbound_id = write(client, "uz nie")

    assert renewal_states() == ["user_stop"]
    assert (decision_of(inbound_id)[0], step_kinds(inbound_id)[-2:]) == ("rule", ["stop_done", "sent"])
    assert waiting_in_inbox() == []


def test_what_waits_for_a_yes_is_cancelled_too(client: FlaskClient, gateway: FakeGateway) -> None:
    make_rule("KLUB", action="subscribe", subscription_type="month", asks_first=True)
    write(client, "KLUB")

    write(client, "STOP")
    write(client, "ANO")

    assert list_payments() == []
    assert gateway.sent[1].content == "Objednavka je zrusena. Uz nic nestrhneme."
    with transaction() as session:
        assert session.execute(select(SmsOrder.state)).scalar_one() == "stopped"


def test_the_books_are_right_after_all_of_it(client: FlaskClient, gateway: FakeGateway, clock: Clock) -> None:
    for text in ("START", "STOP", "START", "STAV", "STOP", "STOP START"):
        write(client, text)
        clock.advance(timedelta(minutes=2))
        for payment in list_payments():
            report(payment.id, "A0")

    with transaction() as session:
        assert run_audit(session) == []
    assert set(renewal_states()) == {"user_stop"}


def test_a_stop_that_waits_to_be_read_comes_before_the_answer_that_would_charge(
    client: FlaskClient, gateway: FakeGateway, clock: Clock
) -> None:
    """The order's SMS is the older work of the number, and due: it waits for the STOP behind it all the same."""
    bought = buy(run=False)
    write(client, "STOP", run=False)

    run_all()
    clock.advance(timedelta(seconds=2))
    run_all()

    assert [sent.billkey for sent in gateway.sent] == ["AZ19"]
    assert get_payment(bought.payment_id).status == "fail"
