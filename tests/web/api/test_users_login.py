"""Signing in over the API, and who is refused: behaviour.md 5.4."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from crm.users.models import AccessToken, LoginAttempt
from tests.factories.api import EVA, PHONE, make_reader, make_unclaimed
from tests.factories.users import make_user
from tests.pages import PASSWORD
from tests.stored import read

LOGIN = "/api/v1/users/login"
WRONG = "wrong horse battery"
NO_EMAIL = {"status": "error", "error": "no_email", "message": "No valid email", "code": "invalid_email"}
NO_PASSWORD = {
    "status": "error",
    "error": "no_password",
    "message": "No valid password",
    "code": "invalid_password",
}
MISSING: list[tuple[dict[str, str], dict[str, str]]] = [
    ({}, NO_EMAIL),
    ({"email": "  ", "password": PASSWORD}, NO_EMAIL),
    ({"password": PASSWORD}, NO_EMAIL),
    ({"email": EVA}, NO_PASSWORD),
    ({"email": EVA, "password": ""}, NO_PASSWORD),
]


@pytest.mark.parametrize(("fields", "body"), MISSING)
def test_what_is_missing_is_named(client: FlaskClient, fields: dict[str, str], body: dict[str, str]) -> None:
    make_reader()

    response = client.post(LOGIN, data=fields)

    assert (response.status_code, response.json) == (400, body)
    assert read(LoginAttempt.id) == []


REFUSED = [
    ("nobody", "nobody@example.sk", PASSWORD, "identity_not_found", "not_found_email"),
    ("no such number", "0908999999", PASSWORD, "identity_not_found", "not_found_phone"),
    ("neither e-mail nor number", "eva", PASSWORD, "identity_not_found", "not_found_name"),
    ("zero character", "eva\0@example.sk", PASSWORD, "identity_not_found", "not_found_email"),
    ("closed", "closed@example.sk", PASSWORD, "identity_not_found", "inactive_user"),
    ("unclaimed", "waiting@example.sk", PASSWORD, "identity_not_found", "unclaimed_user"),
    ("wrong password", EVA, WRONG, "invalid_credential", "wrong_pass"),
    ("wrong password, by number", PHONE, WRONG, "invalid_credential", "wrong_pass"),
    ("a very long password", EVA, "x" * 10_000, "invalid_credential", "wrong_pass"),
]


@pytest.mark.parametrize(
    ("label", "email", "password", "code", "logged"), REFUSED, ids=[r[0] for r in REFUSED]
)
def test_whoever_is_refused_learns_the_kind_of_reason(
    client: FlaskClient, label: str, email: str, password: str, code: str, logged: str
) -> None:
    make_reader(phone=PHONE)
    make_reader(email="closed@example.sk", active=False)
    make_unclaimed(email="waiting@example.sk")

    response = client.post(LOGIN, data={"email": email, "password": password})

    body: dict[str, Any] = response.get_json()
    assert response.status_code == 400
    assert body.pop("message")
    assert body == {"status": "error", "error": "auth_failed", "code": code}
    assert read(LoginAttempt.status) == [(logged,)]
    assert read(AccessToken.id) == []


@pytest.mark.parametrize("name", [EVA, " EVA@example.sk ", PHONE, "+421 908 123 456", "00421908123456"])
def test_the_right_password_gives_a_token_for_an_e_mail_or_a_number(client: FlaskClient, name: str) -> None:
    user_id = make_reader(phone=PHONE, first_name="Eva", last_name="Nováková")

    response = client.post(LOGIN, data={"email": name, "password": PASSWORD, "source": "shop"})

    body: dict[str, Any] = response.get_json()
    token, uuid = body["access"].pop("token"), body["user"].pop("uuid")
    who = {"id": user_id, "email": EVA, "first_name": "Eva", "last_name": "Nováková", "confirmed_at": None}
    assert response.status_code == 200
    assert body == {"status": "ok", "user": who, "user_meta": {}, "access": {}}
    assert (len(token) >= 40, len(uuid)) == (True, 36)
    assert "Set-Cookie" not in response.headers
    assert read(LoginAttempt.status, LoginAttempt.source) == [("api_ok", "api+shop")]
    assert read(AccessToken.kind, AccessToken.source) == [("api", "api+shop")]


@pytest.mark.parametrize(
    ("role", "roles"), [("customer", None), ("editor", ["editor"]), ("admin", ["admin"])]
)
def test_roles_are_told_of_staff_only(client: FlaskClient, role: str, roles: list[str] | None) -> None:
    make_user(role=role, email=EVA)

    body: dict[str, Any] = client.post(LOGIN, data={"email": EVA, "password": PASSWORD}).get_json()

    assert body["user"].get("roles") == roles


def test_there_are_no_device_tokens(client: FlaskClient) -> None:
    make_reader()

    response = client.post(LOGIN, data={"email": EVA, "password": PASSWORD, "device_token": "devtok_1"})

    assert response.status_code == 404
    assert response.json == {
        "status": "error",
        "code": "device_token_doesnt_exist",
        "message": "Device token doesn't exist",
    }


def test_too_many_wrong_passwords_are_refused_whatever_comes_next(client: FlaskClient) -> None:
    make_reader()
    for _ in range(9):
        client.post(LOGIN, data={"email": EVA, "password": WRONG})

    response = client.post(LOGIN, data={"email": EVA, "password": PASSWORD})

    assert (response.status_code, response.get_json()["code"]) == (400, "auth_failed")
    assert 0 < int(response.headers["Retry-After"]) <= 15 * 60
