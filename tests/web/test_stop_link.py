"""The link in an SMS stops without a login; looking changes nothing, and what it says is true."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from crm.core.db import transaction
from crm.payments.charging_run import charge_due
from crm.payments.stopping import get_renewal, stop
from crm.sms_billing.stop_links import token_of
from crm.users.models import AuditEntry
from tests.conftest import Clock
from tests.factories.flows import set_up_keywords
from tests.factories.money import MONTH, NUMBER, list_payments, list_renewals, report, subscribe
from tests.fakes import FakeGateway
from tests.outbox import run_all
from tests.pages import Page


@pytest.fixture(autouse=True)
def _keywords(app: Flask, gateway: FakeGateway) -> None:
    set_up_keywords()


@pytest.fixture
def link(gateway: FakeGateway) -> str:
    """The address that a subscriber was sent."""
    subscribe()
    return f"/s/{token_of(list_renewals()[0].payment_method_id)}"


def state() -> str:
    return list_renewals()[-1].state


def test_looking_shows_what_would_be_stopped_and_changes_nothing(client: FlaskClient, link: str) -> None:
    for method in ("GET", "HEAD", "GET"):
        response = client.open(link, method=method)

    page = Page(response)
    assert "Mesačné predplatné" in page.text
    assert "4.99 €" in page.text
    assert NUMBER[-6:] not in response.text
    assert (state(), response.headers["X-Robots-Tag"]) == ("active", "noindex, nofollow")
    assert "no-store" in response.headers["Cache-Control"]


def test_the_button_stops_and_an_sms_confirms(client: FlaskClient, link: str, gateway: FakeGateway) -> None:
    response = client.post(f"{link}/stop")
    run_all()

    assert (response.status_code, response.location, state()) == (302, link, "user_stop")
    assert "It is stopped" in Page(client.get(link)).text
    assert [sent.content[:22] for sent in gateway.sent[1:]] == ["Zrusené: Mesacne. Plat"]
    with transaction() as session:
        acts = session.execute(select(AuditEntry.actor, AuditEntry.action)).all()
        assert (NUMBER, "renewal.stop") in [tuple(act) for act in acts]


def test_pressing_twice_stops_once(client: FlaskClient, link: str, gateway: FakeGateway) -> None:
    for _ in range(2):
        assert client.post(f"{link}/stop").status_code == 302
    run_all()

    assert len(gateway.sent) == 2


def test_who_changes_their_mind_goes_on_until_the_period_ends(
    client: FlaskClient, link: str, clock: Clock
) -> None:
    client.post(f"{link}/stop")

    client.post(f"{link}/go-on")
    assert state() == "active"
    client.post(f"{link}/stop")
    clock.advance(MONTH + timedelta(days=1))
    late = client.post(f"{link}/go-on")

    assert (late.status_code, state()) == (409, "user_stop")
    assert "The period has ended: order anew instead." in Page(late).text
    assert "go on" not in Page(client.get(link)).text


def test_a_charge_that_had_left_is_told_honestly(client: FlaskClient, link: str, clock: Clock) -> None:
    clock.advance(MONTH)
    charge_due()
    run_all()

    client.post(f"{link}/stop")

    assert "may still be billed. No other will follow." in Page(client.get(link)).text
    report(list_payments()[-1].id, "A0")
    assert state() == "user_stop"


def test_the_link_lives_as_long_as_the_chain(client: FlaskClient, link: str, clock: Clock) -> None:
    clock.advance(MONTH)
    charge_due()
    run_all()
    report(list_payments()[-1].id, "A0")

    client.post(f"{link}/stop")

    assert [row.state for row in list_renewals()] == ["charged", "user_stop"]


def test_a_stop_of_staff_is_not_taken_back_by_the_link(client: FlaskClient, link: str) -> None:
    row_id = list_renewals()[0].id
    with transaction() as session:
        stop(session, [get_renewal(session, row_id)], by_user=False)

    assert "changed my mind" not in Page(client.get(link)).text
    assert client.post(f"{link}/go-on").status_code == 409
    assert state() == "admin_stop"


@pytest.mark.parametrize("path", ["/s/none", "/s/none/stop", "/s/none/go-on"])
def test_a_link_that_is_not_ours_says_how_to_stop(client: FlaskClient, path: str) -> None:
    response = client.get(path) if path == "/s/none" else client.post(path)

    assert response.status_code == 404
    assert "write STOP to the number" in Page(response).text


def test_a_well_signed_link_to_nothing_is_none(client: FlaskClient) -> None:
    assert client.get(f"/s/{token_of(2**62)}").status_code == 404


def test_somebody_who_tries_many_is_sent_away(client: FlaskClient) -> None:
    answers = [client.get(f"/s/guess{number}").status_code for number in range(61)]

    assert answers == [404] * 60 + [429]
