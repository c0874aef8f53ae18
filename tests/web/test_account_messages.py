"""My messages: the SMS of my number, since it is mine, and nothing of anybody else's."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from crm.core.db import transaction
from crm.events.drain import drain
from crm.users.phones import link_phone, move_phone
from tests.conftest import Clock
from tests.factories.codes import make_reader
from tests.factories.messages import WEBHOOK, make_receive, turn_on_test_answer
from tests.factories.outbound import make_outbound
from tests.fakes import FakeGateway
from tests.pages import Page, sign_in
from tests.web.conftest import Browser

PATH = "/account/messages"


@pytest.fixture
def reader(client: FlaskClient) -> FlaskClient:
    """Return a browser in which a reader is signed in."""
    make_reader()
    sign_in(client, "eva@example.sk")
    return client


def test_an_sms_of_mine_and_its_answer_are_shown(reader: FlaskClient, gateway: FakeGateway) -> None:
    turn_on_test_answer()
    reader.post(WEBHOOK, data=make_receive(content="Ahoj, noviny"))
    drain(for_seconds=10)

    text = Page(reader.get(PATH)).text

    assert "0908 630 549" in text
    assert text.index("Prijali sme: Ahoj, noviny") < text.rindex("Ahoj, noviny")


def test_a_code_is_listed_without_its_text(reader: FlaskClient) -> None:
    make_outbound(content="123456 je vas kod", is_secret=True)

    page = Page(reader.get(PATH))

    assert "The text is not shown" in page.text
    assert "123456" not in page.text


def test_the_next_owner_of_a_number_does_not_read_what_was_before(
    app: Flask, reader: FlaskClient, clock: Clock
) -> None:
    reader.post(WEBHOOK, data=make_receive(content="of the first owner"))
    second = make_reader(None, email="jan@example.sk")
    clock.advance(timedelta(minutes=5))
    with transaction() as session:
        move_phone(session, "0908630549", second)
    clock.advance(timedelta(minutes=5))
    reader.post(WEBHOOK, data=make_receive(content="of the second owner"))
    other = Browser(app)
    sign_in(other, "jan@example.sk")

    assert "of the first owner" not in other.get(PATH).text
    assert "of the second owner" in other.get(PATH).text
    assert "No number yet" in Page(reader.get(PATH)).text


def test_pages_lead_to_older_ones_and_back(reader: FlaskClient) -> None:
    for number in range(30):
        make_outbound(content=f"message number {number:02}", is_queued=False)

    first = Page(reader.get(PATH))
    older = Page(reader.get(next(link for link in first.links if "after=" in link)))
    newer = Page(reader.get(next(link for link in older.links if "before=" in link)))

    assert (first.text.count("message number"), older.text.count("message number")) == (25, 5)
    assert "message number 00" in older.text
    assert newer.text == first.text


def test_the_address_of_a_page_is_good_for_its_owner_only(app: Flask, reader: FlaskClient) -> None:
    for number in range(30):
        make_outbound(content=f"message number {number:02}", is_queued=False)
    link = next(link for link in Page(reader.get(PATH)).links if "after=" in link)
    jan = make_reader(None, email="jan@example.sk")
    with transaction() as session:
        link_phone(session, "0908000002", jan)
    other = Browser(app)
    sign_in(other, "jan@example.sk")

    foreign, broken = Page(other.get(link)), Page(reader.get(f"{PATH}?after=nonsense"))

    assert (foreign.status, broken.status) == (400, 400)
    assert "message number" not in foreign.text


def test_without_a_message_the_page_says_what_will_come(reader: FlaskClient) -> None:
    assert "No message yet" in Page(reader.get(PATH)).text
