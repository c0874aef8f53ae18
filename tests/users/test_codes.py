"""One-time codes: who gets one, how many, and what each is good for."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import text

from crm.core.db import transaction
from crm.users.accounts import get_user
from crm.users.client import Client
from crm.users.codes import CodePurpose, Issued, ask_again, ask_for_code, ask_for_phone, issue_code, use_code
from crm.users.errors import TooManyCodesError
from crm.users.models import OneTimeCode
from tests.conftest import Clock
from tests.factories.codes import make_reader
from tests.stored import read
from tests.waiting import wait_until

pytestmark = pytest.mark.usefixtures("app")
HOME = Client(ip="192.0.2.1")
WAITING = text("SELECT count(*) FROM pg_locks WHERE NOT granted")


@pytest.mark.parametrize(
    "name",
    [
        "eva@example.sk",
        " EVA@Example.sk ",
        "0908630549",
        "0908 630 549",
        "+421908630549",
        "00421 908-630 549",
    ],
)
def test_a_code_is_made_for_the_number_of_whoever_has_the_name(name: str) -> None:
    user_id = make_reader()

    issued = issue(ask(name))

    assert issued is not None
    assert (issued.phone, issued.user_id, issued.purpose) == ("0908630549", user_id, "sign_in")
    assert len(issued.code) == 6


@pytest.mark.parametrize(
    "make",
    [
        lambda: None,
        lambda: make_reader(phone=None),
        lambda: make_reader(active=False),
        lambda: make_reader(claimed=False),
        lambda: delete(make_reader()),
    ],
    ids=["nobody", "no number", "closed", "unclaimed", "deleted"],
)
def test_for_whom_may_not_come_in_nothing_is_made_and_the_asking_does_not_tell(
    make: Callable[[], object],
) -> None:
    make()

    asked = ask("eva@example.sk")

    assert issue(asked) is None
    assert len(read(OneTimeCode.id)) == 1


def test_the_code_itself_is_not_kept() -> None:
    make_reader()

    issued = issue(ask("eva@example.sk"))

    assert issued is not None
    with transaction() as session:
        row = session.get_one(OneTimeCode, 1)
        assert all(issued.code not in str(value) for value in vars(row).values())


@pytest.mark.parametrize("typed", ["123456", " 123456 ", "123 456", "123-456", "1 2 3 4 5 6"])
def test_a_code_is_good_once_however_it_is_spaced(monkeypatch: pytest.MonkeyPatch, typed: str) -> None:
    monkeypatch.setattr("crm.users.codes.secrets.randbelow", lambda _below: 123456)
    make_reader()
    asked = ask("eva@example.sk")
    issue(asked)

    assert [use(asked, typed), use(asked, typed)] == [True, False]


def test_a_code_of_zeros_keeps_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crm.users.codes.secrets.randbelow", lambda _below: 7)
    make_reader()
    asked = ask("eva@example.sk")

    issued = issue(asked)

    assert issued is not None
    assert issued.code == "000007"
    assert [use(asked, "7"), use(asked, "000007")] == [False, True]


@pytest.mark.parametrize(("minutes", "good"), [(9, True), (11, False)])
def test_a_code_lives_ten_minutes(clock: Clock, minutes: int, good: bool) -> None:
    asked, code = a_code()

    clock.advance(timedelta(minutes=minutes))

    assert use(asked, code) is good


@pytest.mark.parametrize(("wrong", "good"), [(4, True), (5, False)])
def test_the_fifth_wrong_try_ends_a_code(wrong: int, good: bool) -> None:
    asked, code = a_code()

    for _ in range(wrong):
        assert not use(asked, other_than(code))

    assert use(asked, code) is good


def test_a_code_is_good_only_for_what_it_was_asked_for() -> None:
    asked, code = a_code()
    with transaction() as session:
        to_move = ask_for_phone(session, "0908000002", 1, HOME)
    moving = issue(to_move)

    assert moving is not None
    assert not use(asked, code, purpose=CodePurpose.PHONE)
    assert not use(to_move, moving.code, purpose=CodePurpose.SIGN_IN)
    assert use(to_move, moving.code, purpose=CodePurpose.PHONE)


def test_asking_again_ends_the_code_before() -> None:
    asked, code = a_code()

    with transaction() as session:
        again = ask_again(session, asked, HOME, purpose=CodePurpose.SIGN_IN)
    assert again is not None
    newer = issue(again)

    assert newer is not None
    assert newer.phone == "0908630549"
    assert [use(asked, code), use(again, newer.code)] == [False, True]


def test_asking_by_the_other_name_ends_the_code_before() -> None:
    make_reader()
    first = ask("eva@example.sk")
    issued = issue(first)
    assert issued is not None

    second = issue(ask("0908630549"))

    assert second is not None
    assert not use(first, issued.code)


def test_asking_again_for_what_nobody_asked_for_asks_nothing() -> None:
    asked, _ = a_code()

    with transaction() as session:
        assert ask_again(session, asked, HOME, purpose=CodePurpose.PHONE) is None
        assert ask_again(session, 999, HOME, purpose=CodePurpose.SIGN_IN) is None


def test_of_two_who_type_a_code_at_once_one_wins(app: Flask) -> None:
    asked, code = a_code()
    start = threading.Barrier(2)

    def type_it(_: int) -> bool:
        with app.app_context():
            start.wait(10)
            return use(asked, code)

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(type_it, range(2))) == [False, True]


def test_who_types_the_code_second_waits_for_the_first(app: Flask) -> None:
    asked, code = a_code()

    def type_it() -> bool:
        with app.app_context():
            return use(asked, code)

    with ThreadPoolExecutor(1) as threads:
        with transaction() as session:
            first = use_code(session, asked, code, purpose=CodePurpose.SIGN_IN)
            session.flush()
            second = threads.submit(type_it)
            wait_until(lambda: session.execute(WAITING).scalar_one())
        assert (first is not None, second.result(10)) == (True, False)


# --- limits


@pytest.mark.parametrize("name", ["eva@example.sk", "nobody@example.sk", "0908 999 999", "no name at all"])
def test_the_sixth_code_of_an_hour_for_one_name_is_refused_known_or_not(clock: Clock, name: str) -> None:
    make_reader()
    for number in range(5):
        ask(name, ip=f"192.0.2.{number}")

    with pytest.raises(TooManyCodesError) as refused:
        ask(name.upper(), ip="192.0.2.9")

    assert 3500 < refused.value.retry_after <= 3600
    clock.advance(timedelta(seconds=refused.value.retry_after))
    ask(name)


def test_the_eleventh_code_of_a_day_for_one_name_is_refused(clock: Clock) -> None:
    make_reader()
    for _ in range(2):
        for number in range(5):
            ask("eva@example.sk", ip=f"192.0.2.{number}")
        clock.advance(timedelta(hours=2))

    with pytest.raises(TooManyCodesError):
        ask("eva@example.sk", ip="192.0.2.9")

    clock.advance(timedelta(hours=21))
    ask("eva@example.sk", ip="192.0.2.9")


def test_asking_again_counts_like_asking() -> None:
    make_reader()
    asked = ask("eva@example.sk")

    with pytest.raises(TooManyCodesError), transaction() as session:
        for _ in range(5):
            asked = ask_again(session, asked, HOME, purpose=CodePurpose.SIGN_IN) or 0


@pytest.mark.parametrize(
    ("first", "same", "other"),
    [("192.0.2.1", "192.0.2.1", "192.0.2.2"), ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "2001:db8:1:3::1")],
    ids=["IPv4", "an IPv6 home"],
)
def test_the_twenty_first_code_of_an_hour_for_one_place_is_refused(first: str, same: str, other: str) -> None:
    for number in range(20):
        ask(f"reader{number}@example.sk", ip=first)

    with pytest.raises(TooManyCodesError):
        ask("eva@example.sk", ip=same)

    ask("eva@example.sk", ip=other)


def test_a_number_gets_five_an_hour_however_it_is_asked_for(clock: Clock) -> None:
    make_reader()
    for name in ("eva@example.sk", "0908630549", "eva@example.sk", "0908630549", "eva@example.sk"):
        assert issue(ask(name)) is not None

    silent = ask("0908630549")

    assert issue(silent) is None
    clock.advance(timedelta(minutes=61))
    assert issue(ask("0908630549")) is not None


def test_many_who_ask_at_once_get_no_more_than_the_limit(app: Flask) -> None:
    start = threading.Barrier(12)

    def ask_it(number: int) -> bool:
        with app.app_context():
            start.wait(10)
            try:
                ask("eva@example.sk", ip=f"192.0.2.{number}")
            except TooManyCodesError:
                return False
            return True

    with ThreadPoolExecutor(12) as threads:
        assert sum(threads.map(ask_it, range(12))) == 5


def ask(name: str, *, ip: str = "192.0.2.1") -> int:
    with transaction() as session:
        return ask_for_code(session, name, Client(ip=ip))


def issue(asked: int) -> Issued | None:
    with transaction() as session:
        return issue_code(session, asked)


def use(asked: int, typed: str, *, purpose: CodePurpose = CodePurpose.SIGN_IN) -> bool:
    with transaction() as session:
        return use_code(session, asked, typed, purpose=purpose) is not None


def a_code() -> tuple[int, str]:
    make_reader()
    asked = ask("eva@example.sk")
    issued = issue(asked)
    assert issued is not None
    return asked, issued.code


def other_than(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06}"


def delete(user_id: int) -> None:
    with transaction() as session:
        user = get_user(session, user_id)
        user.deleted_at = user.created_at
