"""`crm user`, `phone`, `token`: what scripts read from the last line, and what is stored."""

import json
from types import SimpleNamespace

import pytest

from crm.core.db import transaction
from crm.users.accounts import get_user
from crm.users.api_tokens import Scope, check_token
from crm.users.passwords import verify_password
from crm.users.phones import find_phones_of
from crm.users.queries import find_by_email
from tests.cli.conftest import Run

PASSWORD = "correct horse battery"


def test_user_create_prints_the_id_alone_on_the_last_line(run: Run) -> None:
    result = run("user", "create", "--email", "eva@example.sk", "--password", PASSWORD, "--role", "admin")

    with transaction() as session:
        user = find_by_email(session, "eva@example.sk")
        assert user is not None
        assert result.stdout.splitlines()[-1] == str(user.id)
        assert user.role == "admin"
        assert verify_password(PASSWORD, user.password)


def test_user_without_password_and_terminal_has_none(run: Run) -> None:
    result = run("user", "create", "--phone", "+421 908 123 456", stdin="never read\n")

    with transaction() as session:
        user = get_user(session, int(result.stdout))
        assert not verify_password("never read", user.password)
        assert find_phones_of(session, [user.id]) == {user.id: "0908123456"}


@pytest.mark.parametrize("given", [PASSWORD, ""], ids=["a password", "none"])
def test_on_a_terminal_the_password_is_asked_for(
    run: Run, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    monkeypatch.setattr("crm.cli.user.sys", SimpleNamespace(stdin=SimpleNamespace(isatty=lambda: True)))

    result = run(
        "user", "create", "--phone", "0908123456", "--public-name", "Eva", stdin=f"{given}\n{given}\n"
    )

    with transaction() as session:
        user = get_user(session, int(result.stdout.splitlines()[-1]))
        assert (user.public_name, user.role) == ("Eva", "customer")
        assert verify_password(given, user.password) is bool(given)


@pytest.mark.parametrize("given", ["heslo12345", "eva@example.sk", "short"])
def test_on_a_terminal_no_password_is_chosen_that_a_stranger_would_try(
    run: Run, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    monkeypatch.setattr("crm.cli.user.sys", SimpleNamespace(stdin=SimpleNamespace(isatty=lambda: True)))

    result = run("user", "create", "--email", "eva@example.sk", stdin=f"{given}\n{given}\n")

    assert result.exit_code == 1, result.output
    with transaction() as session:
        assert find_by_email(session, "eva@example.sk") is None


def test_phone_link_twice_changes_nothing(run: Run) -> None:
    user_id = run("user", "create", "--email", "eva@example.sk").stdout.strip()

    results = [run("phone", "link", spelling, user_id) for spelling in ("0908123456", "00421908123456")]

    assert [result.exit_code for result in results] == [0, 0]
    with transaction() as session:
        assert find_phones_of(session, [int(user_id)]) == {int(user_id): "0908123456"}


def test_token_create_prints_the_token_alone_on_the_last_line(run: Run) -> None:
    made = run("token", "create", "proxy", "--scope", Scope.SERVER_PROXY, "--expires", "2199-01-31")

    secret = made.stdout.splitlines()[-1]
    with transaction() as session:
        assert check_token(session, secret, scope=Scope.SERVER_PROXY, address="127.0.0.1").name == "proxy"


@pytest.mark.parametrize(
    ("expires", "end"),
    [
        ("2199-01-31", "2199-01-31T23:00:00+00:00"),
        ("2199-01-31T18:00", "2199-01-31T17:00:00+00:00"),
        ("2199-01-31T00:00", "2199-01-30T23:00:00+00:00"),
    ],
    ids=["a day to its end", "a minute", "midnight is a minute"],
)
def test_token_ends_when_it_is_said(run: Run, expires: str, end: str) -> None:
    run("token", "create", "proxy", "--scope", Scope.SERVER_PROXY, "--expires", expires)

    (row,) = json.loads(run("token", "list", "--json").stdout)
    assert row["expires_at"] == end


def test_token_list_shows_state_but_never_the_secret(run: Run) -> None:
    secret = run(
        "token", "create", "proxy", "--scope", Scope.SERVER_PROXY, "--network", "10.0.0.0/8"
    ).stdout.strip()
    assert run("token", "revoke", "proxy").exit_code == 0

    listed = run("token", "list", "--json")

    (row,) = json.loads(listed.stdout)
    assert (row["name"], row["networks"]) == ("proxy", ["10.0.0.0/8"])
    assert row["revoked_at"] is not None
    assert secret not in listed.stdout + run("token", "list").stdout
