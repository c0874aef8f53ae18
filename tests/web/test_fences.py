"""What keeps strangers out on every route at once: headers, tokens, addresses, redirects. Source: reliability.md 8."""

import re
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urljoin, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from crm.core.config import ROOT, Settings
from crm.core.db import Base, transaction
from crm.factory import create_app
from crm.seed import seed_standard
from crm.web.return_path import own_path
from crm.web.security_headers import CSP
from tests.factories.users import make_user
from tests.pages import PASSWORD, Page, sign_in
from tests.routes import list_routes
from tests.signing_in import list_attempts, make_reader
from tests.web.conftest import Browser

LIVE = "https://sms.example.sk"
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
# Tables that a look may write to: when a session was last used, who took an export away.
WRITTEN_BY_LOOKING = {"access_tokens", "audit_log"}


@pytest.mark.parametrize("who", ["nobody", "an administrator"])
def test_headers_stand_on_every_route(app: Flask, client: FlaskClient, who: str) -> None:
    if who == "an administrator":
        make_user(email="admin@example.sk")
        sign_in(client, "admin@example.sk")

    for method in ("GET", "POST", "PUT", "OPTIONS"):
        for rule, path in list_routes(app, method="GET"):
            response = client.open(path, method=method, headers={"Origin": "https://evil.example"})
            headers = response.headers
            assert {name: headers.get(name) for name in HEADERS} == HEADERS, (method, rule)
            assert [name for name, _ in headers if name.startswith("Access-Control-")] == [], rule
            assert "Strict-Transport-Security" not in headers, rule  # no TLS here to insist on
            is_stored = rule.endpoint == "static" and response.status_code == 200
            assert ("no-store" in headers.get("Cache-Control", "")) is not is_stored, rule
            if headers.get("Content-Type", "").startswith("text/html"):
                assert headers["Content-Type"] == "text/html; charset=utf-8", rule


def test_headers_of_production_insist_on_tls_on_every_route(live: FlaskClient) -> None:
    for rule, path in list_routes(live.application, method="GET"):
        response = live.get(path, base_url=LIVE)
        assert response.headers["Strict-Transport-Security"] == "max-age=31536000", rule


def test_the_policy_for_scripts_and_styles_has_no_exception() -> None:
    assert "unsafe-" not in CSP
    assert "http" not in CSP
    assert "*" not in CSP
    for part in ("default-src 'none'", "script-src 'self'", "style-src 'self'", "form-action 'self'"):
        assert part in CSP
    for part in ("base-uri 'none'", "frame-ancestors 'none'"):
        assert part in CSP


INLINE = {
    "html": r"<script(?![^>]*\bsrc=)|<style|\son[a-z]+\s*=|\sstyle=|javascript:|\|\s*safe\b",
    "py": r"Markup\(|render_template_string",
}


def test_no_template_carries_a_script_a_style_or_a_handler() -> None:
    found = {
        str(path.relative_to(ROOT)): re.findall(pattern, path.read_text())
        for kind, pattern in INLINE.items()
        for path in ROOT.glob(f"crm/**/*.{kind}")
    }

    assert len(found) > 100
    assert {path: what for path, what in found.items() if what} == {}


def test_looking_changes_nothing(app: Flask, client: FlaskClient) -> None:
    make_user(email="admin@example.sk")
    sign_in(client, "admin@example.sk")
    before = snapshot()

    for _, path in list_routes(app, method="GET"):
        client.get(path)

    assert snapshot() == before


def test_a_form_token_of_another_browser_opens_no_route(app: Flask, client: FlaskClient) -> None:
    make_user(email="admin@example.sk")
    sign_in(client, "admin@example.sk")
    token = Page(Browser(app).get("/login")).form().fields["csrf_token"]
    before = snapshot()

    for rule, path in list_routes(app, method="POST"):
        if path.startswith(("/api/", "/s/")):
            continue  # no cookie opens these: a token does, or the signed link itself
        assert client.post(path, data={"csrf_token": token}).status_code == 400, rule

    assert snapshot() == before


PROXIES = [
    # how many we trust, what the header says, whose address it is
    (0, "", "192.0.2.1"),
    (0, "203.0.113.5", "192.0.2.1"),
    (1, "203.0.113.5", "203.0.113.5"),
    (1, "6.6.6.6, 203.0.113.5", "203.0.113.5"),
    (1, "", "192.0.2.1"),
    (2, "6.6.6.6, 203.0.113.5, 198.51.100.9", "203.0.113.5"),
    (2, "203.0.113.5", "192.0.2.1"),
]


