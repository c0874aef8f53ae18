"""Hosts, headers, health, figures and error pages: what every visitor meets."""

import logging
from dataclasses import replace
from ipaddress import ip_network
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from crm.core import metrics
from crm.core.config import Settings
from crm.core.db import transaction
from crm.events.publish import publish
from crm.web import health, hosts, security_headers
from tests.logs import list_facts
from tests.pages import Page


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("localhost:8123", 200),
        ("127.0.0.1:9", 200),
        ("evil.example", 400),
        ("localhost.evil.example", 400),
        ("127.0.0.1.nip.io", 400),
        ("localhost:99999", 400),
        ("", 400),
    ],
)
def test_only_our_own_names_are_answered(client: FlaskClient, host: str, status: int) -> None:
    response = client.get("/healthz", headers={"Host": host})

    assert response.status_code == status
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_in_production_only_the_base_url_is_our_name(settings: Settings) -> None:
    production = replace(settings, env="production", base_url="https://sms.example.sk:8443")

    assert hosts.list_trusted(production) == ["sms.example.sk"]


def test_a_foreign_forwarded_host_changes_nothing(client: FlaskClient) -> None:
    response = client.get("/", headers={"X-Forwarded-Host": "evil.example"})

    assert response.status_code == 200
    assert "evil.example" not in response.text


@pytest.mark.parametrize("path", ["/", "/login", "/admin/", "/nowhere", "/healthz", "/static/css/tokens.css"])
def test_headers_stand_on_every_answer(client: FlaskClient, path: str) -> None:
    headers = client.get(path).headers

    for name, value in security_headers.ALWAYS.items():
        assert headers[name] == value
    assert len(headers["X-Request-Id"]) == 16
    assert "unsafe-" not in headers["Content-Security-Policy"]
    assert "Strict-Transport-Security" not in headers  # no TLS here to insist on
    assert "Access-Control-Allow-Origin" not in headers
    assert ("no-store" in headers["Cache-Control"]) is not path.startswith("/static")


def test_production_insists_on_tls(settings: Settings) -> None:
    live = Flask("live")
    security_headers.set_up(live, replace(settings, env="production"))

    assert "max-age=31536000" in live.test_client().get("/").headers["Strict-Transport-Security"]


def test_a_request_leaves_one_line_without_its_query(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)

    response = client.get("/login?next=/admin/&secret=0908123456")

    [line] = [fact for fact in list_facts(caplog) if fact["event"] == "request"]
    assert (line["method"], line["endpoint"], line["status"]) == ("GET", "login.show", 200)
    assert "0908123456" not in str(line)
    assert response.headers["X-Request-Id"]


ERRORS = [
    ("unknown page", "GET", "/nowhere", 404),
    ("wrong method", "DELETE", "/login", 405),
    ("no token in the form", "POST", "/login", 400),
]


@pytest.mark.parametrize(("label", "method", "path", "status"), ERRORS)
def test_people_get_a_page_with_a_number_to_ask_about(
    client: FlaskClient, label: str, method: str, path: str, status: int
) -> None:
    page = Page(client.open(path, method=method))

    assert page.status == status
    assert page.response.headers["X-Request-Id"] in page.text
    assert "/" in page.links


@pytest.mark.parametrize(
    ("method", "path", "status", "error"),
    [
        ("GET", "/api/nowhere", 404, "not_found"),
        ("GET", "/api/v1/mobiletech/server-proxy", 405, "method_not_allowed"),
    ],
)
def test_programs_get_json(client: FlaskClient, method: str, path: str, status: int, error: str) -> None:
    response = client.open(path, method=method)

    assert response.status_code == status
    assert response.json is not None
    assert (response.json["status"], response.json["error"]) == ("error", error)
    assert response.json["request_id"] == response.headers["X-Request-Id"]


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH"])
def test_the_webhook_takes_post_only(client: FlaskClient, method: str) -> None:
    response = client.open("/api/v1/mobiletech/webhook", method=method)

    assert response.status_code == 405
    assert response.content_type == "application/xml; charset=utf-8"
    assert "POST" in response.headers["Allow"]


def test_a_large_form_is_refused_in_words(client: FlaskClient) -> None:
    page = Page(client.post("/login", data={"username": "x" * 300_000}))

    assert page.status == 413


