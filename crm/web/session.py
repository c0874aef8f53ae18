"""Who is signed in: Flask-Login around our server-side sessions, so that the users know nothing of Flask.

The cookie carries only the secret of a row; the row says whose it is and how long it lasts, and can be ended
at once. Error pages must render without a database, so pages get nobody by default.
"""

from dataclasses import dataclass
from datetime import timedelta

import flask
from flask import Flask, Request, g
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user

from crm.core.db import current_session, transaction
from crm.users.languages import language_of
from crm.users.models import User
from crm.users.roles import STAFF, Role
from crm.users.sessions import REMEMBERED_LIFETIME, Kind, end_session, find_session, is_confirmed

LANGUAGE = "language"  # in which this browser reads; it outlives a sign-in
_TOKEN = "token"  # noqa: S105 - a name
_CONFIRMED_FOR = timedelta(minutes=10)
_CONFIRMED_FOR_A_FORM = timedelta(hours=1)  # who has opened a form in time may take time to fill it in


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who is signed in, as the pages see them; `session_id` is the row of this sign-in."""

    id: int
    name: str
    role: Role
    session_id: int
    language: str | None = None

    @property
    def is_staff(self) -> bool:
        """Return whether any page of the staff is open to the role."""
        return self.role in STAFF


class _LoginUser(UserMixin):  # type: ignore[misc]
    """What Flask-Login wants to hold."""

    def __init__(self, user_id: int, person: Person | None = None) -> None:
        self.id = str(user_id)
        self.person = person


class _CookieSessions(SecureCookieSessionInterface):
    """Flask's own, but that it prepares no key for a request without any cookie: the gateway's are many."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        return super().open_session(app, request) if request.cookies else self.session_class()


def set_up(app: Flask) -> None:
    """Register the cookie's reader."""
    app.session_interface = _CookieSessions()
    manager = LoginManager()
    manager.init_app(app, add_context_processor=False)
    # People move between networks with a laptop; the secret alone decides.
    manager.session_protection = None
    manager.user_loader(_load)
    app.config["PERMANENT_SESSION_LIFETIME"] = REMEMBERED_LIFETIME.absolute


def begin(user_id: int, secret: str, *, remembered: bool = False) -> None:
    """Give the browser the secret, in a cookie of its own: nothing of the one before survives."""
    end()
    login_user(_LoginUser(user_id))
    flask.session[_TOKEN] = secret
    flask.session.permanent = remembered
    g.pop("_login_user", None)  # read it anew, from the row


def end() -> None:
    """Sign out: the row is ended, so that a copy of the cookie opens nothing either."""
    secret = flask.session.get(_TOKEN, "")
    if secret:
        with transaction() as session:
            end_session(session, secret)
    logout_user()
    kept = {name: flask.session[name] for name in (LANGUAGE,) if name in flask.session}
    flask.session.clear()
    flask.session.update(kept)


def find_signed_in() -> Person | None:
    """Return who is signed in."""
    user = current_user._get_current_object()
    return user.person if isinstance(user, _LoginUser) else None


def get_signed_in() -> Person:
    """Return who is signed in, behind a guard that has made sure of it.

    Raises: LookupError where nobody is.
    """
    person = find_signed_in()
    if person is None:
        raise LookupError("Nobody is signed in: the view needs a guard.")
    return person


def find_loaded() -> Person | None:
    """Return who is signed in if that is known already; nothing is asked for it."""
    user = g.get("_login_user")
    return user.person if isinstance(user, _LoginUser) else None


def has_confirmed(person: Person, *, for_form: bool) -> bool:
    """Return whether the person has given the password lately."""
    within = _CONFIRMED_FOR_A_FORM if for_form else _CONFIRMED_FOR
    return is_confirmed(current_session(), person.session_id, within=within)


def _load(user_id: str) -> _LoginUser | None:
    found = find_session(current_session(), flask.session.get(_TOKEN, ""), kind=Kind.WEB)
    if found is None or str(found[1].id) != user_id:
        return None
    return _LoginUser(found[1].id, _person(found[1], found[0].id))


def _person(user: User, session_id: int) -> Person:
    return Person(
        id=user.id,
        name=user.public_name,
        role=Role(user.role),
        session_id=session_id,
        language=language_of(user.locale),
    )
