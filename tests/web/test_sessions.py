"""A browser's session: new at the login, dead after the logout, ended with whatever it rested on.

Source: reliability.md 8.1.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from http.cookies import SimpleCookie

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text
from werkzeug.test import TestResponse

from crm.core.config import Settings
from crm.core.db import db, transaction
from crm.factory import create_app
from crm.users.accounts import change_password, change_role, get_user
from crm.users.authentication import Credentials, chain, enter, prove
from crm.users.client import Client
from crm.users.models import AccessToken, AuditEntry
from crm.users.roles import Role
from crm.users.sessions import (
    EndReason,
    Kind,
    begin_session,
    confirm_session,
    end_all,
    end_one,
    find_session,
    list_sessions,
)
from crm.web.clients import current_client
from crm.web.session import Person, has_confirmed
from tests.conftest import Clock
from tests.factories.users import make_user
from tests.pages import PASSWORD, Page, sign_in
from tests.signing_in import HERE
from tests.waiting import wait_until
from tests.web.conftest import Browser

ADMIN = "/admin/templates"
LIVE = {"Host": "sms.example.sk", "Referer": "https://sms.example.sk/login"}
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def test_fixation_a_planted_session_is_not_the_one_after_the_login(client: FlaskClient) -> None:
    """Somebody else's valid cookie, put into the browser before the login, opens nothing afterwards."""
    make_user(email="eva@example.sk")
    mallory = Browser(client.application)
    mallory.get("/login")
    planted = mallory.get_cookie("session")
    assert planted is not None
    client.set_cookie("session", planted.value)

    sign_in(client, "eva@example.sk")

    assert client.get(ADMIN).status_code == 200
    assert mallory.get(ADMIN).status_code == 302
    assert read_cookie(client) != planted.value


def test_fixation_of_somebody_elses_sign_in_ends_it(client: FlaskClient) -> None:
    """Signed in as one person, then as another in the same browser: the first session is over."""
    make_user(email="eva@example.sk")
    make_user(email="adam@example.sk")
    sign_in(client, "adam@example.sk")
    adams = copy_of(client)
    client.delete_cookie("session")
    client.set_cookie("session", read_cookie(adams))
    token = Page(client.get(ADMIN + "/new")).form().fields["csrf_token"]

    client.post("/login", data={"csrf_token": token, "username": "eva@example.sk", "password": PASSWORD})

    assert adams.get(ADMIN).status_code == 302
    assert client.get(ADMIN).status_code == 200


def test_rotation_each_login_has_a_secret_and_a_form_token_of_its_own(client: FlaskClient) -> None:
    make_user(email="eva@example.sk")
    sign_in(client, "eva@example.sk")
    first, first_token = read_cookie(client), form_token(client)
    client.delete_cookie("session")
    sign_in(client, "eva@example.sk")

    assert read_cookie(client) != first
    assert form_token(client) != first_token
    with transaction() as session:
        secrets = list(session.execute(select(AccessToken.token_sha256)).scalars())
    assert len(set(secrets)) == 2


def test_no_secret_stands_in_the_database(client: FlaskClient) -> None:
    make_user(email="eva@example.sk")
    sign_in(client, "eva@example.sk")
    with client.session_transaction() as cookie:
        secret = cookie["token"]

    assert len(secret) == 43  # 256 bits
    assert secret not in dump_tables()


def test_logout_reuse_of_a_copied_cookie_opens_nothing(client: FlaskClient) -> None:
    make_user(email="eva@example.sk")
    sign_in(client, "eva@example.sk")
    copied = copy_of(client)
    assert copied.get(ADMIN).status_code == 200

    client.post("/logout", data=Page(client.get(ADMIN)).form("/logout").fields)

    assert copied.get(ADMIN).status_code == 302


def test_logout_elsewhere_is_not_the_end_here(client: FlaskClient) -> None:
    make_user(email="eva@example.sk")
    sign_in(client, "eva@example.sk")
    other = Browser(client.application)
    sign_in(other, "eva@example.sk")

    other.post("/logout", data=Page(other.get(ADMIN)).form("/logout").fields)

    assert client.get(ADMIN).status_code == 200


