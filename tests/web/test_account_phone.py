"""My number: added, changed, taken over, each only by a code that went to it."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from crm.users.models import AuditEntry, MobilePhone
from tests.conftest import Clock
from tests.factories.codes import make_reader, read_code, set_up_codes
from tests.fakes import FakeGateway
from tests.pages import Page, sign_in
from tests.stored import read
from tests.web.conftest import Browser

PATH, CONFIRM, AGAIN = "/account/phone", "/account/phone/confirm", "/account/phone/again"
NUMBER = "0908630549"


@pytest.fixture
def reader(app: Flask, client: FlaskClient) -> FlaskClient:
    """Return a browser in which a reader without a number is signed in."""
    set_up_codes()
    make_reader(None)
    sign_in(client, "eva@example.sk")
    return client


@pytest.mark.parametrize("spelling", [NUMBER, "0908 630 549", "+421 908 630 549", "00421908630549"])
def test_a_number_is_mine_after_the_code(reader: FlaskClient, gateway: FakeGateway, spelling: str) -> None:
    asked = ask(reader, spelling)
    code = read_code(gateway)
    response = confirm(reader, code)

    assert (asked.location, response.location) == (CONFIRM, "/account")
    assert gateway.sent[0].to == "+421908630549"
    assert read(MobilePhone.phone_number, MobilePhone.user_id) == [(NUMBER, 1)]
    assert "0908 630 549" in Page(reader.get("/account")).text


def test_without_the_code_nothing_changes(reader: FlaskClient, gateway: FakeGateway) -> None:
    ask(reader, NUMBER)
    code = read_code(gateway)

    page = Page(confirm(reader, other_than(code)))

    assert (page.status, "code-error" in page.ids) == (422, True)
    assert read(MobilePhone.id) == []


def test_a_number_of_somebody_else_is_taken_only_with_proof(
    app: Flask, reader: FlaskClient, gateway: FakeGateway
) -> None:
    before = make_reader(NUMBER, email="jan@example.sk")
    other = Browser(app)
    sign_in(other, NUMBER)

    asked = Page(reader.get(ask(reader, NUMBER).location))
    code = read_code(gateway)
    assert read(MobilePhone.user_id) == [(before,)]
    confirm(reader, code)

    assert "somebody" not in asked.text
    assert read(MobilePhone.user_id) == [(1,)]
    assert "None yet" in Page(other.get("/account")).text
    assert [action for _, action in read(AuditEntry.id, AuditEntry.action)] == [
        "account.phone_lost",
        "account.phone",
    ]


def test_a_new_number_takes_the_place_of_the_old_one(reader: FlaskClient, gateway: FakeGateway) -> None:
    for number in ("0908000001", NUMBER):
        ask(reader, number)
        confirm(reader, read_code(gateway))

    assert read(MobilePhone.phone_number) == [(NUMBER,)]


@pytest.mark.parametrize("typed", ["", "8877", "+420 908 630 549", "908630549", "0\0908630549"])
def test_what_is_no_number_of_ours_is_told_beside_the_field(reader: FlaskClient, typed: str) -> None:
    page = Page(ask(reader, typed))

    assert (page.status, "phone-error" in page.ids) == (422, True)


def test_my_own_number_needs_no_code(reader: FlaskClient, gateway: FakeGateway) -> None:
    ask(reader, NUMBER)
    confirm(reader, read_code(gateway))

    page = Page(ask(reader, NUMBER))

    assert "This is your number already." in page.text
    assert len(gateway.sent) == 1


def test_codes_to_a_number_have_a_limit(reader: FlaskClient, clock: Clock) -> None:
    answers = [ask(reader, NUMBER) for _ in range(6)]

    assert [answer.status_code for answer in answers] == [302] * 5 + [429]
    assert "Too many codes" in Page(answers[5]).text
    clock.advance(timedelta(minutes=61))
    assert ask(reader, NUMBER).status_code == 302


def test_another_code_ends_the_one_before(reader: FlaskClient, gateway: FakeGateway) -> None:
    ask(reader, NUMBER)
    first = read_code(gateway)

    again = reader.post(AGAIN, data=Page(reader.get(CONFIRM)).form(AGAIN).fields)
    second = read_code(gateway)

    assert again.location == CONFIRM
    assert first == second or confirm(reader, first).status_code == 422
    assert confirm(reader, second).status_code == 302


def test_a_code_that_somebody_else_asked_for_is_not_mine(
    app: Flask, reader: FlaskClient, gateway: FakeGateway
) -> None:
    make_reader(None, email="jan@example.sk")
    ask(reader, NUMBER)
    code = read_code(gateway)
    other = Browser(app)
    sign_in(other, "jan@example.sk")
    with reader.session_transaction() as mine, other.session_transaction() as theirs:
        theirs["phone_code"] = mine["phone_code"]

    assert confirm(other, code).status_code == 422
    assert read(MobilePhone.id) == []


def test_without_an_asking_there_is_nothing_to_confirm(reader: FlaskClient) -> None:
    assert reader.get(CONFIRM).location == PATH


def ask(client: FlaskClient, number: str) -> TestResponse:
    return client.post(PATH, data=Page(client.get(PATH)).form(PATH).fields | {"phone": number})


def confirm(client: FlaskClient, code: str) -> TestResponse:
    return client.post(CONFIRM, data=Page(client.get(CONFIRM)).form(CONFIRM).fields | {"code": code})


def other_than(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06}"
