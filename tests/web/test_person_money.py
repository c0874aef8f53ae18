"""A person's page shows what they have and pay, and why something cannot be charged."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from crm.core.db import transaction
from crm.payments.charging_run import charge_due
from crm.payments.own_renewals import stop_chain
from crm.users.phones import unlink_phone
from tests.conftest import Clock
from tests.factories.money import make_type, set_up_sale, subscribe
from tests.fakes import FakeGateway
from tests.outbox import run_all
from tests.pages import Page, sign_in


@pytest.fixture(autouse=True)
def _sale(app: Flask, gateway: FakeGateway) -> None:
    set_up_sale()
    make_type(name="Mesačné")


def test_the_page_leads_to_renewals_and_payments(staff: FlaskClient) -> None:
    bought = subscribe()

    page = Page(staff.get(f"/admin/users/{bought.user_id}"))

    for told in ("Mesačné", "Runs", "Planned", "Paid", "4.99 €"):
        assert told in page.text, told
    assert {"/admin/recurrent-payments/1", f"/admin/payments/{bought.payment_id}"} <= set(page.links)


def test_a_person_without_any_is_told_what_would_stand_there(staff: FlaskClient) -> None:
    page = Page(staff.get("/admin/users/1"))

    assert "What the person orders by SMS will stand here." in page.text
    assert "Last payments" not in page.text


def test_a_stop_is_shown(staff: FlaskClient) -> None:
    bought = subscribe()
    with transaction() as session:
        stop_chain(session, bought.user_id, 1)

    assert "Stopped by the reader" in Page(staff.get(f"/admin/users/{bought.user_id}")).text


def test_a_renewal_without_a_number_says_why_it_is_not_charged(staff: FlaskClient, clock: Clock) -> None:
    bought = subscribe()
    with transaction() as session:
        unlink_phone(session, bought.user_id, reason="the number is another's")
    before = Page(staff.get(f"/admin/users/{bought.user_id}")).text
    clock.advance(timedelta(days=30))
    charge_due()
    run_all()
    sign_in(staff, "admin@example.sk")

    after = Page(staff.get(f"/admin/users/{bought.user_id}")).text

    assert "No number is linked to this person, so a renewal cannot be charged." in before
    assert "The reader has no number linked, so nothing can be charged." in after
