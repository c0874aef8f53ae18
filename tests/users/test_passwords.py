"""Passwords: argon2id, a length that is neither a joke nor an attack, and nothing learnt from the time."""

import pytest
from argon2 import PasswordHasher

from crm.users import passwords
from crm.users.errors import InvalidUserError
from crm.users.passwords import hash_password, verify_password


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


@pytest.mark.parametrize("hashed", [None, "!", "", "plain text", "$2b$12$bcrypt"])
def test_without_a_hash_of_ours_nothing_fits(hashed: str | None) -> None:
    assert not verify_password("nobody has this password", hashed)


@pytest.mark.parametrize("hashed", [None, "!"], ids=["no account", "no password"])
def test_where_nothing_can_fit_a_hash_is_checked_all_the_same(
    monkeypatch: pytest.MonkeyPatch, hashed: str | None
) -> None:
    """Counted, not timed: the same work is done whether or not there is anything to check against."""
    hasher = Counting(passwords._hasher)
    monkeypatch.setattr(passwords, "_hasher", hasher)

    verify_password("a guess of length", hashed)

    assert [each.startswith("$argon2id$") for each in hasher.verified] == [True]


class Counting:
    """A hasher that remembers what it checked against."""

    def __init__(self, real: PasswordHasher) -> None:
        self.verified: list[str] = []
        self.hash = real.hash
        self._verify = real.verify

    def verify(self, hashed: str, password: str) -> bool:
        """Check."""
        self.verified.append(hashed)
        return self._verify(hashed, password)