def test_a_fault_of_ours_shows_no_traceback(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.view_functions, "home.show", _broken)
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)

    page = Page(app.test_client().get("/"))

    assert page.status == 500
    assert "Traceback" not in page.response.text
    assert "the secret of the code" not in page.response.text
    assert page.response.headers["X-Request-Id"] in page.text


def test_a_fault_in_the_error_page_itself_still_answers(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crm.web.error_pages.render_template", _broken)

    response = app.test_client().get("/nowhere")

    assert response.status_code == 404
    assert "<h2>We cannot answer just now</h2>" in response.text


@pytest.mark.parametrize("path", ["/", "/login"])
def test_without_the_database_pages_say_so(app: Flask, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    client = app.test_client()
    with client.session_transaction() as session:
        session.update(_user_id="1", since=2**40, seen=2**40)
    monkeypatch.setattr("crm.web.session.current_session", _no_database)

    page = Page(client.get(path))

    assert page.status == 503
    assert page.response.headers["Retry-After"] == "30"


def test_alive_asks_nobody(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crm.web.health.current_session", _no_database)

    response = app.test_client().get("/healthz")

    assert (response.status_code, response.json) == (200, {"status": "ok"})


def test_ready_when_everything_answers(client: FlaskClient) -> None:
    response = client.get("/readyz")

    assert (response.status_code, response.json) == (200, {"status": "ok", "database": "ok", "redis": "ok"})


def test_overdue_work_does_not_make_us_unready(client: FlaskClient) -> None:
    with transaction() as session:
        publish(session, "never-done", {}, key="old")
        session.execute(
            text(
                "UPDATE outbox SET available_at = crm_now() - interval '1 day', state = 'dead',"
                " finished_at = crm_now()"
            )
        )

    assert client.get("/readyz").status_code == 200


def test_not_ready_without_the_database(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crm.web.health.current_session", _no_database)

    response = app.test_client().get("/readyz")

    assert response.status_code == 503
    assert response.json == {"status": "not ready", "database": "unreachable", "redis": "ok"}


def test_not_ready_before_the_migration(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_newest_migration", lambda: "9999_future")

    response = client.get("/readyz")

    assert response.status_code == 503
    assert "not at 9999_future" in str(response.json)


def test_not_ready_without_redis(app: Flask, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.extensions, "settings", replace(settings, redis_url="redis://127.0.0.1:1"))

    response = app.test_client().get("/readyz")

    assert response.status_code == 503
    assert response.json == {"status": "not ready", "database": "ok", "redis": "unreachable"}


def test_figures_tell_counts_and_waiting_work(client: FlaskClient) -> None:
    metrics.count("sends_total", outcome="accepted")
    with transaction() as session:
        publish(session, "mobiletech-send", {}, key="waits")

    told = client.get("/metrics").text

    assert 'crm_outbox_entries{event="mobiletech-send",state="ready"} 1.0' in told
    assert 'crm_outbox_overdue_seconds{event="mobiletech-send",state="ready"}' in told
    assert 'crm_sends_total{outcome="accepted"} 1.0' in told
    assert "crm_paid_sending_paused 0.0" in told


@pytest.mark.parametrize(
    ("networks", "address", "status"),
    [
        ("127.0.0.0/8", "127.0.0.1", 200),
        ("127.0.0.0/8", "192.0.2.7", 404),
        ("192.0.2.0/24", "192.0.2.7", 200),
        ("192.0.2.0/24", "127.0.0.1", 404),
    ],
)
def test_figures_are_not_for_strangers(
    app: Flask, settings: Settings, monkeypatch: pytest.MonkeyPatch, networks: str, address: str, status: int
) -> None:
    set_so = replace(settings, metrics_networks=(ip_network(networks),))
    monkeypatch.setitem(app.extensions, "settings", set_so)

    response = app.test_client().get("/metrics", environ_base={"REMOTE_ADDR": address})

    assert response.status_code == status


def test_figures_that_cannot_be_read_are_503(
    app: Flask, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.extensions, "settings", replace(settings, redis_url="redis://127.0.0.1:1"))
    monkeypatch.setattr(metrics, "_redis", Redis(port=1))

    assert app.test_client().get("/metrics").status_code == 503


def _broken(*_args: Any, **_kwargs: Any) -> str:
    raise RuntimeError("the secret of the code")


def _no_database(*_args: Any, **_kwargs: Any) -> None:
    raise OperationalError("SELECT 1", {}, Exception("connection refused"))
