"""Signing in and out, and who then may see what."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from crm.core.db import transaction
from crm.users.accounts import change_password, change_role, get_user
from crm.web.languages import here
from crm.web.return_path import own_path
from tests.conftest import Clock
from tests.factories.users import make_user
from tests.pages import PASSWORD, Page, sign_in
from tests.routes import list_routes
from tests.signing_in import make_reader

ADMIN = "/admin/templates"


def test_staff_sign_in_and_it_is_noted(client: FlaskClient) -> None:
    user_id = make_user(role="support", email="eva@example.sk")

    response = sign_in(client, "  EVA@example.sk ")

    assert (response.status_code, response.location) == (302, "/admin/")
    with transaction() as session:
        user = get_user(session, user_id)
        assert (user.current_sign_in_ip, user.current_sign_in_at is not None) == ("127.0.0.1", True)


@pytest.mark.parametrize("number", ["0908 123 456", "+421908123456"])
def test_a_reader_signs_in_by_the_field_mobile_phone(client: FlaskClient, number: str) -> None:
    make_reader()
    fields = Page(client.get("/login")).form().fields
    del fields["username"]

    wrong = client.post("/login", data=fields | {"mobile_phone": number, "password": "wrong horse battery"})
    right = client.post("/login", data=fields | {"mobile_phone": number, "password": PASSWORD})

    assert (wrong.status_code, f'value="{number}"' in wrong.text) == (422, True)
    assert (right.status_code, right.location) == (302, "/")


@pytest.mark.parametrize(
    ("label", "email", "password"),
    [
        ("wrong password", "eva@example.sk", "wrong horse battery"),
        ("unknown e-mail", "nobody@example.sk", PASSWORD),
        ("closed account", "closed@example.sk", PASSWORD),
        ("account without a password", "bare@example.sk", "!"),
        ("zero character", "eva@example.sk\0", PASSWORD),
        ("a very long password", "eva@example.sk", "x" * 10_000),
        ("code for the database", "' OR 1=1 --", PASSWORD),
    ],
)
def test_every_failure_says_the_same(client: FlaskClient, label: str, email: str, password: str) -> None:
    make_user(email="eva@example.sk")
    make_user(email="closed@example.sk", active=False)
    bare = make_user(email="bare@example.sk")
    with transaction() as session:
        get_user(session, bare).password = "!"

    page = Page(sign_in(client, email, password))

    assert page.status == 422
    assert "The name or the password is not right." in page.text
    assert client.get("/admin/").status_code == 302


def test_an_unknown_e_mail_costs_one_hash_like_a_known_one(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[str | None] = []
    monkeypatch.setattr(
        "crm.users.authenticators.verify_password", lambda _password, against: hashed.append(against)
    )

    sign_in(client, "nobody@example.sk")

    assert hashed == [None]  # which stands for a dummy hash of the same cost


def test_empty_fields_are_named(client: FlaskClient) -> None:
    page = Page(sign_in(client, "", ""))

    assert page.status == 422
    assert "Write your e-mail or number." in page.text
    assert "Write your password." in page.text


def test_the_session_before_the_login_does_not_live_on(client: FlaskClient) -> None:
    make_user(email="eva@example.sk")
    with client.session_transaction() as session:
        session["planted"] = "by somebody else"
    before = Page(client.get("/login")).form().fields["csrf_token"]

    sign_in(client, "eva@example.sk")

    with client.session_transaction() as session:
        assert "planted" not in session
    assert Page(client.get(ADMIN + "/new")).form().fields["csrf_token"] != before


def test_signing_out_ends_it(client: FlaskClient) -> None:
    make_user(email="eva@example.sk")
    sign_in(client, "eva@example.sk")
    page = Page(client.get(ADMIN))

    response = client.post("/logout", data=page.form("/logout").fields)

    assert response.location == "/login"
    assert client.get(ADMIN).status_code == 302


@pytest.mark.parametrize(
    ("label", "since", "seen", "status"),
    [
        ("fresh", timedelta(minutes=2), timedelta(minutes=1), 200),
        ("seen within 8 hours", timedelta(hours=11), timedelta(hours=7), 200),
        ("idle for more than 8 hours", timedelta(hours=9), timedelta(hours=8, minutes=1), 302),
        ("older than 12 hours", timedelta(hours=12, minutes=1), timedelta(hours=6), 302),
    ],
)
def test_a_session_ends_by_itself(
    client: FlaskClient, clock: Clock, label: str, since: timedelta, seen: timedelta, status: int
) -> None:
    make_user(email="eva@example.sk")
    sign_in(client, "eva@example.sk")
    clock.advance(since - seen)
    client.get(ADMIN)
    clock.advance(seen)

    assert client.get(ADMIN).status_code == status


@pytest.mark.parametrize("what", ["password", "role", "active"])
def test_a_session_ends_with_the_password_the_role_or_the_account(client: FlaskClient, what: str) -> None:
    user_id = make_user(email="eva@example.sk")
    sign_in(client, "eva@example.sk")
    with transaction() as session:
        user = get_user(session, user_id)
        if what == "password":
            change_password(session, user, "another battery staple")
        elif what == "role":
            change_role(session, user, "support")
        else:
            user.active = False

    assert client.get(ADMIN).status_code == 302


def test_a_forged_cookie_signs_nobody_in(client: FlaskClient) -> None:
    client.set_cookie("session", "eyJfdXNlcl9pZCI6IjEifQ.aaaa.bbbb")

    assert client.get(ADMIN).status_code == 302


def test_the_cookie_is_not_for_scripts_or_other_sites(client: FlaskClient) -> None:
    make_user(email="eva@example.sk")

    cookie = sign_in(client, "eva@example.sk").headers["Set-Cookie"]

    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/" in cookie


def test_who_is_not_signed_in_comes_back_after_the_login(client: FlaskClient) -> None:
    make_user(email="eva@example.sk")

    asked = client.get("/admin/messages?state=unknown&direction=out")
    form = Page(client.get(asked.location)).form()
    response = client.post("/login", data=form.fields | {"username": "eva@example.sk", "password": PASSWORD})

    assert asked.location.startswith("/login?next=%2Fadmin%2Fmessages")
    assert response.location == "/admin/messages?state=unknown&direction=out"


@pytest.mark.parametrize(
    ("posted", "page"),
    [("/admin/users/1/send-code", "/admin/users/1"), ("/admin/users", "/admin/users"), ("/logout", "/")],
    ids=["a button of a page", "a page", "neither"],
)
def test_who_was_signed_out_meanwhile_comes_back_to_a_page(app: Flask, posted: str, page: str) -> None:
    """What was posted cannot be asked for again, and an address that takes only posts is no page."""
    with app.test_request_context(posted, method="POST"):
        assert here() == page


OURS = ["/", "/admin/", "/admin/messages?state=unknown&from=2026-11-01", "/admin/templates/pong#x"]
FOREIGN = [
    "", "//evil.example", "///evil.example", "////evil.example", "/\\evil.example", "\\\\evil.example",
    "\\/evil.example", "https://evil.example", "https:evil.example", "http:///evil.example", "HTTPS://evil.example",
    "javascript:alert(1)", "data:text/html,x", "evil.example", "@evil.example", "/\tevil", "/\t/evil.example",
    "/\n/evil.example", "\t//evil.example", " //evil.example", "/\r\nSet-Cookie: a=b", "/ /evil.example",
    "/%0d%0a\r\n", "/\u2044evil.example", "/\uff0fevil.example", "/\x00/evil.example", "?next=//evil.example",
    "#//evil", "login", "/login", "/login?next=/login", "/" + "a" * 3000,
]  # fmt: skip


@pytest.mark.parametrize("target", OURS)
def test_the_way_on_may_be_a_page_of_ours(target: str) -> None:
    assert own_path(target, "/admin/") == target


@pytest.mark.parametrize("target", FOREIGN)
def test_the_way_on_is_never_another_site(target: str) -> None:
    assert own_path(target, "/admin/") == "/admin/"


def test_a_foreign_next_leads_to_the_overview(client: FlaskClient) -> None:
    make_user(email="eva@example.sk")

    response = sign_in(client, "eva@example.sk", next="//evil.example/admin")

    assert response.location == "/admin/"


def test_who_is_signed_in_needs_no_login(client: FlaskClient) -> None:
    make_user(email="eva@example.sk")
    sign_in(client, "eva@example.sk")

    assert client.get("/login").location == "/admin/"
    assert client.get("/").location == "/admin/"


# role -> status of: overview, messages, templates, a new template
MAY = [
    ("customer", 403, 403, 403, 403),
    ("support", 200, 200, 200, 403),
    ("billing", 200, 200, 200, 403),
    ("editor", 200, 200, 200, 200),
    ("admin", 200, 200, 200, 200),
]


@pytest.mark.parametrize(("role", "overview", "messages", "templates", "new"), MAY)
def test_each_role_sees_what_it_may(
    client: FlaskClient, role: str, overview: int, messages: int, templates: int, new: int
) -> None:
    make_user(role=role, email="eva@example.sk")
    sign_in(client, "eva@example.sk")

    paths = ("/admin/", "/admin/messages", "/admin/templates", "/admin/templates/new")
    assert [Page(client.get(path)).status for path in paths] == [overview, messages, templates, new]


def test_a_refusal_names_the_role_that_can(client: FlaskClient) -> None:
    make_user(role="support", email="eva@example.sk")
    sign_in(client, "eva@example.sk")

    page = Page(client.get("/admin/templates/new"))

    assert "To write templates, one needs the role editor or admin." in page.text


def test_a_reader_is_told_what_staff_read(client: FlaskClient) -> None:
    make_user(role="customer", email="eva@example.sk")
    sign_in(client, "eva@example.sk")

    page = Page(client.get("/admin/payments"))

    assert "To read messages, payments, subscribers, renewals and templates, one needs" in page.text


def test_a_customer_lands_at_home(client: FlaskClient) -> None:
    make_user(role="customer", email="eva@example.sk")

    assert sign_in(client, "eva@example.sk").location == "/"


def test_without_a_session_no_page_of_the_staff_opens(app: Flask, client: FlaskClient) -> None:
    for rule, path in list_routes(app, method="GET"):
        if rule.rule.startswith("/admin"):
            response = client.get(path)
            assert (response.status_code, response.location[:7]) == (302, "/login?"), rule
