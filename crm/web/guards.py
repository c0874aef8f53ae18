"""Who may pass: every view carries one of these, and the application does not start with one that does not.

@public("the reason why anybody may")
@signed_in()
@staff(Permission.EDIT_TEMPLATES)
@staff(Permission.MANAGE_TOKENS, confirmed=True)   the password was given within the last minutes
@api_token(Scope.SERVER_PROXY)
@user_token()

Each also says who acts, for the audit log.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import reduce, wraps
from typing import Any, TypeVar
from urllib.parse import quote

from flask import Flask, g, redirect, request
from flask.typing import ResponseReturnValue

from crm.core.db import current_session, transaction
from crm.core.errors import N_, Said
from crm.core.log import get_logger
from crm.users.api_tokens import Scope, check_token
from crm.users.audit_log import Actor, acting
from crm.users.errors import TokenRefusedError
from crm.users.roles import PERMISSIONS, ROLE_WORDS, Permission, Role, may
from crm.users.sessions import Kind, find_session
from crm.web.error_pages import ForbiddenError, NotAuthorizedError
from crm.web.languages import here
from crm.web.request_log import request_id
from crm.web.session import Person, find_signed_in, has_confirmed

log = get_logger(__name__)
View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Guard:
    """What a view asks for, in words: for the list of routes and for the test that there is one."""

    meaning: str


_DOING = {
    Permission.READ: N_("read messages, payments, subscribers, renewals and templates"),
    Permission.ANSWER: N_("answer readers"),
    Permission.EDIT_TEMPLATES: N_("write templates"),
    Permission.EDIT_RULES: N_("write rules"),
    Permission.MANAGE_BILLKEYS: N_("look after billing keys"),
    Permission.MANAGE_TYPES: N_("look after subscription types"),
    Permission.MANAGE_RENEWALS: N_("look after payments and renewals"),
    Permission.STOP_RENEWALS: N_("stop renewals"),
    Permission.MANAGE_PEOPLE: N_("look after accounts and roles"),
    Permission.MANAGE_TOKENS: N_("look after API tokens"),
    Permission.MANAGE_SETTINGS: N_("change settings"),
    Permission.READ_AUDIT: N_("read the audit log"),
    Permission.OPERATE: N_("try work again or give it up"),
    Permission.IMPORT: N_("import history from files"),
}


def public(reason: str) -> Callable[[View], View]:
    """Let anybody in, for a written reason."""

    def mark(view: View) -> View:
        view.guard = Guard(f"public: {reason}")  # type: ignore[attr-defined]
        return view

    return mark


def staff(permission: Permission, *, confirmed: bool = False) -> Callable[[View], View]:
    """Let those in whose role has the permission; send who is not signed in to the login and back.

    `confirmed` sends on the way round by the password who has not given it within the last minutes.
    """

    def check(person: Person) -> ResponseReturnValue | None:
        if not may(person.role, permission):
            raise _refusal(permission)
        return ask_for_password(person) if confirmed else None

    return _person_guard(f"staff: {permission}{', confirmed' if confirmed else ''}", check)


def ask_for_password(person: Person) -> ResponseReturnValue | None:
    """Return the way round by the password for who has not given it within the last minutes.

    For views where it depends on what is wanted; those that always ask have `confirmed` in their guard.
    """
    if has_confirmed(person, for_form=request.method == "POST"):
        return None
    return redirect(f"/login/confirm?next={quote(here(), safe='')}")


def signed_in() -> Callable[[View], View]:
    """Let in whoever is signed in, reader or staff; send others to the login and back."""
    return _person_guard("signed in", lambda person: None)


def _person_guard(
    meaning: str, check: Callable[[Person], ResponseReturnValue | None]
) -> Callable[[View], View]:
    def guard(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> ResponseReturnValue:
            person = find_signed_in()
            if person is None:
                return redirect(f"/login?next={quote(here(), safe='')}")
            detour = check(person)
            if detour is not None:
                return detour
            with acting_as(person):
                answer: ResponseReturnValue = view(*args, **kwargs)
            return answer

        guarded.guard = Guard(meaning)  # type: ignore[attr-defined]
        return guarded  # type: ignore[return-value]

    return guard


def acting_as(person: Person) -> AbstractContextManager[None]:
    """Say for the audit log that the person acts; only a page that is open to all needs to say it itself."""
    return acting(_actor(person.name, person.id))


def api_token(scope: Scope) -> Callable[[View], View]:
    """Let another system in by its token, `Authorization: Bearer …`."""

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> ResponseReturnValue:
            with acting(_actor(f"API token {_check_token(scope)}")):
                answer: ResponseReturnValue = view(*args, **kwargs)
            return answer

        guarded.guard = Guard(f"API token: {scope}")  # type: ignore[attr-defined]
        return guarded  # type: ignore[return-value]

    return guard


def user_token() -> Callable[[View], View]:
    """Let a person's own program in by the token that signing in over the API gave it; see `find_token_owner`."""

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> ResponseReturnValue:
            secret = _bearer()
            found = find_session(current_session(), secret, kind=Kind.API)
            if found is None:
                raise NotAuthorizedError("Token doesn't exists")  # the original's words
            owner = found[1]
            g.token_owner = TokenOwner(user_id=owner.id, secret=secret)
            with acting(_actor(owner.public_name, owner.id)):
                answer: ResponseReturnValue = view(*args, **kwargs)
            return answer

        guarded.guard = Guard("user token")  # type: ignore[attr-defined]
        return guarded  # type: ignore[return-value]

    return guard


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenOwner:
    """Whose program asks; `secret` is the token that it showed."""

    user_id: int
    secret: str


