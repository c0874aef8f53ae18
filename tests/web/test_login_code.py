"""Getting back in by a code: from the form to a session, and nothing told of who exists."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from crm.core.db import transaction
from crm.users.accounts import get_user
from crm.users.models import AccessToken, LoginAttempt, OneTimeCode
from tests.conftest import Clock
from tests.factories.codes import make_reader, read_code, set_up_codes
from tests.factories.users import make_user
from tests.fakes import FakeGateway
from tests.pages import Page, sign_in
from tests.stored import read
from tests.web.conftest import Browser

ASK, ENTER, AGAIN = "/login/code", "/login/code/enter", "/login/code/again"
ON_ITS_WAY = "If we know you by this name and have your number, a code is on its way."
WRONG = "This code is not right, or not valid any more."


@pytest.fixture(autouse=True)
def _codes(app: Flask) -> None:
    set_up_codes()


@pytest.mark.parametrize("name", ["eva@example.sk", "0908 630 549", "+421908630549"])
def test_a_reader_gets_in_by_a_code(client: FlaskClient, gateway: FakeGateway, name: str) -> None:
    make_reader()

    ask(client, name)
    response = enter(client, read_code(gateway))

    assert (response.status_code, response.location) == (302, "/account/password?next=/")
    assert client.get("/account").status_code == 200
    assert read(AccessToken.source, AccessToken.confirmed_at) == [("code", None)]
    assert read(LoginAttempt.status) == [("code_ok",)]


def test_the_sms_is_free_and_says_how_long(client: FlaskClient, gateway: FakeGateway) -> None:
    make_reader()

    ask(client, "eva@example.sk")
    code = read_code(gateway)

    [sent] = gateway.sent
    assert (sent.to, sent.billkey) == ("+421908630549", "AZ19")
    assert sent.content == f"{code} je vas kod, plati 10 minut. Nikomu ho nehovorte."


def test_a_code_may_be_pasted_with_spaces(client: FlaskClient, gateway: FakeGateway) -> None:
    make_reader()
    ask(client, "eva@example.sk")
    code = read_code(gateway)

    assert enter(client, f" {code[:3]} {code[3:]} ").status_code == 302


def test_the_browser_is_remembered_only_when_asked(client: FlaskClient, gateway: FakeGateway) -> None:
    make_reader()
    ask(client, "eva@example.sk")

    enter(client, read_code(gateway), remember="y")

    assert read(AccessToken.remembered) == [(True,)]


def test_the_way_on_goes_through_the_offer_and_stays_ours(client: FlaskClient, gateway: FakeGateway) -> None:
    make_reader()
    login = Page(client.get("/login?next=/account/messages"))

    assert "/login/code?next=/account/messages" in login.links
    ask(client, "eva@example.sk", next="/account/messages")
    assert enter(client, read_code(gateway), next="/account/messages").location.endswith(
        "next=/account/messages"
    )
    for evil in ("//evil.example", "https://evil.example"):
        assert "evil" not in Browser(client.application).get(ASK, query_string={"next": evil}).text


def test_staff_get_in_by_a_code_too(client: FlaskClient, gateway: FakeGateway) -> None:
    make_reader()
    with transaction() as session:
        get_user(session, 1).role = "support"

    ask(client, "eva@example.sk")

    assert enter(client, read_code(gateway), remember="y").location == "/account/password?next=/admin/"
    assert read(AccessToken.remembered) == [(False,)]


# --- nothing is told


NAMES = [
    "eva@example.sk", "0908630549", "closed@example.sk", "bare@example.sk", "nobody@example.sk", "0908 111 222", "x",
]  # fmt: skip


def test_whatever_the_name_the_answers_are_the_same(app: Flask) -> None:
    make_reader()
    make_reader("0908000002", email="closed@example.sk", active=False)
    make_reader(None, email="bare@example.sk")

    told = set()
    for name in NAMES:
        browser = Browser(app)
        asked = ask(browser, name)
        page = Page(browser.get(asked.location))
        wrong = Page(enter(browser, "000000"))
        told.add((asked.status_code, asked.location, page.text, wrong.status, wrong.text))

    [(status, location, text, wrong_status, wrong_text)] = told
    assert (status, location, wrong_status) == (302, ENTER, 422)
    assert ON_ITS_WAY in text
    assert WRONG in wrong_text


@pytest.mark.parametrize("name", ["eva@example.sk", "nobody@example.sk"])
def test_the_limit_is_told_in_words_known_or_not(client: FlaskClient, clock: Clock, name: str) -> None:
    make_reader()
    for _ in range(5):
        ask(client, name)

    refused = ask(client, name)

    assert refused.status_code == 429
    assert 3500 < int(refused.headers["Retry-After"]) <= 3600
    assert "Too many codes were asked for. Try again in 60 min." in Page(refused).text
    clock.advance(timedelta(minutes=61))
    assert ask(client, name).status_code == 302


def test_an_account_shut_meanwhile_gets_the_words_of_a_wrong_code(
    client: FlaskClient, gateway: FakeGateway
) -> None:
    user_id = make_reader()
    ask(client, "eva@example.sk")
    code = read_code(gateway)
    with transaction() as session:
        get_user(session, user_id).active = False

    page = Page(enter(client, code))

    assert (page.status, WRONG in page.text) == (422, True)
    assert client.get("/account").status_code == 302


# --- wrong, old, used


def test_five_wrong_tries_end_a_code(client: FlaskClient, gateway: FakeGateway) -> None:
    make_reader()
    ask(client, "eva@example.sk")
    code = read_code(gateway)

    for _ in range(5):
        assert WRONG in Page(enter(client, other_than(code))).text

    assert enter(client, code).status_code == 422


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "abcdef", "１２３４５６"])
def test_what_is_no_code_is_told_beside_the_field_and_costs_no_try(
    client: FlaskClient, gateway: FakeGateway, typed: str
) -> None:
    make_reader()
    ask(client, "eva@example.sk")
    code = read_code(gateway)

    page = Page(enter(client, typed))

    assert page.status == 422
    assert "code-error" in page.ids
    assert read(OneTimeCode.tries) == [(0,)]
    assert enter(client, code).status_code == 302


def test_a_code_is_good_once_and_for_ten_minutes(
    client: FlaskClient, gateway: FakeGateway, clock: Clock
) -> None:
    make_reader()
    ask(client, "eva@example.sk")
    first = read_code(gateway)
    other = Browser(client.application)

    assert enter(client, first).status_code == 302
    assert WRONG in Page(enter_named(Browser(client.application), "eva@example.sk", first)).text
    ask(other, "0908630549")
    second = read_code(gateway)
    clock.advance(timedelta(minutes=11))
    assert enter(other, second).status_code == 422


def test_another_code_ends_the_one_before(client: FlaskClient, gateway: FakeGateway) -> None:
    make_reader()
    ask(client, "eva@example.sk")
    first = read_code(gateway)

    again = client.post(AGAIN, data=Page(client.get(ENTER)).form(AGAIN).fields)
    second = read_code(gateway)

    assert again.location == ENTER
    assert "Another code was asked for." in Page(client.get(ENTER)).text
    assert first == second or enter(client, first).status_code == 422
    assert enter(client, second).status_code == 302


def test_another_code_again_and_again_meets_the_limit(client: FlaskClient) -> None:
    make_reader()
    ask(client, "eva@example.sk")

    answers = [client.post(AGAIN, data=Page(client.get(ENTER)).form(AGAIN).fields) for _ in range(5)]

    assert [answer.status_code for answer in answers] == [302] * 4 + [429]
    assert int(answers[4].headers["Retry-After"]) > 0
    assert "Too many codes" in Page(answers[4]).text


def test_another_code_for_nobody_leads_back(client: FlaskClient) -> None:
    token = Page(client.get(ASK)).form(ASK).fields["csrf_token"]

    assert client.post(AGAIN, data={"csrf_token": token}).location == ASK


def test_a_code_for_a_new_number_signs_nobody_in(client: FlaskClient, gateway: FakeGateway) -> None:
    make_reader()
    sign_in(client, "eva@example.sk")
    form = Page(client.get("/account/phone")).form("/account/phone")
    client.post("/account/phone", data=form.fields | {"phone": "0908000002"})
    code = read_code(gateway)
    other = Browser(client.application)

    response = enter_named(other, "eva@example.sk", code)

    assert (response.status_code, WRONG in Page(response).text) == (422, True)


# --- a code that staff have sent


def test_a_code_sent_by_others_is_typed_with_the_name(client: FlaskClient, gateway: FakeGateway) -> None:
    make_reader()
    ask(Browser(client.application), "eva@example.sk")
    code = read_code(gateway)

    assert "/login/code/enter?named=1" in Page(client.get(ASK)).links
    assert enter_named(client, "0908 630 549", code).status_code == 302


def test_guessing_codes_by_name_is_refused_within_ten_tries(client: FlaskClient) -> None:
    make_reader()

    answers = [enter_named(client, "eva@example.sk", "000000") for _ in range(10)]

    assert (answers[0].status_code, answers[9].status_code) == (422, 429)
    assert "Too many tries." in Page(answers[9]).text
    assert int(answers[9].headers["Retry-After"]) > 0


# --- around it


def test_who_is_signed_in_needs_no_code(client: FlaskClient) -> None:
    make_user(role="customer", email="eva@example.sk")
    sign_in(client, "eva@example.sk")

    assert [client.get(path).location for path in (ASK, ENTER)] == ["/", "/"]


@pytest.mark.parametrize("name", ["", "  ", "eva\0@example.sk"])
def test_a_name_that_cannot_be_one_is_told_beside_the_field(client: FlaskClient, name: str) -> None:
    page = Page(ask(client, name))

    assert (page.status, "username-error" in page.ids) == (422, True)


def test_the_login_form_takes_any_name_and_shows_the_password_only_with_a_script(client: FlaskClient) -> None:
    text = client.get("/login").text

    assert 'autocomplete="username"' in text
    assert re.search(r'<input[^>]* name="username"[^>]* type="text"', text)
    assert re.search(r'<input[^>]* name="password"[^>]* type="password"', text)
    assert re.search(r"<button[^>]* hidden [^>]*data-password-switch", text)


def test_the_session_before_does_not_live_on(client: FlaskClient, gateway: FakeGateway) -> None:
    make_reader()
    with client.session_transaction() as session:
        session["planted"] = "by somebody else"
    ask(client, "eva@example.sk")

    enter(client, read_code(gateway))

    with client.session_transaction() as session:
        assert "planted" not in session
        assert "sign_in_code" not in session


def ask(client: FlaskClient, name: str, next: str = "") -> TestResponse:
    form = Page(client.get(ASK, query_string={"next": next} if next else None)).form(ASK)
    return client.post(ASK, data=form.fields | {"username": name})


def enter(client: FlaskClient, code: str, *, next: str = "", **more: str) -> TestResponse:
    form = Page(client.get(ENTER, query_string={"next": next} if next else None)).form(ENTER)
    fields = {name: value for name, value in form.fields.items() if name != "remember"}
    return client.post(ENTER, data=fields | {"code": code} | more)


def enter_named(client: FlaskClient, name: str, code: str) -> TestResponse:
    form = Page(client.get(ENTER, query_string={"named": "1"})).form(ENTER)
    return client.post(ENTER, data=form.fields | {"username": name, "code": code})


def other_than(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06}"
