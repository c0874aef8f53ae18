"""Sign-ins that last: browsers' sessions and people's API tokens, each a row that can be ended at once.

The secret is 256 random bits, kept only as its SHA-256. How long a sign-in lasts is a table; the database's
clock decides.
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, Select, select, update
from sqlalchemy.orm import Session

from crm.core.clock import db_now, time_since
from crm.core.db import execute_committed
from crm.users.audit_log import Actor, acting, record_act
from crm.users.client import Client
from crm.users.models import AccessToken, User
from crm.users.roles import STAFF

TOUCH_EVERY = timedelta(minutes=1)
BY_CODE = "code"  # the source of a sign-in that began with a code by SMS


class Kind(StrEnum):
    """What carries the secret: a browser's cookie, or the header of a program."""

    WEB = "web"
    API = "api"


class EndReason(StrEnum):
    """Why a sign-in was ended before its time."""

    SIGNED_OUT = "signed_out"
    ENDED_BY_OWNER = "ended_by_owner"
    ENDED_BY_STAFF = "ended_by_staff"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - a reason
    ROLE_CHANGED = "role_changed"
    PHONE_LOST = "phone_lost"
    DEACTIVATED = "deactivated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifetime:
    """A sign-in ends when it was not used for `idle`, and after `absolute` in any case."""

    idle: timedelta
    absolute: timedelta


# Source for staff: interface.md 8. The rest is ours.
STAFF_LIFETIME = Lifetime(idle=timedelta(hours=8), absolute=timedelta(hours=12))
READER_LIFETIME = Lifetime(idle=timedelta(hours=2), absolute=timedelta(hours=24))
REMEMBERED_LIFETIME = Lifetime(idle=timedelta(days=30), absolute=timedelta(days=180))
API_LIFETIME = Lifetime(idle=timedelta(days=90), absolute=timedelta(days=365))


def lifetime_of(*, kind: str, role: str, remembered: bool) -> Lifetime:
    """Return how long a sign-in lasts; staff are never remembered longer than a working day."""
    if kind == Kind.API:
        return API_LIFETIME
    if role in STAFF:
        return STAFF_LIFETIME
    return REMEMBERED_LIFETIME if remembered else READER_LIFETIME


def begin_session(
    session: Session, user: User, *, kind: Kind, client: Client, remembered: bool = False
) -> str:
    """Add a sign-in of the person and return its secret, which nobody can read again; of staff it is an act."""
    secret = secrets.token_urlsafe(32)
    lasts = lifetime_of(kind=kind, role=user.role, remembered=remembered)
    session.add(
        AccessToken(
            token_sha256=_digest(secret),
            user_id=user.id,
            kind=kind,
            source=client.source,
            remembered=remembered,
            valid_until=db_now() + lasts.absolute,
            # A code is no password: where the password is asked again, it is asked.
            confirmed_at=None if client.source == BY_CODE else db_now(),
            ip=client.ip,
            user_agent=client.agent,
        )
    )
    user.current_sign_in_at = db_now()
    user.current_sign_in_ip = client.ip
    session.flush()
    if user.role in STAFF:
        with acting(Actor(name=user.public_name, user_id=user.id, ip=client.ip)):
            record_act(session, "user.sign_in", f"user {user.id}", after={"source": client.source})
    return secret


def find_session(session: Session, secret: str, *, kind: Kind) -> tuple[AccessToken, User] | None:
    """Return the living sign-in that the secret opens and its person, and note at times that it was used."""
    if not secret:
        return None
    found = session.execute(_living(kind).where(AccessToken.token_sha256 == _digest(secret))).one_or_none()
    if found is None:
        return None
    token, user, idle_for = found
    lasts = lifetime_of(kind=token.kind, role=user.role, remembered=token.remembered)
    if idle_for > lasts.idle:
        return None
    if idle_for > TOUCH_EVERY:
        touch = update(AccessToken).where(AccessToken.id == token.id).values(last_used_at=db_now())
        execute_committed(touch.returning(AccessToken.id), {})
    return token, user


def list_sessions(session: Session, user_id: int) -> Sequence[AccessToken]:
    """Return the living sign-ins of a person, the last used first."""
    rows = session.execute(
        select(AccessToken, User, time_since(AccessToken.last_used_at))
        .join(User, User.id == AccessToken.user_id)
        .where(AccessToken.user_id == user_id, *_open())
        .order_by(AccessToken.last_used_at.desc(), AccessToken.id.desc())
    )
    return [
        token
        for token, user, idle_for in rows
        if idle_for <= lifetime_of(kind=token.kind, role=user.role, remembered=token.remembered).idle
    ]


def end_session(session: Session, secret: str, *, reason: EndReason = EndReason.SIGNED_OUT) -> None:
    """End the sign-in that the secret opens, if there is one."""
    _end(session, AccessToken.token_sha256 == _digest(secret), reason=reason)


def end_one(session: Session, user_id: int, token_id: int, *, reason: EndReason) -> bool:
    """End one sign-in of the person; return False if it is none of theirs or ended already."""
    return bool(_end(session, AccessToken.user_id == user_id, AccessToken.id == token_id, reason=reason))


def end_all(session: Session, user_id: int, *, reason: EndReason, but: int | None = None) -> int:
    """End the person's sign-ins, all or all but one; return how many."""
    others = (AccessToken.user_id == user_id,) + ((AccessToken.id != but,) if but is not None else ())
    return _end(session, *others, reason=reason)


def end_begun_by_code(session: Session, user_id: int, *, reason: EndReason) -> int:
    """End the person's sign-ins that a code by SMS began; return how many."""
    return _end(session, AccessToken.user_id == user_id, AccessToken.source == BY_CODE, reason=reason)


def has_begun_by_code(session: Session, token_id: int, *, within: timedelta) -> bool:
    """Return whether the sign-in was begun by a code, and lately."""
    fresh = select(AccessToken.id).where(
        AccessToken.id == token_id, AccessToken.source == BY_CODE, AccessToken.created_at > db_now() - within
    )
    return session.execute(fresh).scalar_one_or_none() is not None


def confirm_session(session: Session, token_id: int) -> None:
    """Note that the person has just given the password again."""
    session.execute(update(AccessToken).where(AccessToken.id == token_id).values(confirmed_at=db_now()))


def is_confirmed(session: Session, token_id: int, *, within: timedelta) -> bool:
    """Return whether the password was given lately."""
    fresh = select(AccessToken.id).where(
        AccessToken.id == token_id, AccessToken.confirmed_at > db_now() - within
    )
    return session.execute(fresh).scalar_one_or_none() is not None


def _living(kind: Kind) -> Select[AccessToken, User, timedelta]:
    return (
        select(AccessToken, User, time_since(AccessToken.last_used_at))
        .join(User, User.id == AccessToken.user_id)
        .where(AccessToken.kind == kind, *_open(), User.active, User.deleted_at.is_(None))
    )


def _open() -> tuple[ColumnElement[bool], ...]:
    return AccessToken.ended_at.is_(None), AccessToken.valid_until > db_now()


def _end(session: Session, *which: ColumnElement[bool], reason: EndReason) -> int:
    statement = update(AccessToken).where(AccessToken.ended_at.is_(None), *which)
    ended = session.execute(
        statement.values(ended_at=db_now(), end_reason=reason)
        .returning(AccessToken.id)
        .execution_options(synchronize_session=False)
    )
    return len(ended.all())


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()