def get_token_owner() -> TokenOwner:
    """Return whose token opened the view that @user_token() guards."""
    owner: TokenOwner = g.token_owner
    return owner


def list_unguarded(app: Flask) -> list[str]:
    """Return the endpoints whose view carries no guard."""
    views = app.view_functions.items()
    return sorted(endpoint for endpoint, view in views if not isinstance(getattr(view, "guard", None), Guard))


def _check_token(scope: Scope) -> str:
    """Return the token's name. Raises: NotAuthorizedError with the reason."""
    try:
        with transaction() as session:
            token = check_token(session, _bearer(), scope=scope, address=request.remote_addr)
            name = token.name
    except TokenRefusedError as error:
        log.warning("token_refused", scope=scope, reason=str(error))
        raise NotAuthorizedError(str(error)) from error
    log.info("token_used", scope=scope, token=name)
    return name


def _bearer() -> str:
    """Return the token of the header. Raises: NotAuthorizedError. Source: behaviour.md 5.1 for the sentences."""
    header = request.headers.get("Authorization")
    if header is None:
        raise NotAuthorizedError("Authorization header HTTP_Authorization is not set")
    parts = header.split()
    if len(parts) != 2 or parts[0].lower() != "bearer":
        raise NotAuthorizedError("Authorization header contains invalid structure")
    return parts[1]


def _actor(name: str, user_id: int | None = None) -> Actor:
    return Actor(name=name, user_id=user_id, ip=request.remote_addr or "", request_id=request_id())


def _refusal(permission: Permission) -> ForbiddenError:
    """Return what to tell whose role has not the permission: which roles have it."""
    named = [Said(ROLE_WORDS[role]) for role in Role if permission in PERMISSIONS[role]]
    return ForbiddenError(
        N_("To %(doing)s, one needs the role %(roles)s. Ask an administrator for it."),
        doing=Said(_DOING[permission]),
        roles=_either(named),
    )


def _either(named: list[Said]) -> Said:
    """Return "a", "a or b", "a, b or c"."""
    *others, last = named
    if not others:
        return last
    listed = reduce(lambda one, other: Said("%(one)s, %(other)s", one=one, other=other), others)
    return Said(N_("%(one)s or %(other)s"), one=listed, other=last)
