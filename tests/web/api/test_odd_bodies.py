"""Whatever is thrown at the API gets a documented JSON body, never a 500."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from crm.users.api_tokens import Scope
from crm.users.models import User
from tests.factories.api import bearer, make_api_token, make_reader
from tests.logs import list_tracebacks
from tests.pages import PASSWORD
from tests.stored import read

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=b"
DOORS = [
    "/api/v1/users/email",
    "/api/v2/users/email",
    "/api/v1/users/create",
    "/api/v1/users/confirm",
    "/api/v1/users/login",
]
# label, content type, body
BODIES: list[tuple[str, str | None, bytes]] = [
    ("JSON", "application/json", b'{"email": "eva@example.sk", "password": "correct horse battery"}'),
    ("nothing", None, b""),
    ("XML", "application/xml", b"<email>eva@example.sk</email>"),
    ("no type", None, b"email=eva@example.sk"),
    ("odd type", "nonsense; =;;", b"email=eva@example.sk"),
    ("bytes that are no text", FORM, b"email=%ff%fe@example.sk&password=%00%ff&\xff\xfe=1"),
    ("half a character", FORM, b"email=%ed%a0%80@example.sk&phone=%c5&password=%ed%a0%80%ed%a0%80%ed%a0%80%ed%a0%80"),
    ("zero characters", FORM, b"email=%00&password=%00&source=%00&phone=%00&ext_id=%00&first_name=%00"),
    ("control characters", FORM, b"email=%1b%5b31m%0d%0a@example.sk&password=%0d%0a&source=%0a"),
    ("SQL", FORM, b"email=' OR 1=1 --@example.sk&password=' OR '1'='1&source='; DROP TABLE users"),
    ("the same field twice", FORM, b"email=a@example.sk&email=b@example.sk&password=1&password=2"),
    ("long values", FORM, b"email=" + b"e" * 60_000 + b"&password=" + b"p" * 60_000 + b"&source=" + b"s" * 60_000),
    ("no boundary", "multipart/form-data", b"--b\r\n\r\n"),
    ("half a multipart", MULTIPART, b'--b\r\nContent-Disposition: form-data; name="email"\r\n\r\neva@'),
    ("a file as a field", MULTIPART,
     b'--b\r\nContent-Disposition: form-data; name="email"; filename="../../x"\r\n\r\neva@example.sk\r\n--b--\r\n'),
    ("a multipart in an odd charset", MULTIPART,
     b'--b\r\nContent-Disposition: form-data; name="email"\r\nContent-Type: text/plain; charset=zip\r\n\r\n'
     b'\xff\r\n--b--\r\n'),
]  # fmt: skip


@pytest.fixture
def shop(app: Flask) -> dict[str, str]:
    """Return the header of a token that opens every door of the table."""
    return make_api_token(Scope.USERS_CREATE, Scope.USERS_CONFIRM)


@pytest.mark.parametrize(("label", "content_type", "body"), BODIES, ids=[row[0] for row in BODIES])
@pytest.mark.parametrize("path", DOORS)
def test_an_odd_body_gets_a_documented_answer(
    client: FlaskClient,
    shop: dict[str, str],
    caplog: pytest.LogCaptureFixture,
    path: str,
    label: str,
    content_type: str | None,
    body: bytes,
) -> None:
    make_reader()

    response = client.post(path, data=body, content_type=content_type, headers=shop)

    told: dict[str, Any] = response.get_json()
    assert response.content_type == "application/json"
    assert response.status_code in (200, 400, 401, 404, 422)
    assert told["status"] in ("error", "available")
    assert [user_id for (user_id,) in read(User.id)] == [1]
    assert list_tracebacks(caplog) == []


@pytest.mark.parametrize("path", DOORS)
@pytest.mark.parametrize("content_type", [FORM, MULTIPART])
def test_a_body_that_is_too_large_is_413(
    client: FlaskClient, shop: dict[str, str], path: str, content_type: str
) -> None:
    part = (
        b'--b\r\nContent-Disposition: form-data; name="email"\r\n\r\n'
        if "multipart" in content_type
        else b"email="
    )

    response = client.post(path, data=part + b"e" * 300_000, content_type=content_type, headers=shop)

    told: dict[str, Any] = response.get_json()
    assert response.status_code == 413
    assert (told["status"], told["error"]) == ("error", "request_entity_too_large")


# As servers give a chunked body, and one whose sender hung up in the middle.
INCOMPLETE = [
    {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True},
    {"CONTENT_LENGTH": "50"},
]


@pytest.mark.parametrize("environ_", INCOMPLETE, ids=["no length", "half of it"])
@pytest.mark.parametrize("path", DOORS)
def test_half_a_body_is_not_taken_for_a_whole_one(
    client: FlaskClient, shop: dict[str, str], path: str, environ_: dict[str, Any]
) -> None:
    body = b"email=new@example.s"

    response = client.post(path, data=body, content_type=FORM, headers=shop, environ_overrides=environ_)

    assert (response.status_code, response.get_json()["error"]) == (411, "length_required")
    assert "Content-Length" in response.get_json()["message"]
    assert read(User.id) == []


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "TRACE"])
@pytest.mark.parametrize("path", DOORS)
def test_another_method_is_405(client: FlaskClient, path: str, method: str) -> None:
    response = client.open(path, method=method)

    assert response.status_code == 405
    assert "POST" in response.headers["Allow"]
    assert response.content_type == "application/json"


@pytest.mark.parametrize("path", ["/api/", "/api/v1/users", "/api/v3/users/email", "/api/v1/users/create/"])
def test_what_does_not_exist_is_404_in_json(client: FlaskClient, path: str) -> None:
    response = client.post(path)

    assert (response.status_code, response.get_json()["error"]) == (404, "not_found")


def test_a_cookie_opens_nothing(staff: FlaskClient) -> None:
    assert staff.post("/api/v1/users/create", data={"email": "new@example.sk"}).status_code == 403


@pytest.mark.parametrize("path", [*DOORS, "/api/openapi.json"])
def test_no_foreign_page_may_read_the_answer(client: FlaskClient, path: str) -> None:
    response = client.options(path, headers={"Origin": "https://evil.example"})

    assert not [name for name in dict(response.headers) if name.startswith("Access-Control")]


@pytest.mark.parametrize("secret", ["nonsense", "ž", "\x7f", "a" * 5000])
def test_an_odd_token_is_only_unknown(client: FlaskClient, secret: str) -> None:
    response = client.post("/api/v1/users/create", headers=bearer(secret.encode().decode("latin-1")))

    assert (response.status_code, response.get_json()["error"]) == (403, "no_authorization")


def test_the_password_is_in_no_log(
    client: FlaskClient, shop: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    client.post("/api/v1/users/create", data={"email": "new@example.sk", "password": PASSWORD}, headers=shop)
    client.post("/api/v1/users/login", data={"email": "new@example.sk", "password": PASSWORD})

    assert PASSWORD not in caplog.text
