"""Choosing a password: with the old one, or right after a code; every other sign-in ends."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from crm.core.db import transaction
from crm.users.accounts import get_user
from crm.users.models import NO_PASSWORD
from tests.conftest import Clock
from tests.factories.codes import make_reader, read_code, set_up_codes
from tests.fakes import FakeGateway
from tests.pages import PASSWORD, Page, sign_in
from tests.web.conftest import Browser
from tests.web.test_login_code import ask, enter

PATH = "/account/password"
NEW = "horse battery staple"


@pytest.fixture
def reader(client: FlaskClient) -> FlaskClient:
    """Return a browser in which a reader is signed in by the password."""
    make_reader()
    sign_in(client, "eva@example.sk")
    return client


@pytest.fixture
def by_code(client: FlaskClient, gateway: FakeGateway) -> FlaskClient:
    """Return a browser in which a reader is signed in by a code."""
    set_up_codes()
    make_reader()
    ask(client, "eva@example.sk")
    enter(client, read_code(gateway))
    return client


def test_with_the_old_one_a_new_one_is_set_and_only_it_opens(app: Flask, reader: FlaskClient) -> None:
    assert choose(reader, old=PASSWORD, new=NEW).location == "/account"

    assert sign_in(Browser(app), "eva@example.sk", PASSWORD).status_code == 422
    assert sign_in(Browser(app), "eva@example.sk", NEW).status_code == 302


def test_every_other_sign_in_ends_and_this_one_goes_on(app: Flask, reader: FlaskClient) -> None:
    other = Browser(app)
    sign_in(other, "eva@example.sk")

    choose(reader, old=PASSWORD, new=NEW)

    assert other.get("/account").status_code == 302
    assert reader.get("/account").status_code == 200


@pytest.mark.parametrize(
    ("old", "new", "field", "told"),
    [
        ("", NEW, "old", "Write your password."),
        ("wrong horse battery", NEW, "old", "This is not your password."),
        (PASSWORD, "", "new", "Write a new password."),
        (PASSWORD, "short", "new", "10 to 256 characters"),
        (PASSWORD, "x" * 257, "new", "10 to 256 characters"),
        (PASSWORD, "heslo12345", "new", "too common"),
        (PASSWORD, "eva@example.sk", "new", "must not be the name"),
    ],
)
def test_what_is_wrong_is_told_beside_the_field_and_no_password_comes_back(
    reader: FlaskClient, old: str, new: str, field: str, told: str
) -> None:
    response = choose(reader, old=old, new=new)
    page = Page(response)

    assert page.status == 422
    assert f"{field}-error" in page.ids
    assert told in page.text
    assert 'type="password" value=""' in response.text
    assert sign_in(Browser(reader.application), "eva@example.sk", PASSWORD).status_code == 302


def test_guessing_the_old_one_meets_the_limit(reader: FlaskClient) -> None:
    answers = [choose(reader, old=f"wrong guess {number}", new=NEW) for number in range(10)]

    assert [answer.status_code for answer in answers] == [422] * 9 + [429]
    assert "Retry-After" in answers[9].headers


def test_right_after_a_code_the_old_one_is_not_asked_for(app: Flask, by_code: FlaskClient) -> None:
    assert "old" not in Page(by_code.get(PATH)).form().fields

    assert choose(by_code, new=NEW).status_code == 302
    assert sign_in(Browser(app), "eva@example.sk", NEW).status_code == 302


def test_later_it_is_asked_for_again(by_code: FlaskClient, clock: Clock) -> None:
    clock.advance(timedelta(minutes=11))

    assert "old" in Page(by_code.get(PATH)).form().fields
    assert Page(choose(by_code, new=NEW)).status == 422


def test_who_has_none_is_not_asked_for_it(reader: FlaskClient) -> None:
    with transaction() as session:
        get_user(session, 1).password = NO_PASSWORD

    page = Page(reader.get(PATH))

    assert (page.title, "old" in page.form().fields) == ("Choose a password", False)


def test_the_offer_may_be_declined_and_leads_on(by_code: FlaskClient) -> None:
    page = Page(by_code.get(PATH, query_string={"next": "/account/messages"}))

    assert "You are signed in." in page.text
    assert "/account/messages" in page.links
    form = page.form()
    assert by_code.post(PATH, data=form.fields | {"new": NEW}).location == "/account/messages"


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example", "javascript:alert(1)"])
def test_the_offer_never_leads_to_another_site(by_code: FlaskClient, target: str) -> None:
    page = Page(by_code.get(PATH, query_string={"next": target}))

    assert not any("evil" in link or "javascript" in link for link in page.links)
    assert by_code.post(PATH, data=page.form().fields | {"new": NEW, "next": target}).location == "/account"


def choose(client: FlaskClient, **fields: str) -> TestResponse:
    return client.post(PATH, data=Page(client.get(PATH)).form().fields | fields)
