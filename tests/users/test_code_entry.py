"""Coming in by a code: who is let in, with what words in the log of attempts, and how often one may try."""

import pytest

from crm.core.db import transaction
from crm.users.accounts import get_user
from crm.users.attempts import AttemptStatus, Tried, begin_attempt, settle_attempt
from crm.users.authentication import Refusal
from crm.users.client import Client
from crm.users.code_entry import CodeEntry, enter_by_code, enter_by_name_and_code
from crm.users.codes import ask_for_code, issue_code
from crm.users.models import LoginAttempt, User
from crm.users.user_meta import mark_unclaimed
from tests.factories.codes import make_reader
from tests.stored import read

pytestmark = pytest.mark.usefixtures("app")
CLIENT = Client(ip="192.0.2.1", source="code", device="a browser")


def test_who_types_the_code_is_let_in_and_it_is_noted() -> None:
    user_id = make_reader()
    asked, code = a_code()

    outcome = enter(asked, code)

    assert outcome.entry.user is not None
    assert outcome.entry.user.id == user_id
    assert attempts() == [("code_ok", user_id, "0908***549", "code")]
    [(confirmed_at,)] = read(User.confirmed_at)
    assert confirmed_at is not None


@pytest.mark.parametrize(("device", "is_let_try"), [("a browser", True), ("another browser", False)])
def test_the_browser_is_known_from_then_on_and_nobody_locks_it_out(device: str, is_let_try: bool) -> None:
    user_id = make_reader()
    asked, code = a_code()
    enter(asked, code)

    for number in range(10):
        try_password(user_id, Client(ip=f"198.51.100.{number}"))

    assert try_password(user_id, Client(ip="192.0.2.99", device=device)) is is_let_try


def test_a_wrong_code_is_noted_where_the_owner_can_see_it() -> None:
    user_id = make_reader()
    asked, code = a_code()

    outcome = enter(asked, other_than(code))

    assert (outcome.entry.user, outcome.entry.refusal) == (None, Refusal.INVALID_CREDENTIAL)
    assert attempts() == [("wrong_code", user_id, "0908***549", "code")]


def test_of_an_unknown_name_no_code_is_right() -> None:
    with transaction() as session:
        asked = ask_for_code(session, "nobody@example.sk", CLIENT)

    assert enter(asked, "000000").entry.user is None
    assert enter(999, "000000").entry.user is None
    assert attempts() == [("wrong_code", None, "***", "code")] * 2


@pytest.mark.parametrize("how", ["closed", "unclaimed"])
def test_an_account_that_was_shut_meanwhile_stays_shut(how: str) -> None:
    user_id = make_reader()
    asked, code = a_code()
    with transaction() as session:
        if how == "closed":
            get_user(session, user_id).active = False
        else:
            mark_unclaimed(session, user_id)

    assert enter(asked, code).entry.user is None
    assert [status for status, *_ in attempts()] == ["inactive_user" if how == "closed" else "unclaimed_user"]


# --- with the name, in a browser that has asked for no code


@pytest.mark.parametrize("name", ["eva@example.sk", "+421 908 630 549"])
def test_a_code_that_others_had_sent_is_typed_with_the_name(name: str) -> None:
    user_id = make_reader()
    _, code = a_code()

    outcome = enter_named(name, code)

    assert outcome.entry.user is not None
    assert [status for status, *_ in attempts()] == ["code_ok"]
    assert read(LoginAttempt.user_id) == [(user_id,)]


@pytest.mark.parametrize("name", ["eva@example.sk", "nobody@example.sk", "nonsense"])
def test_guessing_is_refused_within_ten_tries_known_or_not(name: str) -> None:
    make_reader()
    _, code = a_code()

    outcomes = [enter_named(name, other_than(code)) for _ in range(10)]

    assert outcomes[0].entry.refusal is Refusal.INVALID_CREDENTIAL
    assert outcomes[9].entry.refusal is Refusal.RATE_LIMITED
    assert outcomes[9].wait is not None


def test_the_newest_code_is_the_one_that_counts() -> None:
    make_reader()
    _, older = a_code()
    _, newer = a_code("0908630549")

    assert newer == older or enter_named("eva@example.sk", older).entry.user is None
    assert enter_named("eva@example.sk", newer).entry.user is not None


def enter(asked: int, code: str) -> CodeEntry:
    with transaction() as session:
        return enter_by_code(session, asked, code, CLIENT)


def enter_named(name: str, code: str) -> CodeEntry:
    with transaction() as session:
        return enter_by_name_and_code(session, name, code, CLIENT)


def try_password(user_id: int, client: Client) -> bool:
    """Try to sign in with a wrong password; return whether the limits let it be looked at."""
    tried = Tried(identity="email:eva@example.sk", shown="e***@example.sk", user_id=user_id)
    with transaction() as session:
        begun = begin_attempt(session, tried, client)
        if begun.wait is None:
            settle_attempt(session, begun.attempt_id, AttemptStatus.WRONG_PASS, user_id=user_id)
        return begun.wait is None


def attempts() -> list[tuple[object, ...]]:
    return [
        row[1:]
        for row in read(
            LoginAttempt.id,
            LoginAttempt.status,
            LoginAttempt.user_id,
            LoginAttempt.email,
            LoginAttempt.source,
        )
    ]


def a_code(name: str = "eva@example.sk") -> tuple[int, str]:
    with transaction() as session:
        asked = ask_for_code(session, name, CLIENT)
    with transaction() as session:
        issued = issue_code(session, asked)
    assert issued is not None
    return asked, issued.code


def other_than(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06}"
