"""How often one may ask: counted by address or token, told in headers, and never in the way when Valkey is away."""

import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis

from crm.core.config import Settings
from crm.users.api_tokens import Scope
from crm.web import limits
from crm.web.guards import public
from tests.factories.api import EVA, make_api_token, make_reader
from tests.pages import Page, sign_in

V1, V2 = "/api/v1/users/email", "/api/v2/users/email"
LOGIN, CREATE, INFO = "/api/v1/users/login", "/api/v1/users/create", "/api/v1/user/info"
LIMITED = {"status": "error", "code": "rate_limit_exceeded", "message": "Rate limit exceeded"}
ALLOWED = [
    ("POST", V1, 30),
    ("POST", V2, 30),
    ("POST", LOGIN, 60),
    ("POST", CREATE, 600),
    ("GET", INFO, 600),
    ("POST", "/api/v1/users/confirm", 600),
    ("POST", "/api/v1/users/logout", 600),
    ("POST", "/api/v1/mobiletech/server-proxy", 600),
    ("GET", "/api/openapi.json", 600),
]


@pytest.mark.parametrize(("method", "path", "allowed"), ALLOWED)
def test_the_headers_tell_what_is_allowed_and_what_is_left(
    client: FlaskClient, method: str, path: str, allowed: int
) -> None:
    first, second = client.open(path, method=method), client.open(path, method=method)

    assert first.headers["X-RateLimit-Limit"] == str(allowed)
    assert first.headers["X-RateLimit-Remaining"] == str(allowed - 1)
    assert second.headers["X-RateLimit-Remaining"] == str(allowed - 2)
    assert 0 < int(first.headers["X-RateLimit-Reset"]) - time.time() <= 62
    assert "Retry-After" not in first.headers


def test_the_login_has_the_headers_too(client: FlaskClient) -> None:
    make_reader()

    assert sign_in(client, EVA).headers["X-RateLimit-Limit"] == "60"


FREE = ["/healthz", "/readyz", "/metrics", "/static/css/tokens.css", "/login", "/"]


@pytest.mark.parametrize("path", FREE)
def test_what_must_always_answer_has_no_limit(client: FlaskClient, path: str) -> None:
    assert "X-RateLimit-Limit" not in client.get(path).headers


def test_the_gateway_has_no_limit(client: FlaskClient) -> None:
    assert "X-RateLimit-Limit" not in client.post("/api/v1/mobiletech/webhook").headers


def test_the_thirty_first_question_is_refused_in_either_version(client: FlaskClient) -> None:
    for version in [V1, V2] * 15:
        assert client.post(version, data={"email": "new@example.sk"}).status_code == 200

    first, second = client.post(V1, data={"email": EVA}), client.post(V2, data={"email": EVA})

    assert (first.status_code, first.json) == (200, LIMITED)
    assert (second.status_code, second.json) == (429, LIMITED)
    assert second.headers["X-RateLimit-Remaining"] == "0"
    assert all(0 < int(answer.headers["Retry-After"]) <= 61 for answer in (first, second))


def test_the_sixty_first_sign_in_is_refused(client: FlaskClient) -> None:
    use_up(client, LOGIN, 60)

    response = client.post(LOGIN, data={"email": EVA, "password": "any"})

    assert (response.status_code, response.json) == (429, LIMITED)


def test_the_sixty_first_login_gets_the_error_page(client: FlaskClient) -> None:
    form = Page(client.get("/login")).form()
    for _ in range(60):
        assert client.post("/login", data=form.fields).status_code == 422

    response = client.post("/login", data=form.fields)

    assert Page(response).status == 429
    assert 0 < int(response.headers["Retry-After"]) <= 61


ADDRESSES = [
    ("another address", {"REMOTE_ADDR": "192.0.2.2"}, 200),
    ("the same address", {"REMOTE_ADDR": "192.0.2.1"}, 429),
    ("the same, written as IPv6", {"REMOTE_ADDR": "::ffff:192.0.2.1"}, 429),
    ("a forged one", {"REMOTE_ADDR": "192.0.2.1", "HTTP_X_FORWARDED_FOR": "203.0.113.9"}, 429),
]


