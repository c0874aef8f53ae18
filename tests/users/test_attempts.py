"""Limits of signing in: guessing is refused within ten tries, the right owner is not. Source: interface.md 8."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask import Flask

from crm.core.config import Settings
from crm.core.db import db, transaction
from crm.factory import create_app
from crm.users import passwords
from crm.users.client import Client
from crm.users.models import LoginAttempt
from tests.conftest import Clock
from tests.hashing import CountingHasher
from tests.pages import PASSWORD
from tests.signing_in import change, come, list_attempts, make_reader

pytestmark = pytest.mark.usefixtures("app")

WRONG = "wrong horse battery"
HOME = Client(ip="192.0.2.7", device="the laptop")
A_MOMENT = timedelta(seconds=1)


def somewhere(number: int) -> Client:
    """Return a place that nobody knows."""
    return Client(ip=f"203.0.113.{number}", device=f"browser {number}")


def test_one_address_is_refused_within_ten_tries_at_many_accounts() -> None:
    for number in range(10):
        make_reader(email=f"reader{number}@example.sk", phone=f"090812340{number}")

    tries = [come(f"reader{number}@example.sk", WRONG, client=HOME) for number in range(10)]

    assert [one.status for one in tries] == ["wrong_pass"] * 9 + ["rate_limit_exceeded"]
    assert come("reader9@example.sk", PASSWORD, client=HOME).user_id is None


def test_one_address_is_refused_as_soon_at_names_that_nobody_has() -> None:
    tries = [come(f"nobody{number}@example.sk", WRONG, client=HOME) for number in range(10)]

    assert [one.refusal for one in tries] == ["identity_not_found"] * 9 + ["rate_limited"]


@pytest.mark.parametrize(
    "name", ["eva@example.sk", "nobody@example.sk", "0908123456", "0908654321", "nobody"]
)
def test_many_addresses_are_refused_within_ten_tries_at_one_name(name: str) -> None:
    make_reader()

    tries = [come(name, WRONG, client=somewhere(number)) for number in range(10)]

    assert [one.wait is None for one in tries] == [True] * 4 + [False] * 6


def test_many_addresses_are_refused_within_ten_tries_at_both_names_of_an_account() -> None:
    """And no one of its names tells how the other fares: that would tell that they belong together."""
    make_reader()

    tries = [
        come(name, WRONG, client=somewhere(number))
        for number in range(5)
        for name in ("eva@example.sk", "0908123456")
    ]

    assert [one.wait is None for one in tries] == [True] * 8 + [False] * 2


@pytest.mark.parametrize(
    "spelling", ["0908 123 456", "+421908123456", "00421 908 123 456", "0908\u00a0123 456"]
)
def test_another_spelling_is_no_other_name(spelling: str) -> None:
    make_reader()
    for number in range(4):
        come("0908123456", WRONG, client=somewhere(number))

    assert come(spelling, PASSWORD, client=somewhere(9)).refusal == "rate_limited"


@pytest.mark.parametrize("spelling", ["EVA@EXAMPLE.SK", " eva@example.sk "])
def test_other_capitals_are_no_other_name(spelling: str) -> None:
    make_reader()
    for number in range(4):
        come("eva@example.sk", WRONG, client=somewhere(number))

    assert come(spelling, PASSWORD, client=somewhere(9)).refusal == "rate_limited"


OWNERS = [
    ("the same browser elsewhere", Client(ip="198.51.100.1", device="the laptop")),
    ("another browser at home", Client(ip="192.0.2.7", device="the phone")),
    ("a program at home", Client(ip="192.0.2.7", source="api")),
]


@pytest.mark.parametrize(("label", "owner"), OWNERS)
def test_the_owner_comes_in_meanwhile_from_where_they_are_known(label: str, owner: Client) -> None:
    eva = make_reader()
    come("eva@example.sk", client=HOME)
    attack()

    assert come("eva@example.sk", client=somewhere(99)).refusal == "rate_limited"
    assert come("eva@example.sk", client=owner).user_id == eva
    assert come("0908123456", client=owner).user_id == eva


def test_who_guesses_at_the_owners_address_does_not_lock_the_owners_browser_out() -> None:
    eva = make_reader()
    come("eva@example.sk", client=HOME)
    for _ in range(9):
        come("eva@example.sk", WRONG, client=Client(ip=HOME.ip, device="the neighbour's"))

    assert (
        come("eva@example.sk", client=Client(ip=HOME.ip, device="the neighbour's")).refusal == "rate_limited"
    )
    assert come("eva@example.sk", client=HOME).user_id == eva


@pytest.mark.parametrize("names", [("eva@example.sk",), ("eva@example.sk", "0908123456")])
def test_where_the_owner_is_known_guessing_is_limited_all_the_same(names: tuple[str, ...]) -> None:
    make_reader()
    come("eva@example.sk", client=HOME)

    tries = [come(names[number % len(names)], WRONG, client=HOME) for number in range(10)]

    assert [one.status for one in tries] == ["wrong_pass"] * 9 + ["rate_limit_exceeded"]


def test_a_place_is_known_for_the_account_that_signed_in_there_only() -> None:
    make_reader()
    make_reader(email="mallory@example.sk", phone="0908654321")
    come("mallory@example.sk", client=HOME)

    tries = [come("eva@example.sk", WRONG, client=HOME) for _ in range(5)]

    assert tries[-1].refusal == "rate_limited"


def test_a_wrong_password_makes_no_place_known() -> None:
    make_reader()
    come("eva@example.sk", WRONG, client=HOME)
    attack()

    assert come("eva@example.sk", client=HOME).refusal == "rate_limited"


def test_one_without_a_browser_is_not_taken_for_another_without_one() -> None:
    """Programs have no device: that they have none in common makes none of them known."""
    make_reader()
    come("eva@example.sk", client=Client(ip="192.0.2.7", source="api"))
    attack()

    assert come("eva@example.sk", client=Client(ip="198.51.100.1", source="api")).refusal == "rate_limited"


@pytest.mark.parametrize(
    ("label", "addresses", "passed"),
    [
        ("one home network", [f"2001:db8:0:1::{number:x}" for number in range(1, 13)], 9),
        ("many home networks", [f"2001:db8:0:{number:x}::1" for number in range(1, 13)], 12),
        ("IPv4 written as IPv6", ["192.0.2.7", "::ffff:192.0.2.7"] * 6, 9),
        ("many addresses", [f"192.0.2.{number}" for number in range(1, 13)], 12),
    ],
)
def test_one_customer_of_a_provider_is_one_place(label: str, addresses: list[str], passed: int) -> None:
    tries = [
        come(f"nobody{number}@example.sk", WRONG, client=Client(ip=ip)) for number, ip in enumerate(addresses)
    ]

    assert len([one for one in tries if one.wait is None]) == passed


def test_a_quarter_of_an_hour_later_one_may_try_again(clock: Clock) -> None:
    make_reader()
    attack()
    waits = come("eva@example.sk", client=somewhere(9)).wait

    assert waits == pytest.approx(900, abs=30)
    clock.advance(timedelta(seconds=waits or 0) - A_MOMENT * 30)
    assert come("eva@example.sk", client=somewhere(9)).refusal == "rate_limited"
    clock.advance(A_MOMENT * 31)
    assert come("eva@example.sk", client=somewhere(9)).refusal is None


def test_a_refused_try_does_not_lengthen_the_wait(clock: Clock) -> None:
    make_reader()
    attack()
    for _ in range(14):
        clock.advance(timedelta(minutes=1))
        assert come("eva@example.sk", client=somewhere(9)).refusal == "rate_limited"

    clock.advance(timedelta(minutes=1, seconds=1))

    assert come("eva@example.sk", client=somewhere(9)).refusal is None


def test_who_is_refused_is_not_checked(hasher: CountingHasher) -> None:
    make_reader()
    attack()
    hasher.checked.clear()

    come("eva@example.sk", client=somewhere(9))

    assert hasher.checked == []


def test_right_ones_are_free_up_to_sixty_a_minute(clock: Clock) -> None:
    for number in range(3):
        make_reader(email=f"reader{number}@example.sk", phone=None)

    tries = [come(f"reader{number % 3}@example.sk", client=HOME) for number in range(61)]

    assert [one.refusal for one in tries] == [None] * 60 + ["rate_limited"]
    assert 0 < (tries[-1].wait or 0) <= 60
    clock.advance(timedelta(minutes=1, seconds=1))
    assert come("reader1@example.sk", client=HOME).refusal is None


def test_right_ones_do_not_wash_wrong_ones_away() -> None:
    make_reader(email="mallory@example.sk", phone=None)

    statuses = []
    for number in range(10):
        statuses.append(come(f"reader{number}@example.sk", WRONG, client=HOME).refusal)
        come("mallory@example.sk", client=HOME)

    assert statuses[-1] == "rate_limited"


@pytest.mark.parametrize("many", ["names", "addresses"])
def test_of_fifty_at_once_no_more_than_the_limit_are_checked(
    app: Flask, hasher: CountingHasher, many: str
) -> None:
    for number in range(50):
        make_reader(email=f"reader{number}@example.sk", phone=None)
    hasher.checked.clear()

    def guess(number: int) -> str | None:
        with app.app_context():
            if many == "names":
                return come(f"reader{number}@example.sk", WRONG, client=HOME).refusal
            return come("reader0@example.sk", WRONG, client=somewhere(number)).refusal

    with ThreadPoolExecutor(16) as threads:
        refusals = list(threads.map(guess, range(50)))

    checked = 9 if many == "names" else 4
    assert len(hasher.checked) == checked
    assert refusals.count("invalid_credential") == checked
    assert refusals.count("rate_limited") == 50 - checked


def test_who_only_waits_for_others_to_be_checked_comes_back_in_a_moment() -> None:
    """A whole office signs in at nine: nobody has been wrong, nobody is sent away for a quarter of an hour."""
    make_reader()
    with transaction() as session:
        for number in range(9):
            session.add(make_pending(number))

    assert come("eva@example.sk", client=HOME).wait == 2


def test_the_limits_hold_for_all_processes(app: Flask, settings: Settings) -> None:
    make_reader()
    for number in range(4):
        come("eva@example.sk", WRONG, client=somewhere(number))

    other = create_app(settings)

    with other.app_context():
        assert come("eva@example.sk", client=somewhere(9)).refusal == "rate_limited"
        for engine in db.engines.values():
            engine.dispose()


def test_the_log_keeps_what_was_refused() -> None:
    make_reader()
    attack()
    come("eva@example.sk", client=somewhere(9))

    last = list_attempts()[-1]

    assert (last.status, last.email) == ("rate_limit_exceeded", "e***@example.sk")


def test_an_account_that_is_closed_meanwhile_counts_like_any_other() -> None:
    change(make_reader(), active=False)

    tries = [come("eva@example.sk", client=somewhere(number)) for number in range(5)]

    assert [one.refusal for one in tries] == ["identity_not_found"] * 4 + ["rate_limited"]


def attack() -> None:
    """Guess from many addresses until both names of the account are refused."""
    for number in range(20, 25):
        for name in ("eva@example.sk", "0908123456"):
            come(name, WRONG, client=somewhere(number))


def make_pending(number: int) -> LoginAttempt:
    """Return a try whose end is not known yet."""
    return LoginAttempt(
        email="***",
        identity=f"somebody {number}",
        place=HOME.place,
        status="unknown",
        source="web",
        ip=HOME.ip,
        user_agent="",
    )


@pytest.fixture
def hasher(monkeypatch: pytest.MonkeyPatch) -> CountingHasher:
    counting = CountingHasher()
    monkeypatch.setattr(passwords, "_hasher", counting)
    return counting
