"""Who is signed in: Flask-Login around our users, so that the users know nothing of Flask.

The cookie says who, since when, and when last seen; it ends after 8 hours without a visit, after 12 in any
case, and as soon as the password or the role is another one. Source: interface.md 8, People.
"""

import hashlib
from dataclasses import dataclass
from datetime import timedelta

import flask
from flask import Flask, current_app
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user

from crm.core.clock import now
from crm.core.db import current_session
from crm.users.models import User
from crm.users.roles import STAFF, Role

IDLE = timedelta(hours=8)
ABSOLUTE = timedelta(hours=12)
SEEN_EVERY = timedelta(minutes=1)  # a cookie a minute, not one for every picture


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who is signed in, as the pages see them."""

    id: int
    name: str
    role: Role

    @property
    def is_staff(self) -> bool:
        """Return whether any page of the staff is open to the role."""
        return self.role in STAFF


class _LoginUser(UserMixin):  # type: ignore[misc]
    """What Flask-Login wants to hold."""

    def __init__(self, person: Person) -> None:
        self.id = str(person.id)
        self.person = person


def set_up(app: Flask) -> None:
    """Register the cookie's reader. Error pages must render without it, so pages get nobody by default."""
    manager = LoginManager()
    manager.init_app(app, add_context_processor=False)
    # Staff move between networks with a laptop; the cookie is signed and short-lived.
    manager.session_protection = None
    manager.user_loader(_load)


def begin(user: User) -> None:
    """Sign the person in, in a session of its own: nothing of the one before survives."""
    person = _person(user)
    flask.session.clear()
    login_user(_LoginUser(person))
    moment = now().timestamp()
    flask.session.update(since=moment, seen=moment, stamp=_stamp(user))


def end() -> None:
    """Sign out."""
    logout_user()
    flask.session.clear()


def find_signed_in() -> Person | None:
    """Return who is signed in."""
    user = current_user._get_current_object()
    return user.person if isinstance(user, _LoginUser) else None


def _load(user_id: str) -> _LoginUser | None:
    if not _is_alive():
        return None
    user = current_session().get(User, int(user_id))
    if user is None or not user.active or user.deleted_at or flask.session.get("stamp") != _stamp(user):
        return None
    return _LoginUser(_person(user))


def _is_alive() -> bool:
    moment, since, seen = now().timestamp(), flask.session.get("since", 0), flask.session.get("seen", 0)
    if moment - since > ABSOLUTE.total_seconds() or moment - seen > IDLE.total_seconds():
        return False
    if moment - seen > SEEN_EVERY.total_seconds():
        flask.session["seen"] = moment
    return True


def _stamp(user: User) -> str:
    """Return what changes with the password and the role: old sessions end with either."""
    key = current_app.config["SECRET_KEY"]
    return hashlib.sha256(f"{key}|{user.id}|{user.role}|{user.password}".encode()).hexdigest()[:32]


def _person(user: User) -> Person:
    return Person(id=user.id, name=user.public_name, role=Role(user.role))
