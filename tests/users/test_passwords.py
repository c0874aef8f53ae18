"""Passwords: argon2id, an older CRM's bcrypt, a length that is neither a joke nor an attack, one duration."""

from collections.abc import Callable

import pytest
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from crm.users import passwords
from crm.users.errors import InvalidUserError
from crm.users.passwords import hash_password, is_outdated, is_verifiable, rehash, verify_password
from tests.hashing import CountingHasher, make_bcrypt

LONG = "ľ" * 40  # 80 bytes, of which PHP read 72


def test_a_password_fits_its_own_hash_and_no_other() -> None:
    hashed = hash_password("správne heslo")

    assert hashed.startswith("$argon2id$")
    assert verify_password("správne heslo", hashed)
    assert not any(
        verify_password(guess, hashed) for guess in ("", "spravne heslo", "správne heslo ", hashed)
    )


def test_the_same_password_has_another_hash_each_time() -> None:
    assert hash_password("a long password") != hash_password("a long password")


@pytest.mark.parametrize(
    ("length", "is_taken"),
    [(0, False), (9, False), (10, True), (256, True), (257, False), (1_000_000, False)],
)
def test_its_length_is_limited_on_both_sides(length: int, is_taken: bool) -> None:
    if is_taken:
        assert verify_password("x" * length, hash_password("x" * length))
    else:
        with pytest.raises(InvalidUserError):
            hash_password("x" * length)


def test_a_password_is_never_cut() -> None:
    hashed = hash_password("x" * 200)

    assert not verify_password("x" * 199, hashed)
    assert not verify_password("x" * 256, hashed)


@pytest.mark.parametrize("cost", [4, 10, 12])
@pytest.mark.parametrize("password", ["heslo", "správne heslo", "x" * 72, "x" * 73, "x" * 256, LONG])
def test_a_hash_of_the_older_crm_fits_its_password_only(password: str, cost: int) -> None:
    hashed = make_bcrypt(password, cost=cost)

    assert hashed.startswith(f"$2y${cost:02}$")
    assert verify_password(password, hashed)
    assert not verify_password(f"X{password[1:]}", hashed)


def test_of_a_long_password_the_older_crm_read_72_bytes() -> None:
    assert verify_password("x" * 72 + "whatever", make_bcrypt("x" * 80))


@pytest.mark.parametrize(
    ("label", "hashed", "is_old"),
    [
        ("bcrypt 10", make_bcrypt("heslo", cost=10), True),
        ("bcrypt 12", make_bcrypt("heslo", cost=12), True),
        ("argon2id, cheaper", PasswordHasher(time_cost=1, memory_cost=16, parallelism=1).hash("heslo"), True),
    ],
    ids=["bcrypt 10", "bcrypt 12", "cheaper"],
)
def test_what_is_weaker_than_ours_is_outdated(label: str, hashed: str, is_old: bool) -> None:
    assert is_outdated(hashed) is is_old
    assert not is_outdated(rehash("heslo"))


@pytest.mark.parametrize(
    "hashed",
    [
        None, "!", "", "plain text", "$2b$12$bcrypt", "$argon2id$nonsense", "$argon2id$v=19$m=8,t=1,p=1$$",
        make_bcrypt("nobody has this", cost=4).replace("$04$", "$03$"),
        make_bcrypt("nobody has this", cost=4).replace("$04$", "$31$"),
        make_bcrypt("nobody has this", cost=4) + "x",
    ],
    ids=["none", "closed", "empty", "no hash", "half a bcrypt", "nonsense", "empty argon2", "cost 3", "cost 31",
         "too long"],
)  # fmt: skip
def test_without_a_hash_of_ours_nothing_fits(hashed: str | None) -> None:
    assert not verify_password("nobody has this", hashed)


@pytest.mark.parametrize(
    "password",
    ["\0", "correct\0horse", "x" * 257, "x" * 1_000_000, "\ud800" * 10, "x\ud800" * 5],
    ids=["zero", "zero inside", "too long", "far too long", "surrogates", "surrogates inside"],
)
@pytest.mark.parametrize(
    "hashed", [rehash("correct"), make_bcrypt("correct", cost=4), None], ids=["ours", "bcrypt", "nobody"]
)
def test_what_nobody_can_have_chosen_fits_nothing_and_costs_no_hash(
    hasher: CountingHasher, password: str, hashed: str | None
) -> None:
    assert not verify_password(password, hashed)
    assert hasher.checked == []


