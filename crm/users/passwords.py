"""Passwords: argon2id for new ones; bcrypt of an older CRM is understood, and replaced at the next sign-in.

A refusal takes as long for every account and for none: hashes of an older CRM are quicker or slower than
ours, and the difference would tell who is known here. On a busy machine it takes a whole number of turns.
"""

import re
import unicodedata
from threading import BoundedSemaphore
from time import sleep

import bcrypt
from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import InvalidHashError, VerificationError
from zxcvbn import zxcvbn

from crm.core.clock import monotonic
from crm.core.errors import N_
from crm.core.phone import find_slovak_mobile
from crm.users.errors import InvalidUserError

SHORTEST = 10
LONGEST = 256
BCRYPT_BYTES = 72  # PHP read no more of a password; bcrypt 5 raises where PHP cut
AT_ONCE = 2  # each hash takes 64 MiB: a flood of sign-ins must not take the machine
MOST_MEMORY, MOST_ROUNDS, MOST_LANES = 256 * 1024, 16, 16  # of an argon2id hash that is not ours; KiB
LEAST_MEMORY = 8  # KiB for each lane; argon2 takes no less
REFUSAL_SECONDS = 0.4  # twice what `$2y$12$`, the slowest, takes on a slow machine

_ARGON2 = "$argon2"
_BCRYPT = re.compile(r"\$2[aby]\$(?:0[4-9]|1[0-6])\$[./A-Za-z0-9]{53}")
# Nobody's: the right shape around bytes that no password has been found for, so checking costs what ours cost.
_NOBODYS = (
    f"$argon2id$v=19$m={{0.memory_cost}},t={{0.time_cost}},p={{0.parallelism}}$bm9ib2R5cyBzYWx0IQ${'A' * 43}"
)
_hasher = PasswordHasher()
_turns = BoundedSemaphore(AT_ONCE)

_WEAK = 3  # zxcvbn's score of what resists ten thousand guesses a second for hours; below, a stranger gets in
_JUDGED = 32  # zxcvbn takes seconds over a long text of odd signs
# What Slovaks choose and the international lists do not have.
_SLOVAK = (
    "heslo", "mojeheslo", "tajneheslo", "noveheslo", "slovensko", "bratislava", "kosice", "zilina", "presov",
    "predplatne", "noviny", "dennik", "milujemta", "laskomoja", "zlaticko", "slniecko", "macicka", "maminka",
    "babicka", "kamarat", "futbal", "hokej", "januar", "februar", "marec", "april", "jun", "jul", "august",
    "september", "oktober", "november", "december", "pondelok", "leto", "zima", "jar", "jesen",
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
    plain = _plain(password)
    known = {part for name in names if name for part in _parts(name)}
    if plain in known or find_slovak_mobile(password) is not None:
        raise InvalidUserError(N_("The password must not be the name, the e-mail or the number."))
    judged = zxcvbn(plain[:_JUDGED], user_inputs=[*_SLOVAK, *sorted(known)])
    if judged["score"] < _WEAK:
        raise InvalidUserError(
            N_("This password is too common; a stranger would try it. Choose another one.")
        )


def verify_password(password: str, hashed: str | None) -> bool:
    """Return whether the password fits; when it does not, take the same time whatever it was held against."""
    began = monotonic()
    fits = _is_storable(password) and _fits(password, hashed)
    if not fits:
        sleep((began - monotonic()) % REFUSAL_SECONDS)
    return fits


def is_verifiable(hashed: str) -> bool:
    """Return whether a password could be held against a hash of somebody else's making, at a cost we can bear."""
    if not hashed.startswith(_ARGON2):
        return _BCRYPT.fullmatch(hashed) is not None
    try:
        cost = extract_parameters(hashed)
    except InvalidHashError:
        return False
    return (
        LEAST_MEMORY * cost.parallelism <= cost.memory_cost <= MOST_MEMORY
        and 1 <= cost.time_cost <= MOST_ROUNDS
        and 1 <= cost.parallelism <= MOST_LANES
    )


def is_outdated(hashed: str) -> bool:
    """Return whether a hash that fitted is to be replaced: another kind, or weaker than we make them now."""
    return not hashed.startswith(_ARGON2) or _hasher.check_needs_rehash(hashed)


def _fits(password: str, hashed: str | None) -> bool:
    """Hash once: also where there is no account, or one without a password."""
    with _turns:
        if hashed and _BCRYPT.fullmatch(hashed):
            return bcrypt.checkpw(password.encode()[:BCRYPT_BYTES], hashed.encode())
        ours = hashed if hashed and hashed.startswith(_ARGON2) else None
        try:
            return _hasher.verify(ours or _NOBODYS.format(_hasher), password) and ours is not None
        except (VerificationError, InvalidHashError):
            return False


def _is_storable(password: str) -> bool:
    """Return whether anybody can have such a password: not too long, and text that can be hashed."""
    try:
        password.encode()
    except UnicodeEncodeError:
        return False
    return len(password) <= LONGEST and "\0" not in password


def _check_length(password: str) -> None:
    if not SHORTEST <= len(password) <= LONGEST:
        told = N_("The password must have %(shortest)s to %(longest)s characters.")
        raise InvalidUserError(told, shortest=SHORTEST, longest=LONGEST)
    if not _is_storable(password):
        raise InvalidUserError(N_("Take out the zero character; it cannot be stored."))


def _parts(name: str) -> set[str]:
    """Return a name, what stands before its at sign, and its words, as they are compared."""
    whole = _plain(name)
    words = {word for word in re.split(r"[\W_]+", whole) if len(word) > 2}
    return {whole, whole.partition("@")[0], whole.replace(" ", "")} | words


def _plain(text: str) -> str:
    """Return small letters without their marks: nobody is safer for a háček."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in apart if not unicodedata.combining(sign))
