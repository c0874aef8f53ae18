"""Passwords: argon2id for new ones; bcrypt of an older CRM is understood, and replaced at the next sign-in."""

import re
from functools import lru_cache
from threading import BoundedSemaphore

import bcrypt
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from crm.core.errors import N_
from crm.users.errors import InvalidUserError

SHORTEST = 10
LONGEST = 256
BCRYPT_BYTES = 72  # PHP read no more of a password; bcrypt 5 raises where PHP cut
AT_ONCE = 2  # each hash takes 64 MiB: a flood of sign-ins must not take the machine

_ARGON2 = "$argon2"
_BCRYPT = re.compile(r"\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}")
_FEW_SIGNS = 3  # a password made of fewer different characters is a pattern
_hasher = PasswordHasher()
_turns = BoundedSemaphore(AT_ONCE)

# What Slovaks choose and the international list does not have.
_SLOVAK = frozenset(
    {"heslo", "hesloheslo", "mojeheslo", "tajneheslo", "noveheslo", "slovensko", "bratislava", "kosice", "zilina",
     "presov", "predplatne", "noviny", "dennik", "milujemta", "laskomoja", "zlaticko", "slniecko", "macicka",
     "maminka", "babicka", "kamarat", "futbal", "hokej"}
)  # fmt: skip


def hash_password(password: str) -> str:
    """Return the argon2id hash.

    Raises: InvalidUserError if the password is shorter than 10 or longer than 256 characters.
    """
    _check_length(password)
    return rehash(password)


def rehash(password: str) -> str:
    """Return the argon2id hash of a password that is in use already: an older CRM took shorter ones."""
    with _turns:
        return _hasher.hash(password)


def check_choice(password: str, *, names: tuple[str | None, ...] = ()) -> None:
    """Refuse a password that a stranger would try first; `names` are what is known of the person.

    Raises: InvalidUserError with what is wrong with it.
    """
    _check_length(password)
    plain = password.casefold()
    core = re.sub(r"^[\d\W_]+|[\d\W_]+$", "", plain)
    known = {part for name in names if name for part in (name.casefold(), name.casefold().partition("@")[0])}
    if plain in known or (core and core in known):
        raise InvalidUserError(N_("The password must not be the name, the e-mail or the number."))
    if len(set(plain)) <= _FEW_SIGNS or not core or plain in _common() or core in _common():
        raise InvalidUserError(
            N_("This password is too common; a stranger would try it. Choose another one.")
        )


def verify_password(password: str, hashed: str | None) -> bool:
    """Return whether the password fits; no such account, and one without a password, cost the same time."""
    if len(password) > LONGEST or "\0" in password:
        return False
    with _turns:
        if hashed and _BCRYPT.fullmatch(hashed):
            return bcrypt.checkpw(password.encode()[:BCRYPT_BYTES], hashed.encode())
        ours = hashed if hashed and hashed.startswith(_ARGON2) else None
        try:
            return _hasher.verify(ours or _dummy(), password) and ours is not None
        except (VerificationError, InvalidHashError):
            return False


def is_outdated(hashed: str) -> bool:
    """Return whether a hash that fitted is to be replaced: another kind, or weaker than we make them now."""
    return not hashed.startswith(_ARGON2) or _hasher.check_needs_rehash(hashed)


def _check_length(password: str) -> None:
    if not SHORTEST <= len(password) <= LONGEST:
        told = N_("The password must have %(shortest)s to %(longest)s characters.")
        raise InvalidUserError(told, shortest=SHORTEST, longest=LONGEST)


@lru_cache(maxsize=1)
def _dummy() -> str:
    return _hasher.hash("nobody has this password")


@lru_cache(maxsize=1)
def _common() -> frozenset[str]:
    """Return the commonest passwords, in small letters. Source: the list of 30,000 that comes with zxcvbn."""
    return frozenset(FREQUENCY_LISTS["passwords"]) | _SLOVAK