@pytest.mark.parametrize("hashed", [None, "!", ""], ids=["no account", "no password", "nothing"])
def test_where_nothing_can_fit_one_hash_is_checked_all_the_same(
    hasher: CountingHasher, hashed: str | None
) -> None:
    """Counted, not timed: the same work is done whether or not there is anything to check against."""
    verify_password("a guess of length", hashed)

    [against] = hasher.checked
    assert hasher.made == 0
    assert against.startswith(f"$argon2id$v=19$m={hasher.memory_cost},t=1,p=1$")
    with pytest.raises(VerifyMismatchError):  # it is a hash like any other, and nobody's
        PasswordHasher().verify(against, "a guess of length")


@pytest.mark.parametrize(
    ("label", "hashed"),
    [("nobody", None), ("bcrypt 4", make_bcrypt("other", cost=4)), ("ours", rehash("other"))],
    ids=["nobody", "bcrypt 4", "ours"],
)
@pytest.mark.parametrize(("hash_takes", "waits"), [(0.05, 0.35), (0.2, 0.2), (0.39, 0.01), (0.5, 0.3)])
def test_a_refusal_takes_one_duration_whatever_the_hash(
    naps: list[float],
    monkeypatch: pytest.MonkeyPatch,
    label: str,
    hashed: str | None,
    hash_takes: float,
    waits: float,
) -> None:
    monkeypatch.setattr(passwords, "REFUSAL_SECONDS", 0.4)
    monkeypatch.setattr(passwords, "monotonic", ticking(hash_takes))

    verify_password("a guess of length", hashed)

    assert naps == [pytest.approx(waits)]


def test_who_is_let_in_does_not_wait(naps: list[float]) -> None:
    verify_password("správne heslo", hash_password("správne heslo"))

    assert naps == []


@pytest.mark.parametrize("label", ["2y", "2a", "2b"])
def test_a_hash_of_an_older_crm_can_be_verified(label: str) -> None:
    assert is_verifiable(f"${label}$10${'a' * 53}")
    assert is_verifiable(f"${label}$16${'a' * 53}")
    assert is_verifiable(hash_password("správne heslo"))


STRANGE = {
    "no hash": "secret",
    "a cost of hours": f"$2y$31${'a' * 53}",
    "a cost below any": f"$2y$03${'a' * 53}",
    "gigabytes of memory": "$argon2id$v=19$m=9999999,t=3,p=1$c29tZXNhbHQ$aGFzaGhhc2hoYXNo",
    "thousands of rounds": "$argon2id$v=19$m=65536,t=5000,p=1$c29tZXNhbHQ$aGFzaGhhc2hoYXNo",
    "hundreds of lanes": "$argon2id$v=19$m=65536,t=3,p=500$c29tZXNhbHQ$aGFzaGhhc2hoYXNo",
    "less memory than argon2 takes": "$argon2id$v=19$m=15,t=3,p=2$c29tZXNhbHQ$aGFzaGhhc2hoYXNo",
    "no round": "$argon2id$v=19$m=65536,t=0,p=1$c29tZXNhbHQ$aGFzaGhhc2hoYXNo",
    "no lane": "$argon2id$v=19$m=65536,t=3,p=0$c29tZXNhbHQ$aGFzaGhhc2hoYXNo",
    "half a hash": "$argon2id$v=19$m=65536",
}


@pytest.mark.parametrize("hashed", STRANGE.values(), ids=STRANGE)
def test_a_hash_that_nobody_can_verify_in_reason_is_told(hashed: str) -> None:
    assert not is_verifiable(hashed)


@pytest.fixture
def hasher(monkeypatch: pytest.MonkeyPatch) -> CountingHasher:
    counting = CountingHasher()
    monkeypatch.setattr(passwords, "_hasher", counting)
    return counting


@pytest.fixture
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return how long was slept, in tests that do not."""
    slept: list[float] = []
    monkeypatch.setattr(passwords, "sleep", slept.append)
    return slept


def ticking(seconds: float) -> Callable[[], float]:
    """Return a clock that goes on by so much whenever somebody looks at it."""
    looked = iter(range(1_000))
    return lambda: next(looked) * seconds
