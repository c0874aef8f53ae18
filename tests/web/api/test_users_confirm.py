"""Confirming people over the API: behaviour.md 5.6."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from crm.users.api_tokens import Scope
from crm.users.models import AuditEntry, User
from tests.factories.api import EVA, make_api_token, make_reader
from tests.stored import read

CONFIRM = "/api/v1/users/confirm"


@pytest.fixture
def shop(app: Flask) -> dict[str, str]:
    """Return the header of a token that may confirm people."""
    return make_api_token(Scope.USERS_CONFIRM)


@pytest.mark.parametrize("fields", [{}, {"email": ""}, {"email": "  "}])
def test_without_an_e_mail_it_is_named(
    client: FlaskClient, shop: dict[str, str], fields: dict[str, str]
) -> None:
    response = client.post(CONFIRM, data=fields, headers=shop)

    required = {"status": "error", "code": "invalid_input", "errors": {"email": ["Field is required"]}}
    assert (response.status_code, response.json) == (400, required)


@pytest.mark.parametrize("email", ["nobody@example.sk", "eva\0@example.sk", "e" * 5000])
def test_nobody_is_not_found(client: FlaskClient, shop: dict[str, str], email: str) -> None:
    make_reader()

    response = client.post(CONFIRM, data={"email": email}, headers=shop)

    assert (response.status_code, response.get_json()["code"]) == (404, "user_not_found")


def test_a_person_is_confirmed_once(client: FlaskClient, shop: dict[str, str]) -> None:
    user_id = make_reader()

    first = client.post(CONFIRM, data={"email": " EVA@example.sk "}, headers=shop)
    confirmed = read(User.confirmed_at)
    second = client.post(CONFIRM, data={"email": EVA}, headers=shop)

    assert (first.status_code, first.json) == (second.status_code, second.json) == (200, {"status": "ok"})
    assert confirmed != [(None,)]
    assert read(User.confirmed_at) == confirmed
    assert read(AuditEntry.action, AuditEntry.subject) == [("user.confirm", f"user {user_id}")]


def test_a_token_to_create_does_not_confirm(client: FlaskClient) -> None:
    make_reader()

    response = client.post(CONFIRM, data={"email": EVA}, headers=make_api_token(Scope.USERS_CREATE))

    assert response.status_code == 403
    assert read(User.confirmed_at) == [(None,)]
