"""The sign-in page answers all strangers alike: in words, in work and in time; a limit is told as a limit."""

import re
from collections.abc import Callable
from datetime import timedelta
from itertools import count
from math import sqrt
from statistics import fmean, variance
from time import perf_counter

import pytest
from argon2 import PasswordHasher
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from crm.core.db import transaction
from crm.users import attempts, passwords
from crm.users.queries import find_by_email
from crm.users.user_meta import mark_unclaimed
from tests.conftest import Clock
from tests.hashing import CountingHasher, make_bcrypt
from tests.logs import list_facts
from tests.pages import PASSWORD, Page
from tests.signing_in import change, list_attempts, make_reader
from tests.web.conftest import Browser

WRONG = "wrong horse battery"
# Each request of these tests comes from an address of its own: no limit is met by accident.
_addresses = (f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}" for number in count(1))
# Who is asked for, and with which password; nobody is let in.
STRANGERS = [
    ("unknown e-mail", "nobody@example.sk", PASSWORD),
    ("unknown number", "0908654321", PASSWORD),
    ("foreign number", "+420 608 123 456", PASSWORD),
    ("something else", "nobody", PASSWORD),
    ("wrong password", "eva@example.sk", WRONG),
    ("wrong password of a number", "0908 123 456", WRONG),
    ("wrong password of an older CRM", "old@example.sk", WRONG),
    ("closed account", "closed@example.sk", PASSWORD),
    ("closed account, wrong password", "closed@example.sk", WRONG),
    ("unclaimed account", "unclaimed@example.sk", PASSWORD),
    ("no password set", "bare@example.sk", PASSWORD),
    ("too long a password", "eva@example.sk", "x" * 257),
    ("too long a password, unknown", "nobody@example.sk", "x" * 257),
    ("zero character", "eva@example.sk", "x\0x"),
]


@pytest.mark.parametrize(("label", "name", "password"), STRANGERS)
def test_all_strangers_get_one_answer(
    client: FlaskClient, people: None, label: str, name: str, password: str
) -> None:
    expected = told(post(client, "nobody@example.sk", WRONG), "nobody@example.sk")

    answer = post(client, name, password)

    assert told(answer, name) == expected
    assert answer.status_code == 422
    assert "The name or the password is not right." in answer.text
    assert WRONG not in answer.text
    assert PASSWORD not in answer.text


@pytest.mark.parametrize(("label", "name", "password"), STRANGERS[:9])
def test_for_all_strangers_one_hash_is_checked(
    client: FlaskClient,
    people: None,
    hasher: CountingHasher,
    monkeypatch: pytest.MonkeyPatch,
    label: str,
    name: str,
    password: str,
) -> None:
    bcrypted: list[str] = []

    def check(_password: bytes, hashed: bytes) -> bool:
        bcrypted.append(hashed.decode())
        return False

    monkeypatch.setattr("bcrypt.checkpw", check)
    post(client, name, password)

    assert len(hasher.checked) + len(bcrypted) == 1
    assert hasher.made == 0


@pytest.mark.parametrize(
    "name", ["eva@example.sk", "nobody@example.sk", "0908123456", "0908654321", "nobody"]
)
def test_a_limit_is_told_in_words_and_to_programs(client: FlaskClient, people: None, name: str) -> None:
    answers = [post(client, name, WRONG) for _ in range(5)]
    page = Page(answers[-1])

    assert [answer.status_code for answer in answers] == [422] * 4 + [429]
    assert 880 <= int(answers[-1].headers["Retry-After"]) <= 900
    assert "Too many tries. Try again in 15 min." in page.text
    assert page.form().fields["username"] == name
    assert page.form().fields["password"] == ""


def test_the_right_password_is_refused_as_well_once_a_limit_is_reached(
    client: FlaskClient, people: None
) -> None:
    for _ in range(4):
        post(client, "eva@example.sk", WRONG)

    assert post(client, "eva@example.sk", PASSWORD).status_code == 429


def test_the_owners_browser_is_let_in_while_others_are_refused(client: FlaskClient, people: None) -> None:
    assert post(client, "eva@example.sk", PASSWORD).status_code == 302
    sign_out(client)
    stranger = Browser(client.application)
    for _ in range(5):
        refused = post(stranger, "eva@example.sk", WRONG)

    assert refused.status_code == 429
    assert post(client, "eva@example.sk", PASSWORD).status_code == 302


def test_the_owners_address_is_let_in_while_others_are_refused(client: FlaskClient, people: None) -> None:
    assert post(client, "eva@example.sk", PASSWORD, address="192.0.2.7").status_code == 302
    stranger = Browser(client.application)
    for _ in range(5):
        post(stranger, "eva@example.sk", WRONG)

    another = Browser(client.application)
    assert post(another, "eva@example.sk", PASSWORD, address="192.0.2.7").status_code == 302


