"""My payments: each charge with its amount, period and proof in plain words, and nobody else's."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from crm.core.db import transaction
from crm.mobiletech.models import OutboundMessage
from crm.payments.models import Payment
from tests.conftest import Clock
from tests.factories.codes import make_reader
from tests.factories.money import buy, list_payments, make_type, report, set_up_sale, subscribe
from tests.factories.orders import make_subscribe_rule
from tests.fakes import FakeGateway, ambiguous
from tests.pages import Page, sign_in
from tests.web.conftest import Browser

PATH = "/account/payments"
TEXT = "Mesacne predlzene, 4,99 EUR/mesiac. Zrusit: STOP na 8877"


@pytest.fixture(autouse=True)
def _sale(app: Flask, gateway: FakeGateway) -> None:
    set_up_sale(mobiletech_max_paid_per_day="0")
    make_type()


@pytest.fixture
def reader(client: FlaskClient) -> FlaskClient:
    """Return a browser in which a reader is signed in."""
    make_reader()
    sign_in(client, "eva@example.sk")
    return client


def test_a_billed_charge_shows_what_it_was_for_and_the_sms_that_proves_it(reader: FlaskClient) -> None:
    subscribe()

    page = Page(reader.get(PATH))

    for told in ("Mesačné predplatné", "4.99 €", "Billed", "For", TEXT, "Sent to 0908 630 549"):
        assert told in page.text, told


@pytest.mark.parametrize(
    ("code", "word", "sentence"),
    [
        (None, "On its way", "It may still be billed."),
        ("A5", "Not billed", "Your operator could not bill it. You were not charged."),
        ("X7", "Not known yet", "charge nothing more until we know"),
    ],
)
def test_what_was_not_billed_says_so(reader: FlaskClient, code: str | None, word: str, sentence: str) -> None:
    bought = buy()
    if code:
        report(bought.payment_id, code)

    text = Page(reader.get(PATH)).text

    assert word in text
    assert sentence in text


def test_an_outcome_that_nobody_knows_is_told_as_that(reader: FlaskClient, gateway: FakeGateway) -> None:
    gateway.will(ambiguous())
    buy()

    text = Page(reader.get(PATH)).text

    assert "Not known yet" in text
    assert "Your operator has not told us whether it was billed." in text


@pytest.mark.parametrize(
    ("status", "told"),
    [
        ("refund", "The money was given back."),
        ("prepaid", "Paid"),
        ("imported", "Paid"),
        ("timeout", "You were not charged."),
        ("authorized", "On its way"),
    ],
)
def test_every_status_has_its_words(reader: FlaskClient, status: str, told: str) -> None:
    subscribe()
    with transaction() as session:
        session.execute(update(Payment).values(status=status))

    assert told in Page(reader.get(PATH)).text


@pytest.mark.parametrize(
    "failure", ["no_credit", "blocked", "limit", "ported", "technical", "no_answer", "ours", "person", None]
)
def test_every_failure_says_that_nothing_was_charged(reader: FlaskClient, failure: str | None) -> None:
    buy()
    with transaction() as session:
        session.execute(update(Payment).values(status="fail", failure=failure))

    assert "You were not charged." in Page(reader.get(PATH)).text


def test_a_charge_that_is_held_says_that_it_has_not_left(reader: FlaskClient) -> None:
    buy(run=False)
    with transaction() as session:
        session.execute(update(OutboundMessage).values(state="held"))

    text = Page(reader.get(PATH)).text

    assert "Waits for us" in text
    assert "has not left" in text


def test_an_sms_that_never_left_is_not_shown(reader: FlaskClient) -> None:
    buy(run=False)

    assert TEXT not in Page(reader.get(PATH)).text


def test_a_secret_text_is_shown_nowhere(reader: FlaskClient) -> None:
    subscribe()
    with transaction() as session:
        session.execute(update(OutboundMessage).values(is_secret=True))

    assert TEXT not in Page(reader.get(PATH)).text


def test_pages_lead_to_older_ones_and_back(reader: FlaskClient) -> None:
    for _ in range(23):
        buy(run=False)

    first = Page(reader.get(PATH))
    older = Page(reader.get(next(link for link in first.links if "after=" in link)))
    newer = Page(reader.get(next(link for link in older.links if "before=" in link)))

    assert (first.text.count("4.99 €"), older.text.count("4.99 €")) == (20, 3)
    assert newer.text == first.text


def test_nobody_sees_anothers_payments_and_a_page_is_good_for_its_owner_only(
    app: Flask, reader: FlaskClient
) -> None:
    for _ in range(21):
        buy(run=False)
    link = next(link for link in Page(reader.get(PATH)).links if "after=" in link)
    make_reader("0908000002", email="jan@example.sk")
    other = Browser(app)
    sign_in(other, "jan@example.sk")

    own, foreign, broken = (
        Page(each) for each in (other.get(PATH), other.get(link), reader.get(f"{PATH}?after=nonsense"))
    )

    assert "No payment yet" in own.text
    assert (foreign.status, broken.status) == (400, 400)
    assert "4.99 €" not in foreign.text


def test_without_a_payment_it_says_how_to_order(reader: FlaskClient) -> None:
    make_subscribe_rule("START", "month")

    page = Page(reader.get(PATH))

    assert "No payment yet" in page.text
    assert "Send START to 8877" in page.text
    assert "/prices" in page.links


def test_a_late_report_turns_not_billed_into_billed(reader: FlaskClient, clock: Clock) -> None:
    bought = buy()
    report(bought.payment_id, "D0")
    before = Page(reader.get(PATH)).text

    clock.advance(timedelta(minutes=30))
    report(bought.payment_id, "A0")

    assert "You were not charged." in before
    assert "You were not charged." not in Page(reader.get(PATH)).text
    assert [payment.status for payment in list_payments()] == ["paid"]
