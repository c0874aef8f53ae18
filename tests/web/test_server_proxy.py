"""The server proxy: a token opens it, the body goes out as it came, the answer comes back as it is."""

from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from crm.core.business_settings import set_setting
from crm.core.db import current_session, db, transaction
from crm.users.api_tokens import create_token, list_tokens, revoke_token

PROXY = "/api/v1/mobiletech/server-proxy"
BODY = b'<message command="send"><content>Ahoj</content></message>'


class Gateway(ThreadingHTTPServer):
    """A test gateway that remembers each request and answers as it is told."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.heard: list[tuple[dict[str, str], bytes]] = []
        self.answer: tuple[int, dict[str, str], bytes] = (
            200,
            {"Content-Type": "text/xml; charset=utf-8"},
            b"<ok/>",
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/send"


class _Handler(BaseHTTPRequestHandler):
    server: Gateway

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.heard.append(({name.lower(): value for name, value in self.headers.items()}, body))
        status, headers, answer = self.server.answer
        self.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(answer))}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def test_gateway(client: FlaskClient) -> Iterator[Gateway]:
    server = Gateway()
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    with transaction() as session:
        set_setting(session, "mobiletech_gateway_url_test", server.url)
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def token(client: FlaskClient) -> str:
    with transaction() as session:
        return create_token(session, "shop", scopes=["mobiletech:server-proxy"])


def test_the_body_goes_out_and_the_answer_comes_back(
    app: Flask, client: FlaskClient, test_gateway: Gateway, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = replace(app.extensions["settings"], mobiletech_gateway_token="of the real gateway")
    monkeypatch.setitem(app.extensions, "settings", real)

    response = client.post(PROXY, data=BODY, headers=_bearer(token))

    assert (response.status_code, response.data) == (200, b"<ok/>")
    assert response.content_type == "text/xml; charset=utf-8"
    [(headers, body)] = test_gateway.heard
    assert body == BODY
    assert "authorization" not in headers
    assert token not in str(headers)


@pytest.mark.parametrize("status", [400, 404, 418, 500])
def test_the_gateways_own_refusals_come_back_too(
    client: FlaskClient, test_gateway: Gateway, token: str, status: int
) -> None:
    test_gateway.answer = (status, {"Content-Type": "text/plain"}, b"no")

    response = client.post(PROXY, data=BODY, headers=_bearer(token))

    assert (response.status_code, response.data) == (status, b"no")


def test_a_redirect_is_not_followed(client: FlaskClient, test_gateway: Gateway, token: str) -> None:
    test_gateway.answer = (307, {"Location": test_gateway.url}, b"")

    response = client.post(PROXY, data=BODY, headers=_bearer(token))

    assert response.status_code == 307
    assert len(test_gateway.heard) == 1


def test_its_use_is_noted(client: FlaskClient, test_gateway: Gateway, token: str) -> None:
    client.post(PROXY, data=BODY, headers=_bearer(token))

    [row] = list_tokens(current_session())
    assert row.last_used_at is not None


@pytest.mark.parametrize(
    ("label", "header", "reason"),
    [
        ("none", None, "Authorization header HTTP_Authorization is not set"),
        ("empty", "", "Authorization header contains invalid structure"),
        ("no scheme", "abc", "Authorization header contains invalid structure"),
        ("another scheme", "Basic abc", "Authorization header contains invalid structure"),
        ("three parts", "Bearer a b", "Authorization header contains invalid structure"),
        ("an unknown token", "Bearer abc", "Token doesn't exists"),
        ("no ASCII", "Bearer \xff\xfe", "Token doesn't exists"),
    ],
)
def test_without_a_good_token_nothing_goes_out(
    client: FlaskClient, test_gateway: Gateway, label: str, header: str | None, reason: str
) -> None:
    response = client.post(PROXY, data=BODY, headers={} if header is None else {"Authorization": header})

    assert response.status_code == 403
    assert response.json == {
        "status": "error",
        "message": f"Not authorized: {reason}",
        "error": "no_authorization",
    }
    assert test_gateway.heard == []


def test_a_revoked_token_is_refused(client: FlaskClient, test_gateway: Gateway, token: str) -> None:
    with transaction() as session:
        revoke_token(session, "shop")

    answer = client.post(PROXY, data=BODY, headers=_bearer(token))

    assert answer.get_json()["message"] == "Not authorized: Token isn't active"
    assert test_gateway.heard == []


def test_a_token_of_another_network_is_refused(client: FlaskClient, test_gateway: Gateway) -> None:
    with transaction() as session:
        secret = create_token(session, "far", scopes=["mobiletech:server-proxy"], networks=["192.0.2.0/24"])

    assert client.post(PROXY, data=BODY, headers=_bearer(secret)).status_code == 403


@pytest.mark.parametrize(("size", "status"), [(64 * 1024, 200), (64 * 1024 + 1, 413), (300_000, 413)])
def test_the_body_has_a_limit(
    client: FlaskClient, test_gateway: Gateway, token: str, size: int, status: int
) -> None:
    response = client.post(PROXY, data=b"x" * size, headers=_bearer(token))

    assert response.status_code == status
    assert len(test_gateway.heard) == (status == 200)


def test_without_an_address_it_says_what_to_set(client: FlaskClient, token: str) -> None:
    response = client.post(PROXY, data=BODY, headers=_bearer(token))

    assert response.status_code == 503
    assert "Set mobiletech_gateway_url_test" in response.text


def test_a_gateway_that_is_away_is_502(client: FlaskClient, token: str) -> None:
    with transaction() as session:
        set_setting(session, "mobiletech_gateway_url_test", "http://127.0.0.1:1/send")

    response = client.post(PROXY, data=BODY, headers=_bearer(token))

    assert response.status_code == 502
    assert "The gateway gave no whole answer" in response.text
    assert "Traceback" not in response.text


def test_an_answer_without_end_is_502(client: FlaskClient, test_gateway: Gateway, token: str) -> None:
    test_gateway.answer = (200, {"Content-Type": "text/xml"}, b"x" * 100_000)

    response = client.post(PROXY, data=BODY, headers=_bearer(token))

    assert response.status_code == 502
    assert "larger than 65536 bytes" in response.text


def test_no_transaction_is_open_during_the_call(
    client: FlaskClient, test_gateway: Gateway, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_transactions: list[int] = []
    forward = "crm.mobiletech.client_http.HttpGatewayClient.forward"
    monkeypatch.setattr(
        forward, lambda *_args, **_kwargs: open_transactions.append(_count_open()) or _Answer()
    )

    client.post(PROXY, data=BODY, headers=_bearer(token))

    assert open_transactions == [0]


class _Answer:
    status, body, content_type = 200, b"", "text/xml"


def _count_open() -> int:
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as aside:
        idle = "state LIKE 'idle in transaction%' AND datname = current_database()"
        query = f"SELECT count(*) FROM pg_stat_activity WHERE {idle}"
        return int(aside.execute(text(query)).scalar_one())


def _bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}
