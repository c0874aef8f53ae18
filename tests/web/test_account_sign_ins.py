"""Where am I signed in, and who has tried: seen by the owner, ended by the owner, by nobody else."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from crm.core.db import transaction
from crm.users.accounts import get_user
from crm.users.client import Client
from crm.users.models import AccessToken, AuditEntry
from crm.users.sessions import Kind, begin_session
from crm.web.device_words import device_of
from tests.factories.codes import make_reader, read_code, set_up_codes
from tests.factories.users import make_user
from tests.fakes import FakeGateway
from tests.pages import Page, sign_in
from tests.stored import read
from tests.web.conftest import Browser
from tests.web.test_login_code import ask, enter

PATH, END, END_OTHERS = "/account/sign-ins", "/account/sign-ins/end", "/account/sign-ins/end-others"
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Safari/604.1"
)


@pytest.fixture
def reader(client: FlaskClient) -> FlaskClient:
    """Return a browser in which a reader is signed in."""
    make_reader()
    sign_in(client, "eva@example.sk")
    return client


@pytest.fixture
def other(app: Flask, reader: FlaskClient) -> FlaskClient:
    """Return a second browser, a phone, of the same reader."""
    phone = Browser(app)
    phone.environ_base["HTTP_USER_AGENT"] = PHONE
    sign_in(phone, "eva@example.sk")
    return phone


def test_each_is_listed_with_its_device_and_this_one_is_marked(
    reader: FlaskClient, other: FlaskClient
) -> None:
    page = Page(reader.get(PATH))

    assert page.text.count("This one") == 1
    assert page.text.index("This one") < page.text.index("Safari · iPhone")
    assert "127.0.0.1" in page.text
    assert [form.fields["sign_in"] for form in page.forms if form.action == END] == ["2"]


def test_a_program_and_a_sign_in_by_code_are_told_apart(
    app: Flask, reader: FlaskClient, gateway: FakeGateway
) -> None:
    set_up_codes()
    by_code = Browser(app)
    ask(by_code, "eva@example.sk")
    enter(by_code, read_code(gateway))
    with transaction() as session:
        begin_session(session, get_user(session, 1), kind=Kind.API, client=Client(source="api"))

    text = Page(reader.get(PATH)).text

    assert ("A program" in text, "by a code" in text) == (True, True)


def test_one_is_signed_out_at_once(reader: FlaskClient, other: FlaskClient) -> None:
    form = Page(reader.get(PATH)).form(END)

    assert reader.post(END, data=form.fields).location == PATH

    assert other.get("/account").status_code == 302
    assert "Signed out there." in Page(reader.get(PATH)).text
    assert read(AccessToken.id, AccessToken.end_reason) == [(1, None), (2, "ended_by_owner")]
    assert read(AuditEntry.action, AuditEntry.actor_id, AuditEntry.before) == [
        ("account.end_sign_in", 1, {"sign_in": 2})
    ]


def test_all_others_are_signed_out_at_once(app: Flask, reader: FlaskClient, other: FlaskClient) -> None:
    third = Browser(app)
    sign_in(third, "eva@example.sk")

    reader.post(END_OTHERS, data=Page(reader.get(PATH)).form(END_OTHERS).fields)

    assert [each.get("/account").status_code for each in (other, third)] == [302, 302]
    page = Page(reader.get(PATH))
    assert "Signed out in 2 places." in page.text
    assert not [form for form in page.forms if form.action == END_OTHERS]
    assert read(AuditEntry.action, AuditEntry.actor_id, AuditEntry.before) == [
        ("account.end_sign_ins", 1, {"sign_ins": 2})
    ]


@pytest.mark.parametrize("given", ["2", "999", "", "-1", "x", "9" * 30, "2\0", "１"])
def test_nobody_ends_the_sign_in_of_somebody_else(app: Flask, reader: FlaskClient, given: str) -> None:
    make_user(role="customer", email="jan@example.sk")
    stranger = Browser(app)
    sign_in(stranger, "jan@example.sk")
    token = Page(reader.get("/account")).form("/logout").fields["csrf_token"]

    response = reader.post(END, data={"csrf_token": token, "sign_in": given})

    assert response.location == PATH
    assert stranger.get("/account").status_code == 200


def test_the_last_twenty_tries_are_shown_good_and_bad_of_this_account_only(
    app: Flask, reader: FlaskClient
) -> None:
    make_user(role="customer", email="jan@example.sk")
    sign_in(Browser(app), "jan@example.sk", "wrong horse battery")
    for _ in range(3):
        sign_in(Browser(app), "eva@example.sk", "wrong horse battery")

    page = Page(reader.get(PATH))

    assert page.text.count("Wrong password") == 3
    assert page.text.count("Signed in ") >= 1


def test_no_more_than_twenty_tries_are_shown(app: Flask, reader: FlaskClient) -> None:
    browser = Browser(app)
    for _ in range(25):
        sign_in(browser, "eva@example.sk", "wrong horse battery")

    text = Page(reader.get(PATH)).text

    assert text.count("Wrong password") + text.count("Too many tries") == 20


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:130.0) Gecko/20100101 Firefox/130.0",
            "Firefox · Windows",
        ),
        (
            "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Mobile Safari/537.36",
            "Chrome · Android",
        ),
        (
            "Mozilla/5.0 (Linux; Android 13) AppleWebKit/537.36 SamsungBrowser/23.0 Chrome/115.0 Mobile Safari/537.36",
            "Samsung Internet · Android",
        ),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/130.0 Safari/537.36 Edg/130.0",
            "Edge · Windows",
        ),
        (PHONE, "Safari · iPhone"),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_0) AppleWebKit/605.1.15 Version/17.0 Safari/605.1.15",
            "Safari · Mac",
        ),
        ("curl/8.5.0", None),
        ("", None),
    ],
)
def test_a_device_is_called_as_people_know_it(agent: str, words: str | None) -> None:
    assert device_of(agent) == words
