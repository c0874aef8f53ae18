"""Every try to sign in is a row, written before the password is looked at; the rows are also the limits.

A try is refused when the name, or the place that it comes from, has had its wrong ones of a quarter of an
hour. From a browser that has signed in to that account before, only what came from that browser counts, and
from such an address only what came from there: so nobody elsewhere can lock the owner out. Rows, not memory:
the limits hold for all processes and restarts, and for tries at the same moment, since each is written down
first.
Source: interface.md 8, People.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, exists, select, text, update
from sqlalchemy.orm import Session

from crm.core.clock import db_now, time_until
from crm.users.client import Client
from crm.users.keyed_hash import keyed_hash
from crm.users.models import LoginAttempt

WINDOW = timedelta(minutes=15)
WRONG_TRIES = 9  # from one place; the tenth within the window is refused
# Of one name, from wherever. A person has two names, an e-mail and a number: eight tries of both. They are not
# counted together, since a number that is refused because of an e-mail tells that both belong to one account.
WRONG_TRIES_OF_A_NAME = 4
A_MINUTE = timedelta(minutes=1)
TRIES_A_MINUTE = 60  # right or wrong, from one place
NOBODY = 0
A_MOMENT = timedelta(seconds=2)
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


@dataclass(frozen=True, slots=True)
class _Limit:
    """At most `most` such tries within a window; one more is refused."""

    most: int
    within: timedelta
    which: tuple[ColumnElement[bool], ...]


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


def _find_wait(session: Session, tried: Tried, hashed: str, client: Client) -> timedelta | None:
    """Return how long to wait, None if the try may go on.

    Tries whose end is not known yet count as wrong ones, so that many at once are no way round. Where only
    they fill the limit, the answer is to come back in a moment.
    """
    limits = _list_limits(session, tried, hashed, client)
    if _longest_wait(session, limits) is None:
        return None
    return _longest_wait(session, limits, LoginAttempt.status != AttemptStatus.UNKNOWN) or A_MOMENT


def _list_limits(session: Session, tried: Tried, hashed: str, client: Client) -> Sequence[_Limit]:
    """Return the limits that this try is under."""
    counted = (LoginAttempt.status != AttemptStatus.RATE_LIMIT_EXCEEDED, LoginAttempt.identity.is_not(None))
    wrong = (*counted, LoginAttempt.status.not_in(GOOD))
    here = LoginAttempt.place == client.place
    any_here = _Limit(TRIES_A_MINUTE, A_MINUTE, (*counted, here))
    # Also asked about nobody: who does not exist must take as long as who does.
    user_id = tried.user_id or NOBODY
    known = _find_known(session, user_id, client)
    if known is not None:
        return any_here, _Limit(WRONG_TRIES, WINDOW, (*wrong, LoginAttempt.user_id == user_id, known))
    return (
        any_here,
        _Limit(WRONG_TRIES_OF_A_NAME, WINDOW, (*wrong, LoginAttempt.identity == hashed)),
        _Limit(WRONG_TRIES, WINDOW, (*wrong, here)),
    )


def _find_known(session: Session, user_id: int, client: Client) -> ColumnElement[bool] | None:
    """Return which tries are a known browser's or a known address's own, None if neither is known."""
    here = LoginAttempt.place == client.place
    browser = LoginAttempt.device_sha256 == (client.device_sha256 or "")
    good = and_(LoginAttempt.user_id == user_id, LoginAttempt.status.in_(GOOD))
    is_known_browser, is_known_address = session.execute(
        select(exists().where(good, browser), exists().where(good, here))
    ).one()
    if is_known_browser:
        return browser
    return here if is_known_address else None


def _longest_wait(session: Session, limits: Sequence[_Limit], *also: ColumnElement[bool]) -> timedelta | None:
    waits = [_wait(session, limit, *also) for limit in limits]
    return max((wait for wait in waits if wait is not None), default=None)


def _wait(session: Session, limit: _Limit, *also: ColumnElement[bool]) -> timedelta | None:
    """Return when the oldest of the last `most` tries leaves the window."""
    oldest = (
        select(LoginAttempt.created_at)
        .where(*limit.which, *also, LoginAttempt.created_at > db_now() - limit.within)
        .order_by(LoginAttempt.created_at.desc())
        .offset(limit.most - 1)
        .limit(1)
        .scalar_subquery()
    )
    wait: timedelta | None = session.execute(select(time_until(oldest + limit.within))).scalar_one()
    return wait


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