REVOCATIONS: list[tuple[str, Callable[[object, int, int], object]]] = [
    (
        "password",
        lambda session, user, _: change_password(session, get_user(session, user), "another staple"),
    ),
    ("role", lambda session, user, _: change_role(session, get_user(session, user), "support")),
    ("deactivated", lambda session, user, _: setattr(get_user(session, user), "active", False)),
    ("deleted", lambda session, user, _: setattr(get_user(session, user), "deleted_at", "2026-11-01T00:00Z")),
    ("all ended", lambda session, user, _: end_all(session, user, reason=EndReason.ENDED_BY_STAFF)),
    (
        "one ended",
        lambda session, user, token: end_one(session, user, token, reason=EndReason.ENDED_BY_OWNER),
    ),
]


@pytest.mark.parametrize(("label", "revoke"), REVOCATIONS, ids=[label for label, _ in REVOCATIONS])
def test_revoke_ends_the_session_and_every_copy_at_once(
    client: FlaskClient, label: str, revoke: Callable[[object, int, int], object]
) -> None:
    eva = make_user(email="eva@example.sk")
    sign_in(client, "eva@example.sk")
    copied = copy_of(client)
    with transaction() as session:
        revoke(session, eva, list_sessions(session, eva)[0].id)

    assert client.get(ADMIN).status_code == 302
    assert copied.get(ADMIN).status_code == 302


@pytest.mark.parametrize("label", ["password", "role", "all ended"])
def test_revoke_reaches_programs_of_the_person_as_well(app: Flask, label: str) -> None:
    eva = make_user(role="customer", email="eva@example.sk")
    secret = begin(eva, Kind.API)
    with transaction() as session:
        dict(REVOCATIONS)[label](session, eva, 0)

    with transaction() as session:
        assert find_session(session, secret, kind=Kind.API) is None


def test_a_changed_password_may_keep_the_session_that_changed_it(client: FlaskClient) -> None:
    eva = make_user(email="eva@example.sk")
    sign_in(client, "eva@example.sk")
    other = Browser(client.application)
    sign_in(other, "eva@example.sk")
    with transaction() as session:
        _, older = list_sessions(session, eva)
        change_password(session, get_user(session, eva), "another battery staple", keep_session=older.id)

    assert client.get(ADMIN).status_code == 200
    assert other.get(ADMIN).status_code == 302


def test_nobody_ends_a_session_of_somebody_else(client: FlaskClient) -> None:
    eva, adam = make_user(email="eva@example.sk"), make_user(email="adam@example.sk")
    sign_in(client, "eva@example.sk")
    with transaction() as session:
        token_id = list_sessions(session, eva)[0].id
        assert end_one(session, adam, token_id, reason=EndReason.ENDED_BY_OWNER) is False

    assert client.get(ADMIN).status_code == 200


@pytest.mark.parametrize("what", ["password", "role"])
def test_a_sign_in_under_way_does_not_outlive_the_change(app: Flask, what: str) -> None:
    """Whoever commits second sees the other: the change waits for the session, and ends it."""
    eva = make_user(role="customer", email="eva@example.sk")
    with transaction() as session:
        door = chain.open_door(session, Credentials(username="eva@example.sk", password=PASSWORD), HERE)
    proof = prove(door)

    def change() -> None:
        with app.app_context(), transaction() as other:
            dict(REVOCATIONS)[what](other, eva, 0)

    with ThreadPoolExecutor(1) as threads:
        with transaction() as session:
            user = enter(session, door, proof).user
            assert user is not None
            changing = threads.submit(change)
            wait_until(is_somebody_waiting)
            secret = begin_session(session, user, kind=Kind.WEB, client=HERE)
        changing.result()

    with transaction() as session:
        assert find_session(session, secret, kind=Kind.WEB) is None


LIFETIMES = [
    # kind, role, remembered, lasts when idle for, and is over after that; whatever is done it is over after
    (Kind.WEB, "admin", False, 8 * HOUR, 12 * HOUR),
    (Kind.WEB, "support", True, 8 * HOUR, 12 * HOUR),
    (Kind.WEB, "customer", False, 2 * HOUR, 24 * HOUR),
    (Kind.WEB, "customer", True, 30 * DAY, 180 * DAY),
    (Kind.API, "customer", False, 90 * DAY, 365 * DAY),
]