@pytest.mark.parametrize(("label", "seen", "status"), ADDRESSES, ids=[row[0] for row in ADDRESSES])
def test_it_is_counted_by_address(client: FlaskClient, label: str, seen: dict[str, str], status: int) -> None:
    use_up(client, V2, 30, address="192.0.2.1")

    assert ask(client, V2, seen).status_code == status


@pytest.mark.parametrize(("address", "status"), [("2001:db8:0:1::ffff", 429), ("2001:db8:0:2::1", 200)])
def test_of_ipv6_the_home_network_counts(client: FlaskClient, address: str, status: int) -> None:
    use_up(client, V2, 30, address="2001:db8:0:1::1")

    assert ask(client, V2, {"REMOTE_ADDR": address}).status_code == status


def test_tokens_are_counted_apart(client: FlaskClient) -> None:
    one, other = make_api_token(Scope.USERS_CREATE), make_api_token(Scope.USERS_CREATE, name="kiosk")
    client.post(CREATE, headers=one)

    first, second = client.post(CREATE, headers=one), client.post(CREATE, headers=other)

    assert (first.headers["X-RateLimit-Remaining"], second.headers["X-RateLimit-Remaining"]) == ("598", "599")


def test_the_token_is_not_in_valkey(client: FlaskClient, redis_url: str) -> None:
    token = make_api_token(Scope.USERS_CREATE)["Authorization"]

    client.post(CREATE, headers={"Authorization": token})

    keys = [key.decode() for key in Redis.from_url(redis_url).scan_iter("LIMITS*")]
    assert any("users/create" in key for key in keys)
    assert not any(token.split()[1] in key for key in keys)


def test_the_minute_moves_on(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    use_up(client, V2, 30)
    assert ask(client, V2).status_code == 429

    later = time.time() + 61
    monkeypatch.setattr("limits.storage.redis.time", _At(later))

    assert ask(client, V2).status_code == 200


def test_every_limit_names_an_endpoint(app: Flask) -> None:
    assert set(limits.LIMITS) | limits.WITHOUT_LIMIT <= set(app.view_functions)


@pytest.fixture
def black_hole() -> Iterator[str]:
    """Return the address of a Redis that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"redis://127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.parametrize("where", ["nowhere", "black hole"])
def test_without_valkey_the_limits_hold_in_memory_and_nobody_waits(
    settings: Settings, black_hole: str, where: str
) -> None:
    redis_url = black_hole if where == "black hole" else "redis://127.0.0.1:1"
    client = small_app(replace(settings, redis_url=redis_url)).test_client()

    began = time.monotonic()
    statuses = [client.post(LOGIN).status_code for _ in range(61)]
    took = time.monotonic() - began

    assert statuses == [200] * 60 + [429]
    assert took < 1.5


def test_a_unix_socket_is_an_address_like_any_other(settings: Settings) -> None:
    client = small_app(replace(settings, redis_url="unix:///nowhere/valkey.sock")).test_client()

    assert client.post(LOGIN).headers["X-RateLimit-Remaining"] == "59"


class _At:
    """A clock that stands."""

    def __init__(self, at: float) -> None:
        self._at = at

    def time(self) -> float:
        return self._at


def small_app(settings: Settings) -> Flask:
    """Return an application with one door, which answers at once."""
    app = Flask("small")
    app.add_url_rule(LOGIN, "users_sign_in.login", public("for a test")(lambda: "in"), methods=["POST"])
    limits.set_up(app, settings)
    return app


def use_up(client: FlaskClient, path: str, times: int, *, address: str = "127.0.0.1") -> None:
    for _ in range(times):
        assert ask(client, path, {"REMOTE_ADDR": address}).status_code < 429


def ask(client: FlaskClient, path: str, environ: dict[str, str] | None = None) -> Any:
    return client.post(path, data={"email": "new@example.sk"}, environ_overrides=environ or {})
