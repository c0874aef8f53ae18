"""Passwords: argon2id, checked in the same time whether or not there is anything to check against."""

from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from crm.users.errors import InvalidUserError

SHORTEST = 10
LONGEST = 256
_ARGON2 = "$argon2"

_hasher = PasswordHasher()


def hash_password(password: str) -> str:
    """Return the argon2id hash.

    Raises: InvalidUserError if the password is shorter than 10 or longer than 256 characters.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise InvalidUserError(f"The password must have {SHORTEST} to {LONGEST} characters.")
    return _hasher.hash(password)


def verify_password(password: str, hashed: str | None) -> bool:
    """Return whether the password fits; no such account, and one without a password, cost the same time."""
    if len(password) > LONGEST:
        return False
    ours = hashed if hashed and hashed.startswith(_ARGON2) else None
    try:
        return _hasher.verify(ours or _dummy(), password) and ours is not None
    except (VerificationError, InvalidHashError):
        return False


@lru_cache(maxsize=1)
def _dummy() -> str:
    return _hasher.hash("nobody has this password")