@pytest.mark.parametrize(("hops", "forwarded", "address"), PROXIES)
def test_an_address_is_believed_from_our_own_proxies_only(
    app: Flask, settings: Settings, hops: int, forwarded: str, address: str
) -> None:
    browser = Browser(create_app(replace(settings, trusted_proxies=hops)))

    try_to_sign_in(browser, "nobody@example.sk", forwarded)

    assert [attempt.ip for attempt in list_attempts()] == [address]


@pytest.mark.parametrize(
    "header", ["X-Forwarded-For", "Client-IP", "X-Real-IP", "Forwarded", "True-Client-IP"]
)
def test_an_invented_address_is_no_way_round_the_limits(client: FlaskClient, header: str) -> None:
    form = Page(client.get("/login")).form()

    answers = [
        client.post(
            "/login",
            data=form.fields | {"username": f"nobody{number}@example.sk", "password": PASSWORD},
            headers={header: f"6.6.6.{number}" if header != "Forwarded" else f"for=6.6.6.{number}"},
        ).status_code
        for number in range(10)
    ]

    assert answers == [422] * 9 + [429]


@pytest.mark.parametrize("hops", [0, 1, 2])
def test_no_proxy_names_the_host(app: Flask, settings: Settings, hops: int) -> None:
    browser = Browser(create_app(replace(settings, trusted_proxies=hops)))

    forged = browser.get("/", headers={"Host": "evil.example", "X-Forwarded-Host": "localhost"})
    named = browser.get("/login", headers={"X-Forwarded-Host": "evil.example"})

    assert (forged.status_code, named.status_code) == (400, 200)
    assert "evil.example" not in named.text


def test_every_redirect_stays_in_the_house(app: Flask, client: FlaskClient) -> None:
    for rule, path in list_routes(app, method="GET"):
        location = client.get(f"{path}?next=//evil.example").headers.get("Location", "/")
        assert re.match(r"/(?![/\\])", location), rule


@given(
    st.sampled_from(
        ["", "/", "//", "///", "/\\", "\\", "\\\\", "/\t/", "/.//", "https:", "https://", "http:/", "\0//"]
    ),
    st.text(alphabet="/\\:.@?#%;&=+\t\r\n \0evil-09_~\u2044\uff0f", max_size=12),
)
def test_whatever_next_says_a_browser_stays_with_us(prefix: str, rest: str) -> None:
    way_on = own_path(prefix + rest, "/admin/")

    assert urlsplit(read_as_a_browser(way_on)).netloc == "sms.example.sk"


def test_after_the_migrations_and_the_seed_there_is_nobody_to_sign_in(
    app: Flask, client: FlaskClient
) -> None:
    with transaction() as session:
        seed_standard(session)
        assert session.execute(text("SELECT count(*) FROM users")).scalar_one() == 0

    for email, password in (("admin@crm.press", "password"), ("user@crm.press", "password")):
        assert sign_in(client, email, password).status_code == 422


def test_what_is_wrong_with_a_session_is_never_told_as_a_fault(client: FlaskClient) -> None:
    make_reader()
    for value in ("", "x" * 4_000, "\xff\xfe", "a.b.c", "{}", ".eJw", "null"):
        client.set_cookie("session", value)
        client.set_cookie("device", value)
        assert client.get("/admin/templates").status_code == 302
        assert try_to_sign_in(client, "eva@example.sk", "") in (400, 302)


def try_to_sign_in(browser: FlaskClient, name: str, forwarded: str) -> int:
    """Send the form from 192.0.2.1, through as many proxies as the header says."""
    form = Page(browser.get("/login")).form()
    return browser.post(
        "/login",
        data=form.fields | {"username": name, "password": PASSWORD},
        headers={"X-Forwarded-For": forwarded} if forwarded else {},
        environ_base={"REMOTE_ADDR": "192.0.2.1"},
    ).status_code


def read_as_a_browser(target: str) -> str:
    """Return where a link of ours leads: browsers drop tabs and newlines and take a backslash for a slash."""
    read = re.sub(r"[\t\r\n]", "", target).strip("\0 ").replace("\\", "/")
    return urljoin("https://sms.example.sk/login", read)


def snapshot() -> dict[str, str]:
    """Return a fingerprint of each table."""
    tables = [table.name for table in Base.metadata.sorted_tables if table.name not in WRITTEN_BY_LOOKING]
    with transaction() as session:
        return {
            name: str(
                session.execute(text(f'SELECT md5(string_agg(t::text, $$,$$)) FROM "{name}" t')).scalar()
            )
            for name in tables
        }


@pytest.fixture
def live(app: Flask, settings: Settings) -> Iterator[FlaskClient]:
    """Return a browser of the application as it runs in production."""
    yield Browser(create_app(replace(settings, env="production", base_url=LIVE)))
    create_app(settings)
