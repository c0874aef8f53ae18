"""My account: what is shown, what is changed, and what is told beside a field."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from crm.core.db import transaction
from crm.users.accounts import get_user
from crm.users.models import NO_PASSWORD, AuditEntry, LoginAttempt, User
from tests.factories.codes import make_reader
from tests.factories.users import make_user
from tests.pages import PASSWORD, Page, sign_in
from tests.stored import read

PAGES = [
    "",
    "/subscription",
    "/payments",
    "/name",
    "/email",
    "/password",
    "/phone",
    "/language",
    "/sign-ins",
    "/messages",
]


@pytest.fixture
def reader(client: FlaskClient) -> FlaskClient:
    """Return a browser in which a reader is signed in."""
    make_reader()
    sign_in(client, "eva@example.sk")
    return client


@pytest.mark.parametrize("path", PAGES)
def test_every_page_opens_for_readers_and_staff_and_for_nobody_else(client: FlaskClient, path: str) -> None:
    assert client.get(f"/account{path}").location.startswith("/login?next=%2Faccount")

    for role in ("customer", "support", "admin"):
        make_user(role=role, email=f"{role}@example.sk")
        sign_in(client, f"{role}@example.sk")
        assert Page(client.get(f"/account{path}")).status == 200
        client.post("/logout", data=Page(client.get("/account")).form("/logout").fields)


def test_the_overview_shows_what_we_know(reader: FlaskClient) -> None:
    page = Page(reader.get("/account"))

    for known in ("eva@example.sk", "0908 630 549", "Set", "1 place"):
        assert known in page.text
    assert {f"/account{path}" for path in PAGES[1:]} <= set(page.links)


def test_home_leads_a_reader_to_the_account_and_out(reader: FlaskClient) -> None:
    page = Page(reader.get("/"))

    assert {"/account", "/account/messages", "/account/subscription", "/account/payments"} <= set(page.links)
    assert page.form("/logout")
    assert "Eva Nováková" in page.text


def test_the_name_is_changed(reader: FlaskClient) -> None:
    response = post(reader, "/account/name", first="Eva", last="Kováčová")

    assert response.location == "/account"
    assert "Eva Kováčová" in Page(reader.get("/account")).text
    assert Page(reader.get("/account/name")).form().fields["last"] == "Kováčová"


@pytest.mark.parametrize("name", ["x" * 101, "E\0va", "E\u200bva"])
def test_a_name_that_cannot_be_is_told_beside_the_field(reader: FlaskClient, name: str) -> None:
    page = Page(post(reader, "/account/name", first=name, last=""))

    assert (page.status, "first-error" in page.ids) == (422, True)


def test_the_e_mail_is_changed_with_the_password(reader: FlaskClient) -> None:
    response = post(reader, "/account/email", email="eva@nova.sk", password=PASSWORD)

    assert response.location == "/account"
    assert read(User.email) == [("eva@nova.sk",)]


@pytest.mark.parametrize(
    ("email", "password", "field", "told"),
    [
        ("eva@nova.sk", "", "password", "Write your password."),
        ("eva@nova.sk", "wrong horse battery", "password", "This is not your password."),
        ("JAN@example.sk", PASSWORD, "email", "The e-mail JAN@example.sk belongs to another user."),
        ("eva", PASSWORD, "email", "is no e-mail address"),
        ("", PASSWORD, "email", "Write your e-mail."),
        ("e\0va@nova.sk", PASSWORD, "email", "zero character"),
    ],
)
def test_an_e_mail_that_cannot_be_is_told_beside_the_field(
    reader: FlaskClient, email: str, password: str, field: str, told: str
) -> None:
    make_user(email="jan@example.sk")

    response = post(reader, "/account/email", email=email, password=password)
    page = Page(response)

    assert page.status == 422
    assert f"{field}-error" in page.ids
    assert told in page.text
    assert not password or password not in response.text
    assert ("eva@example.sk",) in read(User.email)


def test_who_has_no_password_is_not_asked_for_it(reader: FlaskClient) -> None:
    with transaction() as session:
        get_user(session, 1).password = NO_PASSWORD

    assert "password" not in Page(reader.get("/account/email")).form().fields
    assert post(reader, "/account/email", email="eva@nova.sk").location == "/account"


def test_guessing_the_password_at_the_account_meets_the_limit_of_the_door(reader: FlaskClient) -> None:
    answers = [
        post(reader, "/account/email", email="eva@nova.sk", password=f"wrong guess {number}")
        for number in range(10)
    ]

    assert [answer.status_code for answer in answers] == [422] * 9 + [429]
    assert int(answers[9].headers["Retry-After"]) > 0
    assert "Too many tries." in Page(answers[9]).text
    assert Page(post(reader, "/account/email", email="eva@nova.sk", password=PASSWORD)).status == 429
    statuses = [status for _, status in read(LoginAttempt.id, LoginAttempt.status)]
    assert statuses.count("wrong_pass") == 9


@pytest.mark.parametrize(("language", "locale"), [("sk", "sk_SK"), ("en", "en_US")])
def test_the_language_is_chosen(reader: FlaskClient, language: str, locale: str) -> None:
    assert post(reader, "/account/language", language=language).location == "/account"

    assert read(User.locale) == [(locale,)]


def test_a_language_that_we_do_not_speak_is_refused(reader: FlaskClient) -> None:
    page = Page(post(reader, "/account/language", language="cs"))

    assert (page.status, "language-error" in page.ids) == (422, True)


def test_own_changes_are_in_the_audit_log_under_the_owners_name(reader: FlaskClient) -> None:
    post(reader, "/account/name", first="Eva", last="Kováčová")

    assert read(AuditEntry.action, AuditEntry.actor_id, AuditEntry.subject) == [("account.name", 1, "user 1")]


def test_no_two_people_change_each_other(app: Flask, reader: FlaskClient) -> None:
    other = make_user(role="customer", email="jan@example.sk", name="Ján")

    post(reader, "/account/name", first="Eva", last="Kováčová", id=str(other), user_id=str(other))

    assert (other, "Ján") in read(User.id, User.public_name)


def post(client: FlaskClient, path: str, **fields: str) -> TestResponse:
    return client.post(path, data=Page(client.get(path)).form().fields | fields)