@pytest.mark.parametrize(("kind", "role", "remembered", "idle", "absolute"), LIFETIMES)
def test_session_timeout_when_nobody_uses_it(
    app: Flask, clock: Clock, kind: Kind, role: str, remembered: bool, idle: timedelta, absolute: timedelta
) -> None:
    eva = make_user(role=role, email="eva@example.sk")
    secret = begin(eva, kind, remembered=remembered)

    clock.advance(idle - MINUTE)
    assert is_open(secret, kind)
    clock.advance(idle + MINUTE)
    assert not is_open(secret, kind)
    with transaction() as session:
        assert list_sessions(session, eva) == []


@pytest.mark.parametrize(("kind", "role", "remembered", "idle", "absolute"), LIFETIMES)
def test_session_timeout_however_much_it_is_used(
    app: Flask, clock: Clock, kind: Kind, role: str, remembered: bool, idle: timedelta, absolute: timedelta
) -> None:
    secret = begin(make_user(role=role, email="eva@example.sk"), kind, remembered=remembered)
    used = timedelta()
    while used + idle - MINUTE < absolute:
        clock.advance(idle - MINUTE)
        used += idle - MINUTE
        assert is_open(secret, kind)

    clock.advance(absolute - used + MINUTE)

    assert not is_open(secret, kind)


@pytest.mark.parametrize(
    ("since", "method", "is_asked"),
    [
        (9 * MINUTE, "GET", False),
        (11 * MINUTE, "GET", True),
        (11 * MINUTE, "POST", False),  # who has opened a form in time may take time to fill it in
        (61 * MINUTE, "POST", True),
    ],
)
def test_reauth_the_password_is_asked_again_after_a_while(
    app: Flask, clock: Clock, since: timedelta, method: str, is_asked: bool
) -> None:
    """Asked of the guard itself, whichever pages carry it; giving the password again opens them anew."""
    eva = make_user(email="eva@example.sk")
    begin(eva, Kind.WEB)
    with transaction() as session:
        person = Person(id=eva, name="Eva", role=Role.ADMIN, session_id=list_sessions(session, eva)[0].id)
    clock.advance(since)

    assert has_confirmed(person, for_form=method == "POST") is not is_asked
    with transaction() as session:
        confirm_session(session, person.session_id)
    assert has_confirmed(person, for_form=False)


@pytest.mark.parametrize("kind", list(Kind))
def test_a_secret_of_one_kind_is_none_of_the_other(app: Flask, kind: Kind) -> None:
    secret = begin(make_user(role="customer", email="eva@example.sk"), kind)

    assert [each for each in Kind if is_open(secret, each)] == [kind]


@pytest.mark.parametrize(
    ("role", "ticked", "lasts"),
    [("customer", True, 180 * DAY), ("customer", False, None), ("admin", True, None), ("admin", False, None)],
)
def test_only_readers_are_remembered_after_the_browser_is_closed(
    client: FlaskClient, role: str, ticked: bool, lasts: timedelta | None
) -> None:
    make_user(role=role, email="eva@example.sk")

    response = log_in(client, remember="y" if ticked else "")

    age = cookies_of(response)["session"]["expires"]
    assert (age != "") is (lasts is not None)
    with transaction() as session:
        [remembered] = session.execute(select(AccessToken.remembered)).scalars()
    assert remembered is (lasts is not None)


def test_outside_production_cookies_have_plain_names_and_flags(client: FlaskClient) -> None:
    make_user(email="eva@example.sk")

    cookies = cookies_of(log_in(client))

    assert set(cookies) == {"session", "device"}
    for cookie in cookies.values():
        assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/")
        assert (cookie["secure"], cookie["domain"]) == ("", "")


@pytest.mark.parametrize("path", ["/login", "/"])
def test_in_production_every_cookie_is_for_this_host_and_tls_only(live: FlaskClient, path: str) -> None:
    live.get(path, headers=LIVE, base_url="https://sms.example.sk")
    make_user(email="eva@example.sk")

    response = log_in(live, headers=LIVE, base_url="https://sms.example.sk")

    assert response.status_code == 302
    cookies = cookies_of(response)
    assert set(cookies) == {"__Host-session", "__Host-device"}
    for cookie in cookies.values():
        assert (cookie["secure"], cookie["httponly"], cookie["samesite"]) == (True, True, "Lax")
        assert (cookie["path"], cookie["domain"]) == ("/", "")


