"""What may have been a STOP waits for a person, who says on the conversation what it was."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from crm.core.db import transaction
from crm.mobiletech.conversations.models import InboxItem
from crm.payments.charging_run import charge_due
from tests.conftest import Clock
from tests.factories.flows import set_up_keywords, write
from tests.factories.money import MONTH, list_payments, list_renewals, subscribe
from tests.factories.users import make_user
from tests.fakes import FakeGateway
from tests.outbox import run_all
from tests.pages import Page, sign_in
from tests.web.conftest import Browser

THREAD = "/admin/threads/1"


@pytest.fixture(autouse=True)
def _paused(app: Flask, gateway: FakeGateway, client: FlaskClient) -> None:
    set_up_keywords()
    subscribe()
    write(client, "Ako môžem zrušiť predplatné?")


def signed_in(app: Flask, role: str) -> FlaskClient:
    client = Browser(app)
    make_user(role=role, email=f"{role}@example.sk")
    assert sign_in(client, f"{role}@example.sk").status_code == 302
    return client


def open_items() -> list[str]:
    with transaction() as session:
        return list(session.execute(select(InboxItem.reason).where(InboxItem.state == "open")).scalars())


def decide(staff: FlaskClient, decision: str) -> Page:
    page = Page(staff.get(THREAD))
    token = page.form(f"{THREAD}/near-stop").fields["csrf_token"]
    staff.post(f"{THREAD}/near-stop", data={"csrf_token": token, "decision": decision})
    return Page(staff.get(THREAD))


@pytest.mark.parametrize("role", ["support", "billing"])
def test_yes_stops_tells_the_reader_and_closes_the_item(app: Flask, gateway: FakeGateway, role: str) -> None:
    page = decide(signed_in(app, role), "stop")
    run_all()

    assert "It is stopped. An SMS tells the reader so, free of charge." in page.text
    assert (list_renewals()[0].state, open_items()) == ("user_stop", [])
    assert gateway.sent[-1].content.startswith("Mesacne je zrusené.")


def test_no_lets_it_be_charged(app: Flask, gateway: FakeGateway, clock: Clock) -> None:
    page = decide(signed_in(app, "support"), "go-on")
    clock.advance(MONTH + timedelta(days=1))
    charge_due()
    run_all()

    assert "It goes on: it is charged when it is due." in page.text
    assert len(list_payments()) == 2


def test_who_may_not_decide_sees_that_it_waits(app: Flask) -> None:
    page = Page(signed_in(app, "editor").get(THREAD))

    assert "Not charged until somebody decides: Mesacne, 4.99" in page.text.replace("\xa0", " ")
    assert "Yes, stop" not in page.text


def test_somebody_was_quicker(app: Flask) -> None:
    first, second = signed_in(app, "support"), signed_in(app, "billing")
    token = Page(second.get(THREAD)).form(f"{THREAD}/near-stop").fields["csrf_token"]
    decide(first, "go-on")

    second.post(f"{THREAD}/near-stop", data={"csrf_token": token, "decision": "stop"})

    assert "Somebody was quicker" in Page(second.get(THREAD)).text
    assert list_renewals()[0].state == "active"


def test_another_word_decides_nothing(app: Flask) -> None:
    staff = signed_in(app, "support")
    token = Page(staff.get(THREAD)).form(f"{THREAD}/near-stop").fields["csrf_token"]

    assert staff.post(f"{THREAD}/near-stop", data={"csrf_token": token, "decision": "x"}).status_code == 400
    assert list_renewals()[0].paused_at is not None
