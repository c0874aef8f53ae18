"""What of the renewals waits for a person stands on the overview and under operations, and leads to its list."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text, update

from crm.core.db import transaction
from crm.payments.charging_run import charge_due
from crm.payments.holding import hold
from crm.payments.models import RecurrentPayment
from crm.payments.pausing import pause
from crm.payments.stopping import get_renewal
from crm.subscriptions.models import SubscriptionType
from tests.conftest import Clock
from tests.factories.money import (
    MONTH,
    charge,
    list_renewals,
    make_type,
    report,
    set_up_sale,
    subscribe,
)
from tests.fakes import FakeGateway, ambiguous
from tests.pages import Page, sign_in
from tests.web.conftest import Browser

LIST = "/admin/recurrent-payments"


@pytest.fixture(autouse=True)
def _due(staff: FlaskClient, gateway: FakeGateway, clock: Clock) -> None:
    set_up_sale()
    make_type()
    subscribe()
    clock.advance(MONTH)
    tick()


def tick() -> None:
    """A worker is alive and takes its turns."""
    with transaction() as session:
        session.execute(text("DELETE FROM periodic_runs"))
        turns = "INSERT INTO periodic_runs VALUES ('tick', crm_now(), crm_now()), ('charge_due', crm_now(), crm_now())"
        session.execute(text(turns))


def read_page(staff: FlaskClient, path: str = "/admin/") -> Page:
    browser = Browser(staff.application)
    sign_in(browser, "admin@example.sk")
    return Page(browser.get(path))


def test_what_is_just_due_or_planned_waits_for_nobody(staff: FlaskClient) -> None:
    assert "Nothing waits for you" in read_page(staff).text


def test_an_unproven_charge(staff: FlaskClient, gateway: FakeGateway) -> None:
    gateway.will(ambiguous())
    charge()

    page = read_page(staff)

    assert "1 charge of a renewal is unproven" in page.text
    assert f"{LIST}?view=unproven" in page.links


def test_a_hold_with_its_reason(staff: FlaskClient, clock: Clock) -> None:
    with transaction() as session:
        hold(session, reason="an outage")
    clock.advance(timedelta(hours=1))
    tick()

    page = read_page(staff)

    assert "All renewals are held since" in page.text
    assert "an outage" in page.text
    assert "not charged" not in page.text


def test_one_that_is_due_and_was_not_charged(staff: FlaskClient, clock: Clock) -> None:
    clock.advance(timedelta(minutes=11))
    tick()

    assert "1 renewal is due and was not charged" in read_page(staff).text
    assert "1 renewal is due and was not charged" in read_page(staff, "/admin/operations").text


def test_a_turn_that_does_not_come(staff: FlaskClient, clock: Clock) -> None:
    clock.advance(timedelta(minutes=3))

    assert "Nobody has looked for due renewals for 3 minutes" in read_page(staff, "/admin/operations").text


def test_charging_that_works_is_a_good_line(staff: FlaskClient) -> None:
    assert "Renewals are charged when they are due" in read_page(staff, "/admin/operations").text


def test_a_paused_renewal(staff: FlaskClient) -> None:
    with transaction() as session:
        pause(session, get_renewal(session, 1), "wrote STPO")

    assert "1 renewal is paused" in read_page(staff).text


def test_one_that_our_settings_refuse(staff: FlaskClient) -> None:
    with transaction() as session:
        session.execute(update(SubscriptionType).values(price=5))
    charge_due()

    assert "1 renewal is refused by our settings" in read_page(staff).text


def test_a_charge_that_is_on_its_way_for_days(staff: FlaskClient, clock: Clock) -> None:
    charge()
    clock.advance(timedelta(days=2))
    tick()

    assert "1 charge has been on its way for more than a day" in read_page(staff).text


def test_one_that_was_given_up_today_and_not_one_of_before(staff: FlaskClient, clock: Clock) -> None:
    with transaction() as session:
        session.execute(update(RecurrentPayment).values(retries=0))
    report(charge(), "A5")
    assert list_renewals()[0].state == "system_stop"
    page = read_page(staff)
    assert "1 renewal was given up today" in page.text
    [href] = [link for link in page.links if "given_up" in link]
    assert f"{LIST}/1" in read_page(staff, href).links

    clock.advance(timedelta(days=1))
    tick()

    assert "given up today" not in read_page(staff).text
