"""Who may pass: every view carries one of these, and the application does not start with one that does not.

@public("the reason why anybody may")
@staff(Permission.EDIT_TEMPLATES)
@api_token(Scope.SERVER_PROXY)
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar
from urllib.parse import quote

from flask import Flask, redirect, request
from flask.typing import ResponseReturnValue

from crm.core.db import transaction
from crm.core.log import get_logger
from crm.users.api_tokens import Scope, check_token
from crm.users.errors import TokenRefusedError
from crm.users.roles import PERMISSIONS, Permission, Role, may
from crm.web.error_pages import ForbiddenError, NotAuthorizedError
from crm.web.session import find_signed_in

log = get_logger(__name__)
View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Guard:
    """What a view asks for, in words: for the list of routes and for the test that there is one."""

    meaning: str


_DOING = {
    Permission.READ: "read messages, subscribers and templates",
    Permission.ANSWER: "answer readers",
    Permission.EDIT_TEMPLATES: "write templates",
}


def public(reason: str) -> Callable[[View], View]:
    """Let anybody in, for a written reason."""

    def mark(view: View) -> View:
        view.guard = Guard(f"public: {reason}")  # type: ignore[attr-defined]
        return view

    return mark


def staff(permission: Permission) -> Callable[[View], View]:
    """Let those in whose role has the permission; send who is not signed in to the login and back."""

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> ResponseReturnValue:
            person = find_signed_in()
            if person is None:
                return redirect(f"/login?next={quote(_here(), safe='')}")
            if not may(person.role, permission):
                raise ForbiddenError(_told(permission))
            answer: ResponseReturnValue = view(*args, **kwargs)
            return answer

        guarded.guard = Guard(f"staff: {permission}")  # type: ignore[attr-defined]
        return guarded  # type: ignore[return-value]

    return guard


def api_token(scope: Scope) -> Callable[[View], View]:
    """Let another system in by its token, `Authorization: Bearer …`."""

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> ResponseReturnValue:
            _check_token(scope)
            answer: ResponseReturnValue = view(*args, **kwargs)
            return answer

        guarded.guard = Guard(f"API token: {scope}")  # type: ignore[attr-defined]
        return guarded  # type: ignore[return-value]

    return guard


def list_unguarded(app: Flask) -> list[str]:
    """Return the endpoints whose view carries no guard."""
    views = app.view_functions.items()
    return sorted(endpoint for endpoint, view in views if not isinstance(getattr(view, "guard", None), Guard))


def _check_token(scope: Scope) -> None:
    """Raises: NotAuthorizedError with the reason. Source: behaviour.md 5.1 for the first two sentences."""
    header = request.headers.get("Authorization")
    if header is None:
        raise NotAuthorizedError("Authorization header HTTP_Authorization is not set")
    parts = header.split()
    if len(parts) != 2 or parts[0].lower() != "bearer":
        raise NotAuthorizedError("Authorization header contains invalid structure")
    try:
        with transaction() as session:
            token = check_token(session, parts[1], scope=scope, address=request.remote_addr)
            name = token.name
    except TokenRefusedError as error:
        log.warning("token_refused", scope=scope, reason=str(error))
        raise NotAuthorizedError(str(error)) from error
    log.info("token_used", scope=scope, token=name)


def _here() -> str:
    """Return the path that was asked for, without the host: nobody is ever sent to another site."""
    query = request.query_string.decode("latin-1")
    return f"{request.path}?{query}" if query and request.method == "GET" else request.path


def _told(permission: Permission) -> str:
    roles = [role for role in Role if permission in PERMISSIONS[role]]
    named = f"{', '.join(roles[:-1])} or {roles[-1]}" if len(roles) > 1 else roles[0]
    return f"To {_DOING[permission]}, one needs the role {named}. Ask an administrator for it."
