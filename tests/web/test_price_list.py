"""The public price list: what can be ordered today, and nothing that could not be charged."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from crm.core.clock import db_now
from crm.core.db import transaction
from crm.mobiletech.catalogue.models import Billkey
from crm.subscriptions.models import SubscriptionType
from tests.factories.money import make_type, set_up_sale
from tests.factories.orders import make_subscribe_rule
from tests.pages import Page

PATH = "/prices"


@pytest.fixture(autouse=True)
def _sale(app: Flask) -> None:
    set_up_sale()
    make_type(description="Celý obsah bez reklám.")


def test_it_tells_price_period_keyword_and_how_to_stop(client: FlaskClient) -> None:
    make_subscribe_rule("START", "month")

    page = Page(client.get(PATH))

    for told in (
        "Mesačné predplatné",
        "4.99 €",
        "for 30 days",
        "Celý obsah bez reklám.",
        "Order: send START to 8877.",
        "It renews itself at this price until you stop it.",
        "Send STOP to 8877, at any time; our answer is free of charge.",
    ):
        assert told in page.text, told
    assert "sms:8877?body=START" in page.links


def test_it_is_in_slovak_for_whom_nothing_else_is_known(client: FlaskClient) -> None:
    response = client.get(PATH, headers={"Accept-Language": "hu"})

    assert '<html lang="sk"' in response.text
    assert "4,99 €" in response.text


def test_an_order_that_is_confirmed_first_says_so(client: FlaskClient) -> None:
    make_subscribe_rule("START", "month", asks_first=True)

    assert "We ask you to confirm it first, free of charge." in Page(client.get(PATH)).text


def test_the_first_rule_that_is_on_is_named(client: FlaskClient) -> None:
    make_subscribe_rule("KLUB", "month", position=1, is_on=False)
    make_subscribe_rule("NOVINY", "month", position=2, short_number=None)
    make_subscribe_rule("START", "month", position=3)

    text = Page(client.get(PATH)).text

    assert "Order: send NOVINY to 8877." in text
    assert "KLUB" not in text


def test_a_trial_tells_what_follows_it(client: FlaskClient) -> None:
    make_type("trial", price="1.00", billkey="TT10", next_subscription_type_id=1, trial_periods=2, sorting=1)

    assert (
        "After 2 paid periods it goes on as Mesačné predplatné, 4.99 € for 30 days."
        in Page(client.get(PATH)).text
    )


@pytest.mark.parametrize(
    "change",
    [
        update(SubscriptionType).values(active=False),
        update(SubscriptionType).values(visible=False),
        update(SubscriptionType).values(price="5.99"),
        update(Billkey).values(kind="free", price="0.00"),
        update(Billkey).values(valid_until=db_now() - timedelta(days=1)),
        update(Billkey).values(valid_from=db_now() + timedelta(days=1)),
    ],
    ids=["not active", "not visible", "other price", "free key", "key over", "key to come"],
)
def test_what_cannot_be_sold_is_not_advertised(client: FlaskClient, change: object) -> None:
    with transaction() as session:
        session.execute(change)  # type: ignore[call-overload]

    page = Page(client.get(PATH))

    assert "Mesačné predplatné" not in page.text
    assert "Nothing is sold by SMS now" in page.text


def test_a_type_without_a_key_is_not_advertised(client: FlaskClient) -> None:
    make_type("gift", billkey=None, user_label="Darček")

    assert "Darček" not in Page(client.get(PATH)).text


def test_a_price_without_a_keyword_is_told_without_an_order(client: FlaskClient) -> None:
    page = Page(client.get(PATH))

    assert "4.99 €" in page.text
    assert "Order:" not in page.text


@pytest.mark.parametrize(
    ("terms", "told"),
    [
        ({"length_method": "calendar_days"}, "for 1 calendar month"),
        ({"length": 1}, "for 1 day"),
        ({"length": 7, "extending_length": 31}, "Each renewal lasts 31 days."),
    ],
)
def test_how_long_it_lasts_is_told_in_words(client: FlaskClient, terms: dict[str, object], told: str) -> None:
    make_type("other", price="1.99", billkey="BB19", user_label="Iné", **terms)

    assert told in Page(client.get(PATH)).text
