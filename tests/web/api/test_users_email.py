"""Whether an e-mail is taken, in both versions: behaviour.md 5.2 with P13 mended."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from crm.users.attempts import WRONG_TRIES_OF_A_NAME
from crm.users.models import AccessToken, LoginAttempt
from crm.users.passwords import verify_password
from tests.factories.api import EVA, make_reader, make_unclaimed
from tests.pages import PASSWORD
from tests.stored import read

V1, V2 = "/api/v1/users/email", "/api/v2/users/email"
WRONG = "wrong horse battery"
CLOSED, NEW, WAITING = "closed@example.sk", "new@example.sk", "waiting@example.sk"
INVALID = {"status": "error", "code": "invalid_email", "message": "Invalid email format"}
LIMITED = {"status": "error", "code": "rate_limit_exceeded", "message": "Rate limit exceeded"}


def told(email: str, status: str, password: bool | None = None) -> dict[str, Any]:
    return {"email": email, "status": status, "password": password}


LONG, LONG_IN_BYTES = "e" * 250 + "@example.sk", "ž" * 125 + "@example.sk"
# label, fields, status of v1, status of v2, body of both without the id
ROWS: list[tuple[str, dict[str, str], int, int, dict[str, Any]]] = [
    ("longer than 255", {"email": LONG}, 422, 422, INVALID),
    ("longer than 255 in bytes", {"email": LONG_IN_BYTES}, 422, 422, INVALID),
    ("no dot in the domain", {"email": "0test@user"}, 200, 422, INVALID),
    ("no at sign", {"email": "eva"}, 200, 422, INVALID),
    ("a number", {"email": "0908123456"}, 200, 422, INVALID),
    ("zero character", {"email": "eva\0@example.sk"}, 200, 422, INVALID),
    ("malformed, with a password", {"email": "0test@user", "password": PASSWORD}, 200, 422, INVALID),
    ("unknown", {"email": NEW}, 200, 200, told(NEW, "available")),
    ("unknown, with a password", {"email": NEW, "password": PASSWORD}, 200, 200, told(NEW, "available")),
    ("known", {"email": EVA}, 200, 200, told(EVA, "taken")),
    ("known, capitalised", {"email": " EVA@example.sk "}, 200, 200, told("EVA@example.sk", "taken")),
    ("known, empty password", {"email": EVA, "password": ""}, 200, 200, told(EVA, "taken")),
    ("wrong password", {"email": EVA, "password": WRONG}, 200, 401, told(EVA, "taken", False)),
    ("right password", {"email": EVA, "password": PASSWORD}, 200, 200, told(EVA, "taken", True)),
    ("unclaimed", {"email": WAITING}, 200, 200, told(WAITING, "available")),
    ("unclaimed, with a password", {"email": WAITING, "password": "!"}, 200, 200, told(WAITING, "available")),
    ("closed", {"email": CLOSED}, 200, 200, told(CLOSED, "taken")),
    ("closed, right password", {"email": CLOSED, "password": PASSWORD}, 200, 200, told(CLOSED, "taken")),
    ("closed, wrong password", {"email": CLOSED, "password": WRONG}, 200, 401, told(CLOSED, "taken", False)),
]


@pytest.mark.parametrize(("label", "fields", "v1", "v2", "body"), ROWS, ids=[row[0] for row in ROWS])
@pytest.mark.parametrize("version", [1, 2])
def test_each_case_has_its_answer(
    client: FlaskClient,
    version: int,
    label: str,
    fields: dict[str, str],
    v1: int,
    v2: int,
    body: dict[str, Any],
) -> None:
    ids = {EVA: make_reader(), CLOSED: make_reader(email=CLOSED, active=False)}
    make_unclaimed(email=WAITING)

    response = client.post(V1 if version == 1 else V2, data=fields)

    whose = {"id": ids.get(body["email"].lower())} if "email" in body else {}
    assert response.status_code == (v1 if version == 1 else v2)
    assert response.content_type == "application/json"
    assert response.json == body | whose


@pytest.mark.parametrize("fields", [{}, {"email": ""}, {"email": "   "}, {"password": PASSWORD}])
def test_without_an_e_mail_each_version_says_it_its_way(client: FlaskClient, fields: dict[str, str]) -> None:
    first, second = client.post(V1, data=fields), client.post(V2, data=fields)

    missing = {"status": "error", "message": "No valid email", "code": "email_missing"}
    required = {"status": "error", "code": "invalid_input", "errors": {"email": ["Field is required"]}}
    assert (first.status_code, first.json) == (200, missing)
    assert (second.status_code, second.json) == (400, required)


@pytest.mark.parametrize("email", [EVA, NEW, WAITING, "0test@user"])
def test_without_a_password_nothing_is_logged(client: FlaskClient, email: str) -> None:
    make_reader()
    make_unclaimed(email=WAITING)

    client.post(V1, data={"email": email})
    client.post(V2, data={"email": email})

    assert read(LoginAttempt.status) == []


LOGGED = [
    (NEW, PASSWORD, "not_found_email"),
    (EVA, WRONG, "wrong_pass"),
    (EVA, PASSWORD, "api_ok"),
    (WAITING, PASSWORD, "unclaimed_user"),
    (CLOSED, PASSWORD, "inactive_user"),
]


@pytest.mark.parametrize(("email", "password", "status"), LOGGED, ids=[row[2] for row in LOGGED])
def test_with_a_password_the_try_is_logged_as_a_sign_in(
    client: FlaskClient, email: str, password: str, status: str
) -> None:
    make_reader()
    make_reader(email=CLOSED, active=False)
    make_unclaimed(email=WAITING)

    client.post(V2, data={"email": email, "password": password})

    assert read(LoginAttempt.status, LoginAttempt.source) == [(status, "api")]


def test_a_right_password_begins_nothing(client: FlaskClient) -> None:
    make_reader()

    response = client.post(V2, data={"email": EVA, "password": PASSWORD})

    assert read(AccessToken.id) == []
    assert "Set-Cookie" not in response.headers


def test_guesses_are_refused_as_at_the_login_and_say_when_to_come_back(client: FlaskClient) -> None:
    make_reader()
    for _ in range(WRONG_TRIES_OF_A_NAME):
        assert client.post(V2, data={"email": EVA, "password": WRONG}).status_code == 401

    first = client.post(V1, data={"email": EVA, "password": PASSWORD})
    second = client.post(V2, data={"email": EVA, "password": PASSWORD})

    assert (first.status_code, first.json) == (200, LIMITED)
    assert (second.status_code, second.json) == (429, LIMITED)
    assert 0 < int(second.headers["Retry-After"]) <= 15 * 60


def test_known_and_unknown_cost_one_hash_each(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[str | None] = []

    def count(password: str, against: str | None) -> bool:
        hashed.append(against)
        return verify_password(password, against)

    monkeypatch.setattr("crm.users.authenticators.verify_password", count)
    make_reader()

    client.post(V2, data={"email": EVA, "password": WRONG})
    client.post(V2, data={"email": NEW, "password": WRONG})

    assert [against is None for against in hashed] == [False, True]
