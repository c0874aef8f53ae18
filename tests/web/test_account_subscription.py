"""My subscription: what a reader is told about it in each state, how it is stopped, and how it goes on."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update
from werkzeug.test import TestResponse

from crm.core.db import transaction
from crm.mobiletech.models import OutboundMessage
from crm.payments.charging_run import charge_due
from crm.payments.holding import hold
from crm.payments.models import RecurrentPayment
from crm.payments.stopping import get_renewal
from crm.payments.stopping import stop as stop_by_staff
from crm.sms_billing.gateways import MobiletechRecurrentGateway
from crm.users.models import AuditEntry
from crm.users.phones import unlink_phone
from tests.conftest import Clock
from tests.factories.codes import make_reader
from tests.factories.money import (
    list_payments,
    list_renewals,
    make_type,
    report,
    set_up_sale,
    subscribe,
)
from tests.factories.orders import make_subscribe_rule
from tests.fakes import FakeGateway, ambiguous
from tests.outbox import run_all
from tests.pages import Page, sign_in
from tests.stored import read
from tests.web.conftest import Browser

PATH = "/account/subscription"
WEEK = timedelta(days=7)
STOP, GO_ON = f"{PATH}/1/stop", f"{PATH}/1/go-on"


@pytest.fixture(autouse=True)
def _sale(app: Flask, gateway: FakeGateway) -> None:
    set_up_sale()
    make_type(length=7)  # shorter than a sign-in lasts


@pytest.fixture
def reader(client: FlaskClient) -> FlaskClient:
    """Return a browser in which a reader is signed in."""
    make_reader()
    sign_in(client, "eva@example.sk")
    return client


@pytest.fixture
def subscriber(reader: FlaskClient) -> FlaskClient:
    """Return a browser of a reader whose renewal is planned."""
    subscribe()
    return reader


def test_it_tells_what_it_costs_and_when_it_is_charged(subscriber: FlaskClient) -> None:
    page = Page(subscriber.get(PATH))

    for told in (
        "Mesačné predplatné",
        "Renews itself",
        "Next charge",
        "4.99 € for 7 days",
        "0908 630 549",
        "Then it goes on by itself for 7 days.",
        "Paid until",
    ):
        assert told in page.text, told
    assert STOP in page.links


def test_who_has_nothing_is_told_how_to_order(reader: FlaskClient) -> None:
    make_subscribe_rule("START", "month")

    page = Page(reader.get(PATH))

    assert "No subscription yet" in page.text
    assert "Send START to 8877" in page.text
    assert "4.99 € for 7 days, then it renews itself until you stop it" in page.text


def test_what_a_trial_costs_later_is_told_before_it_is_ordered(reader: FlaskClient) -> None:
    make_type("trial", price="1.00", billkey="TT10", next_subscription_type_id=1, user_label="Na skúšku")
    make_subscribe_rule("SKUSKA", "trial")

    later = "After 1 paid period it goes on as Mesačné predplatné, 4.99 € for 7 days."
    assert later in Page(reader.get(PATH)).text


def test_stopping_is_asked_first_and_changes_nothing_until_then(subscriber: FlaskClient) -> None:
    page = Page(subscriber.get(STOP))

    assert "Nothing more is charged, from this moment on." in page.text
    assert "Until the day of the next charge you can let it go on again." in page.text
    assert [row.state for row in list_renewals()] == ["active"]


def test_a_way_back_is_promised_only_where_there_is_one(subscriber: FlaskClient, clock: Clock) -> None:
    clock.advance(WEEK)  # due, and not charged yet

    assert "you can let it go on again" not in Page(subscriber.get(STOP)).text


def test_a_stop_is_at_once_and_nothing_is_charged_after_it(
    subscriber: FlaskClient, clock: Clock, gateway: FakeGateway
) -> None:
    response = press(subscriber, STOP)

    page = Page(subscriber.get(response.location))
    assert "Stopped. Nothing more is charged. You have it until" in page.text
    assert "Stopped by you" in page.text
    assert STOP not in page.links
    clock.advance(WEEK * 2)
    charge_due()
    run_all()
    assert len(gateway.sent) == 1


def test_a_stop_is_in_the_audit_log_under_the_readers_name(subscriber: FlaskClient) -> None:
    press(subscriber, STOP)

    assert ("renewal.stop", 1, "recurrent_payment 1") in read(
        AuditEntry.action, AuditEntry.actor_id, AuditEntry.subject
    )


def test_a_second_press_is_told_that_it_is_stopped(subscriber: FlaskClient) -> None:
    fields = Page(subscriber.get(STOP)).form().fields
    subscriber.post(STOP, data=fields)

    subscriber.post(STOP, data=fields)

    assert "It was stopped already." in Page(subscriber.get(PATH)).text
    assert subscriber.get(STOP).location == PATH


def test_what_was_charged_while_the_question_stood_there_is_stopped_too(
    subscriber: FlaskClient, clock: Clock
) -> None:
    fields = Page(subscriber.get(STOP)).form().fields
    clock.advance(WEEK)
    charge()
    report(list_payments()[-1].id, "A0")

    subscriber.post(STOP, data=fields)

    assert [row.state for row in list_renewals()] == ["charged", "user_stop"]


def test_a_stop_is_taken_back_by_the_button_beside_the_news(subscriber: FlaskClient) -> None:
    press(subscriber, STOP)
    news = Page(subscriber.get(PATH))

    response = subscriber.post(GO_ON, data=news.form(GO_ON).fields)

    page = Page(subscriber.get(response.location))
    assert "It goes on. The next charge is planned for" in page.text
    assert "Renews itself" in page.text
    assert [row.state for row in list_renewals()] == ["active"]


def test_after_the_day_of_the_charge_a_stop_cannot_be_taken_back(
    subscriber: FlaskClient, clock: Clock
) -> None:
    press(subscriber, STOP)
    fields = Page(subscriber.get(PATH)).form(GO_ON).fields
    clock.advance(WEEK + timedelta(hours=1))

    subscriber.post(GO_ON, data=fields)

    page = Page(subscriber.get(PATH))
    assert "The day of the next charge is over" in page.text
    assert "It ended on" in page.text
    assert GO_ON not in [form.action for form in page.forms]
    assert [row.state for row in list_renewals()] == ["user_stop"]


def test_b63_a_stop_while_a_charge_is_on_its_way_says_honestly_what_may_come(
    subscriber: FlaskClient, clock: Clock
) -> None:
    clock.advance(WEEK)
    charge()
    asked = Page(subscriber.get(STOP)).text

    response = press(subscriber, STOP)
    told = Page(subscriber.get(response.location)).text
    report(list_payments()[-1].id, "A0")
    after = Page(subscriber.get(PATH)).text

    assert "if it has, it may still be billed" in asked
    assert "A charge that had left already may still be billed; after it nothing more is." in told
    assert "The last charge is on its way" in told
    assert [row.state for row in list_renewals()] == ["charged", "user_stop"]
    assert "Stopped by you" in after


def test_b63_a_charge_that_has_not_left_is_called_back(
    subscriber: FlaskClient, clock: Clock, gateway: FakeGateway
) -> None:
    clock.advance(WEEK)
    charge_due()

    press(subscriber, STOP)
    run_all()

    assert [row.state for row in list_renewals()] == ["user_stop"]
    assert len(gateway.sent) == 1


def test_a_charge_on_its_way_is_told(subscriber: FlaskClient, clock: Clock) -> None:
    clock.advance(WEEK)
    charge()

    page = Page(subscriber.get(PATH))

    assert "A charge is on its way" in page.text
    assert STOP in page.links


@pytest.mark.parametrize(
    ("code", "told"), [("A5", "Your operator could not bill it."), ("A2", "We try again on")]
)
def test_a_charge_that_failed_is_told_with_its_reason(
    subscriber: FlaskClient, clock: Clock, code: str, told: str
) -> None:
    clock.advance(WEEK)
    charge()
    report(list_payments()[-1].id, code)

    text = Page(subscriber.get(PATH)).text

    assert "Not billed, we try again" in text
    assert told in text


def test_what_was_given_up_is_told_for_a_month_and_then_no_more(
    subscriber: FlaskClient, clock: Clock
) -> None:
    set_rows(retries=0)
    clock.advance(WEEK)
    charge()
    report(list_payments()[-1].id, "A5")

    text = Page(subscriber.get(PATH)).text
    clock.advance(timedelta(days=32))
    sign_in(subscriber, "eva@example.sk")
    later = Page(subscriber.get(PATH)).text

    assert "Ended without a payment" in text
    assert "We could not charge it, and do not try any more." in text
    assert "Mesačné predplatné" not in later


def test_what_staff_stopped_the_reader_cannot_let_go_on(subscriber: FlaskClient) -> None:
    with transaction() as session:
        stop_by_staff(session, [get_renewal(session, 1)], by_user=False, note="called us")
    fields = Page(subscriber.get("/account/name")).form().fields

    subscriber.post(GO_ON, data=fields)

    text = Page(subscriber.get(PATH)).text
    assert "Stopped by us" in text
    assert "Only what you have stopped yourself can go on." in text
    assert [row.state for row in list_renewals()] == ["admin_stop"]


def test_a_paused_renewal_says_that_nothing_is_charged(subscriber: FlaskClient) -> None:
    set_rows(paused_at=list_renewals()[0].created_at, pause_reason="near stop")

    text = Page(subscriber.get(PATH)).text

    assert "Nothing is charged until a person of ours has looked at it." in text
    assert "near stop" not in text


def test_a_hold_of_all_charges_is_told(subscriber: FlaskClient) -> None:
    with transaction() as session:
        hold(session, reason="the gateway doubles")

    text = Page(subscriber.get(PATH)).text

    assert "Charging is put on hold by us for now" in text
    assert "the gateway doubles" not in text


def test_without_a_number_it_says_that_nothing_can_be_charged(subscriber: FlaskClient) -> None:
    with transaction() as session:
        unlink_phone(session, 1, reason="asked")

    text = Page(subscriber.get(PATH)).text

    assert "No phone number is linked to your account, so nothing can be charged." in text
    assert "Next charge" not in text


def test_a_trial_tells_what_comes_after_it(reader: FlaskClient) -> None:
    make_type("trial", price="1.00", billkey="TT10", next_subscription_type_id=1, user_label="Na skúšku")
    subscribe("trial", billkey="TT10")

    text = Page(reader.get(PATH)).text

    assert "From then on it is Mesačné predplatné, for 4.99 €." in text


def test_several_subscriptions_are_stopped_one_by_one(subscriber: FlaskClient) -> None:
    make_type("year", price="1.99", billkey="BB19", length=365, user_label="Ročné predplatné")
    subscribe("year", billkey="BB19")

    press(subscriber, f"{PATH}/2/stop")

    assert [row.state for row in list_renewals()] == ["active", "user_stop"]
    text = Page(subscriber.get(PATH)).text
    assert text.index("Mesačné predplatné") < text.index("Ročné predplatné")


def test_what_was_paid_once_ends_by_itself(reader: FlaskClient) -> None:
    subscribe(gateway="mobiletech")

    page = Page(reader.get(PATH))

    assert "It ends by itself. Nothing is charged." in page.text
    assert not any("stop" in link for link in page.links)


def test_the_paid_period_of_a_renewal_is_no_subscription_of_its_own(
    subscriber: FlaskClient, clock: Clock
) -> None:
    clock.advance(WEEK)
    charge()
    report(list_payments()[-1].id, "A0")

    assert Page(subscriber.get(PATH)).text.count("Mesačné predplatné") == 2  # the heading, and for the button


@pytest.mark.parametrize("path", [STOP, GO_ON])
def test_anothers_subscription_is_not_there(app: Flask, subscriber: FlaskClient, path: str) -> None:
    make_reader("0908000002", email="jan@example.sk")
    other = Browser(app)
    sign_in(other, "jan@example.sk")
    fields = Page(other.get("/account/name")).form().fields

    assert other.post(path, data=fields).status_code == 404
    assert other.get(STOP).status_code == 404
    assert [row.state for row in list_renewals()] == ["active"]


@pytest.mark.parametrize("chain_id", ["0", "99", str(2**63), "9" * 40])
def test_a_subscription_that_there_is_not_is_not_found(subscriber: FlaskClient, chain_id: str) -> None:
    fields = Page(subscriber.get("/account/name")).form().fields

    assert subscriber.get(f"{PATH}/{chain_id}/stop").status_code == 404
    assert subscriber.post(f"{PATH}/{chain_id}/stop", data=fields).status_code == 404


def test_a_gateway_that_lets_no_reader_stop_says_so(
    subscriber: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MobiletechRecurrentGateway, "is_user_stoppable", False)

    press(subscriber, STOP)

    assert "cannot be stopped here" in Page(subscriber.get(PATH)).text
    assert [row.state for row in list_renewals()] == ["active"]


def test_an_outcome_that_nobody_knows_is_told_as_that(
    subscriber: FlaskClient, clock: Clock, gateway: FakeGateway
) -> None:
    gateway.will(ambiguous())
    clock.advance(WEEK)
    charge()

    page = Page(subscriber.get(PATH))

    assert "charge nothing more until we know" in page.text
    assert STOP in page.links


def test_a_charge_that_is_held_says_that_it_has_not_left(subscriber: FlaskClient, clock: Clock) -> None:
    clock.advance(WEEK)
    charge_due()
    with transaction() as session:
        queued = update(OutboundMessage).where(OutboundMessage.state == "queued")
        session.execute(queued.values(state="held"))

    assert "has not left. A person of ours looks at it first." in Page(subscriber.get(PATH)).text


def charge() -> None:
    charge_due()
    run_all()


def press(client: FlaskClient, path: str) -> TestResponse:
    return client.post(path, data=Page(client.get(path)).form().fields)


def set_rows(**values: object) -> None:
    with transaction() as session:
        session.execute(update(RecurrentPayment).values(**values))
