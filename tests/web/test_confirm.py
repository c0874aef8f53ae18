"""The password asked for again: a try like one at the door, with its limits, that confirms one session only."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from crm.core.db import transaction
from crm.users.accounts import get_user
from crm.users.models import NO_PASSWORD, LoginAttempt
from crm.users.phones import link_phone
from tests.conftest import Clock
from tests.factories.users import make_user
from tests.pages import PASSWORD, Page, sign_in
from tests.stored import read
from tests.web.conftest import Browser

HERE = "/login/confirm"
TOKENS = "/admin/tokens"


@pytest.mark.parametrize(
    ("label", "since", "status"), [("right after signing in", 9, 200), ("a little later", 11, 302)]
)
def test_the_password_is_asked_again_after_ten_minutes(
    staff: FlaskClient, clock: Clock, label: str, since: int, status: int
) -> None:
    clock.advance(timedelta(minutes=since))

    assert staff.get(TOKENS).status_code == status


def test_the_right_password_opens_the_way_for_this_session_only(
    staff: FlaskClient, app: Flask, clock: Clock
) -> None:
    other = Browser(app)
    sign_in(other, "admin@example.sk")
    clock.advance(timedelta(minutes=11))

    response = _confirm(staff, PASSWORD)

    assert (response.status_code, response.location) == (302, TOKENS)
    assert staff.get(TOKENS).status_code == 200
    assert other.get(TOKENS).status_code == 302


def test_a_wrong_password_is_told_beside_the_field_and_written_down(staff: FlaskClient, clock: Clock) -> None:
    clock.advance(timedelta(minutes=11))

    page = Page(_confirm(staff, "wrong horse battery"))

    assert page.status == 422
    assert "The password is not right." in page.text
    assert "wrong horse" not in page.response.text
    assert page.form().fields["next"] == TOKENS
    assert staff.get(TOKENS).status_code == 302
    assert read(LoginAttempt.status, LoginAttempt.email, order=LoginAttempt.id)[-1] == (
        "wrong_pass",
        "a***@example.sk",
    )


def test_an_empty_password_is_no_try(staff: FlaskClient) -> None:
    page = Page(_confirm(staff, ""))

    assert page.status == 422
    assert "Write your password." in page.text
    assert len(read(LoginAttempt.id)) == 1


def test_guessing_is_limited_as_at_the_door(staff: FlaskClient, clock: Clock) -> None:
    clock.advance(timedelta(minutes=20))
    for _ in range(9):
        assert _confirm(staff, "wrong horse battery").status_code == 422

    response = _confirm(staff, PASSWORD)

    assert response.status_code == 429
    assert int(response.headers["Retry-After"]) > 0
    assert "Too many tries. Try again in 15 min." in Page(response).text
    assert staff.get(TOKENS).status_code == 302


def test_who_has_only_a_number_confirms_with_the_password(client: FlaskClient, clock: Clock) -> None:
    user_id = make_user(role="admin", email="admin@example.sk")
    with transaction() as session:
        get_user(session, user_id).email = None
        link_phone(session, "0908123456", user_id)
    sign_in(client, "0908 123 456")
    clock.advance(timedelta(minutes=11))

    assert _confirm(client, PASSWORD).location == TOKENS


def test_who_has_no_password_is_told_what_to_do(staff: FlaskClient) -> None:
    with transaction() as session:
        get_user(session, 1).password = NO_PASSWORD

    page = Page(staff.get(HERE))

    assert "Your account has no password yet" in page.text
    assert "/account/password" in page.links
    assert "password" not in [name for form in page.forms for name in form.fields]


@pytest.mark.parametrize(
    ("target", "way_on"),
    [
        ("/admin/tokens/new", "/admin/tokens/new"),
        ("https://evil.example/", "/admin/"),
        ("//evil.example", "/admin/"),
        ("/login", "/admin/"),
        (HERE, "/admin/"),
        (f"{HERE}?next=/x", "/admin/"),
        ("", "/admin/"),
    ],
)
def test_the_way_on_is_a_page_of_ours(staff: FlaskClient, target: str, way_on: str) -> None:
    assert _confirm(staff, PASSWORD, target).location == way_on


def _confirm(client: FlaskClient, password: str, target: str = TOKENS) -> TestResponse:
    form = Page(client.get(HERE, query_string={"next": target})).form()
    return client.post(HERE, data=form.fields | {"password": password})
