"""Every try to sign in is a row, written before the password is looked at; the rows are also the limits.

A try is refused when the name, or the place that it comes from, has had its wrong ones of a quarter of an
hour. From a browser or an address that has signed in to that account before, only what came from there
counts: so nobody can lock the owner out. Rows, not memory: the limits hold for all processes and restarts,
and for tries at the same moment, since each is written down first.
Source: interface.md 8, People.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, exists, or_, select, text, update
from sqlalchemy.orm import Session

from crm.core.clock import db_now, time_until
from crm.users.client import Client
from crm.users.keyed_hash import keyed_hash
from crm.users.models import LoginAttempt

WINDOW = timedelta(minutes=15)
WRONG_TRIES = 9  # the tenth within the window is refused
A_MINUTE = timedelta(minutes=1)
TRIES_A_MINUTE = 60  # right or wrong, from one place
NOBODY = 0
_LOCK = text(
    "SELECT pg_advisory_xact_lock(hashtextextended(name, 3)) FROM unnest(CAST(:names AS text[])) AS name"
)


class AttemptStatus(StrEnum):
    """What came of a try. Source: behaviour.md 4.3; `unknown` is one whose end is not known (yet)."""

    OK = "ok"
    API_OK = "api_ok"
    CODE_OK = "code_ok"
    ACCESS_TOKEN_OK = "access_token_ok"  # noqa: S105 - a status
    UNKNOWN = "unknown"
    NOT_FOUND_EMAIL = "not_found_email"
    NOT_FOUND_PHONE = "not_found_phone"
    NOT_FOUND_NAME = "not_found_name"
    TOKEN_NOT_FOUND = "token_not_found"  # noqa: S105 - a status
    UNCLAIMED_USER = "unclaimed_user"
    WRONG_PASS = "wrong_pass"  # noqa: S105 - a status
    WRONG_CODE = "wrong_code"
    INACTIVE_USER = "inactive_user"
    NOT_APPROVED = "not_approved"
    RATE_LIMIT_EXCEEDED = "rate_limit_exceeded"


GOOD = frozenset(
    {AttemptStatus.OK, AttemptStatus.API_OK, AttemptStatus.CODE_OK, AttemptStatus.ACCESS_TOKEN_OK}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What a try was about: `identity` one spelling of the name, `shown` what was typed, masked."""

    identity: str
    shown: str
    user_id: int | None


@dataclass(frozen=True, slots=True)
class Begun:
    """A try that was written down; with `wait` it is refused, and may be made again after that."""

    attempt_id: int
    wait: timedelta | None


def begin_attempt(session: Session, tried: Tried, client: Client) -> Begun:
    """Write the try down, and say whether it is refused; the caller commits before anything is checked."""
    hashed = keyed_hash("identity", tried.identity)
    session.execute(_LOCK, {"names": sorted({hashed, client.place})})
    wait = _find_wait(session, tried, hashed, client)
    status = AttemptStatus.UNKNOWN if wait is None else AttemptStatus.RATE_LIMIT_EXCEEDED
    return Begun(_add(session, tried, hashed, client, status), wait)


def note_attempt(session: Session, tried: Tried, client: Client, status: AttemptStatus) -> int:
    """Write down a try that no limit counts, such as one by a code that has limits of its own."""
    return _add(session, tried, None, client, status)


def settle_attempt(
    session: Session, attempt_id: int, status: AttemptStatus, *, user_id: int | None, message: str = ""
) -> None:
    """Write down what came of a try."""
    settled = update(LoginAttempt).where(LoginAttempt.id == attempt_id)
    session.execute(settled.values(status=status, user_id=user_id, message=message or None))


def is_known_place(session: Session, user_id: int, client: Client) -> bool:
    """Return whether the account was signed in to from this browser or this address before."""
    good = LoginAttempt.status.in_(GOOD)
    found = exists().where(LoginAttempt.user_id == user_id, good, _from(client))
    return bool(session.execute(select(found)).scalar_one())


def _find_wait(session: Session, tried: Tried, hashed: str, client: Client) -> timedelta | None:
    """Return how long to wait, None if the try may go on."""
    mine, here = LoginAttempt.identity == hashed, LoginAttempt.place == client.place
    all_tries = LoginAttempt.status != AttemptStatus.RATE_LIMIT_EXCEEDED
    wrong = and_(all_tries, LoginAttempt.status.not_in(GOOD))
    waits = [_wait(session, TRIES_A_MINUTE, A_MINUTE, here, all_tries, LoginAttempt.identity.is_not(None))]
    # Also asked about nobody: who does not exist must take as long as who does.
    if is_known_place(session, tried.user_id or NOBODY, client):
        waits.append(_wait(session, WRONG_TRIES, WINDOW, mine, wrong, _from(client)))
    else:
        waits.append(_wait(session, WRONG_TRIES, WINDOW, mine, wrong))
        waits.append(_wait(session, WRONG_TRIES, WINDOW, here, wrong, LoginAttempt.identity.is_not(None)))
    return max((wait for wait in waits if wait is not None), default=None)


def _wait(session: Session, most: int, window: timedelta, *which: ColumnElement[bool]) -> timedelta | None:
    """Return when the oldest of the last `most` tries leaves the window."""
    oldest = (
        select(LoginAttempt.created_at)
        .where(*which, LoginAttempt.created_at > db_now() - window)
        .order_by(LoginAttempt.created_at.desc())
        .offset(most - 1)
        .limit(1)
        .scalar_subquery()
    )
    wait: timedelta | None = session.execute(select(time_until(oldest + window))).scalar_one()
    return wait


def _from(client: Client) -> ColumnElement[bool]:
    same_place = LoginAttempt.place == client.place
    if client.device_sha256 is None:
        return same_place
    return or_(same_place, LoginAttempt.device_sha256 == client.device_sha256)


def _add(session: Session, tried: Tried, hashed: str | None, client: Client, status: AttemptStatus) -> int:
    attempt = LoginAttempt(
        user_id=tried.user_id,
        email=tried.shown,
        identity=hashed,
        place=client.place,
        device_sha256=client.device_sha256,
        status=status,
        source=client.source,
        ip=client.ip,
        user_agent=client.agent,
    )
    session.add(attempt)
    session.flush()
    return attempt.id