def test_later_one_may_try_again(client: FlaskClient, people: None, clock: Clock) -> None:
    answers = [post(client, "eva@example.sk", WRONG) for _ in range(5)]
    clock.advance(timedelta(seconds=int(answers[-1].headers["Retry-After"]) + 1))

    assert post(client, "eva@example.sk", PASSWORD).status_code == 302


def test_neither_log_shows_what_was_typed(
    client: FlaskClient, people: None, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("eva@example.sk", "0908 123 456", "+421908123456", PASSWORD):
        post(client, name, WRONG)

    lines, rows = str(list_facts(caplog)), str([attempt.email for attempt in list_attempts()])
    assert [fact["status"] for fact in list_facts(caplog) if fact["event"] == "login_refused"] == [
        "wrong_pass",
        "wrong_pass",
        "wrong_pass",
        "not_found_name",
    ]
    for secret in ("eva@example.sk", "908123456", "908 123 456", PASSWORD, WRONG):
        assert secret not in lines
        assert secret not in rows


@pytest.mark.long
@pytest.mark.parametrize(
    "refusal_seconds", [passwords.REFUSAL_SECONDS, 0.000_1], ids=["as it is", "hash alone"]
)
def test_no_time_tells_whether_an_account_exists(
    client: FlaskClient, people: None, monkeypatch: pytest.MonkeyPatch, refusal_seconds: float
) -> None:
    """200 interleaved pairs with the limits off; the hashes cost the same even without the waiting."""
    monkeypatch.setattr(attempts, "WRONG_TRIES_OF_A_NAME", 1_000_000)
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher())
    monkeypatch.setattr(passwords, "REFUSAL_SECONDS", refusal_seconds)
    change_hash("eva@example.sk", PasswordHasher().hash(PASSWORD))
    took: dict[str, list[float]] = {"nobody{}@example.sk": [], "eva@example.sk": []}
    submit = prepare(client)

    for pair in range(-3, 200):
        for name in list(took) if pair % 2 else reversed(list(took)):
            began = perf_counter()
            answer = submit(name.format(pair), WRONG)
            if pair >= 0:
                took[name].append(perf_counter() - began)
            assert answer.status_code == 422

    unknown, known = took.values()
    assert abs(welch_t(unknown, known)) < 3, (fmean(unknown), fmean(known))


def post(client: FlaskClient, name: str, password: str, *, address: str | None = None) -> TestResponse:
    """Fill in the form and send it."""
    return prepare(client)(name, password, address)


def prepare(client: FlaskClient) -> Callable[..., TestResponse]:
    """Load the form; return what sends it."""
    form = Page(client.get("/login")).form()

    def submit(name: str, password: str, address: str | None = None) -> TestResponse:
        return client.post(
            "/login",
            data=form.fields | {"username": name, "password": password},
            environ_base={"REMOTE_ADDR": address or next(_addresses)},
        )

    return submit


def sign_out(client: FlaskClient) -> None:
    """End the session, and keep the cookie by which the browser is known."""
    client.delete_cookie("session")


def told(answer: TestResponse, name: str) -> tuple[int, list[tuple[str, str]], str]:
    """Return all that an answer tells, but for tokens, ids, dates and the name that was typed."""
    telling = sorted(
        (key, value)
        for key, value in answer.headers
        # The limit of the address counts and ends by the clock, whoever is asked about.
        if key not in ("X-Request-Id", "Date", "Set-Cookie", "Content-Length", "X-RateLimit-Reset")
    )
    body = re.sub(r'(name="csrf_token"[^>]*value=")[^"]+', r"\1", answer.text).replace(name, "NAME")
    cookies = sorted(cookie.partition("=")[0] for cookie in answer.headers.getlist("Set-Cookie"))
    return answer.status_code, [*telling, ("cookies", str(cookies))], body


def change_hash(email: str, hashed: str) -> None:
    """Give somebody another hash."""
    with transaction() as session:
        user = find_by_email(session, email)
        assert user is not None
        user.password = hashed


def welch_t(some: list[float], others: list[float]) -> float:
    """Return by how many of its own errors the difference of the means is off zero."""
    return (fmean(some) - fmean(others)) / sqrt(variance(some) / len(some) + variance(others) / len(others))


@pytest.fixture
def people(client: FlaskClient) -> None:
    """One of each kind that is not let in."""
    make_reader()
    make_reader(email="old@example.sk", phone=None, hashed=make_bcrypt(PASSWORD, cost=10))
    make_reader(email="older@example.sk", phone=None, hashed=make_bcrypt(PASSWORD, cost=12))
    make_reader(email="bare@example.sk", phone=None, hashed="!")
    change(make_reader(email="closed@example.sk", phone=None), active=False)
    unclaimed = make_reader(email="unclaimed@example.sk", phone=None)
    with transaction() as session:
        mark_unclaimed(session, unclaimed)


@pytest.fixture
def hasher(monkeypatch: pytest.MonkeyPatch) -> CountingHasher:
    counting = CountingHasher()
    monkeypatch.setattr(passwords, "_hasher", counting)
    return counting