def test_a_key_that_was_replaced_still_reads_its_sessions(client: FlaskClient, settings: Settings) -> None:
    make_user(email="eva@example.sk")
    sign_in(client, "eva@example.sk")
    rotated = replace(settings, secret_key="n" * 48, secret_key_fallbacks=(settings.secret_key,))
    forgotten = replace(settings, secret_key="n" * 48)

    for told, status in ((rotated, 200), (forgotten, 302)):
        browser = Browser(create_app(told))
        browser.set_cookie("session", read_cookie(client))
        assert browser.get(ADMIN).status_code == status
    create_app(settings)


def begin(user_id: int, kind: Kind, *, remembered: bool = False) -> str:
    """Return the secret of a new sign-in."""
    with transaction() as session:
        return begin_session(
            session, get_user(session, user_id), kind=kind, client=Client(), remembered=remembered
        )


def is_open(secret: str, kind: Kind) -> bool:
    """Use the sign-in."""
    with transaction() as session:
        return find_session(session, secret, kind=kind) is not None


def is_somebody_waiting() -> bool:
    """Return whether a statement waits for a row that another transaction holds."""
    waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    with db.engine.connect() as connection:
        return bool(connection.execute(waiting).scalar_one())


def log_in(client: FlaskClient, *, remember: str = "", **request: object) -> TestResponse:
    """Sign Eva in."""
    form = Page(client.get("/login", **request)).form()
    fields = form.fields | {"username": "eva@example.sk", "password": PASSWORD}
    fields.pop("remember", None)
    return client.post("/login", data=fields | ({"remember": remember} if remember else {}), **request)


def cookies_of(response: TestResponse) -> SimpleCookie:
    """Return the cookies that are set."""
    cookies: SimpleCookie = SimpleCookie()
    for header in response.headers.getlist("Set-Cookie"):
        cookies.load(header)
    return cookies


def read_cookie(client: FlaskClient) -> str:
    """Return the session's cookie."""
    cookie = client.get_cookie("session")
    assert cookie is not None
    return cookie.value


def copy_of(client: FlaskClient) -> FlaskClient:
    """Return a thief's browser: another one with the same cookie."""
    thief = Browser(client.application)
    thief.set_cookie("session", read_cookie(client))
    return thief


def form_token(client: FlaskClient) -> str:
    """Return the token of a form."""
    return Page(client.get(ADMIN + "/new")).form().fields["csrf_token"]


def dump_tables() -> str:
    """Return all that stands in the tables of people."""
    with transaction() as session:
        return "".join(
            str(session.execute(text(f"SELECT * FROM {table}")).all())
            for table in ("users", "access_tokens", "login_attempts", "audit_log", "outbox")
        )


@pytest.fixture
def live(app: Flask, settings: Settings) -> Iterator[FlaskClient]:
    """Return a browser of the application as it runs in production."""
    production = create_app(replace(settings, env="production", base_url="https://sms.example.sk"))
    yield Browser(production)
    create_app(settings)


@pytest.mark.parametrize(("role", "acts"), [("admin", 1), ("customer", 0)])
def test_signing_in_is_an_act_of_staff_and_none_of_readers(client: FlaskClient, role: str, acts: int) -> None:
    user_id = make_user(role=role, email="eva@example.sk", name="Eva Nováková")

    sign_in(client, "eva@example.sk")

    with transaction() as session:
        entries = session.execute(select(AuditEntry)).scalars().all()
        told = [(each.action, each.actor_id, each.actor, each.ip, each.after) for each in entries]
    assert told == [("user.sign_in", user_id, "Eva Nováková", "127.0.0.1", {"source": "web"})] * acts


def test_a_session_opens_only_its_own_persons_account(client: FlaskClient) -> None:
    make_user(role="customer", email="eva@example.sk")
    admin_id = make_user(role="admin", email="admin@example.sk")
    sign_in(client, "eva@example.sk")

    with client.session_transaction() as session:
        session["_user_id"] = str(admin_id)

    assert client.get("/account").location.startswith("/login?")


@pytest.mark.parametrize(("source", "device"), [("web", "a-browser"), ("api", ""), ("api+shop", "")])
def test_only_a_browser_is_known_by_its_cookie(app: Flask, source: str, device: str) -> None:
    """A program could send any cookie, and would have tries of its own."""
    with app.test_request_context(headers={"Cookie": "device=a-browser"}):
        assert current_client(source).device == device
