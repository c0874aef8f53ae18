"""Is there an account with this e-mail, and does this password open it? In two versions, for old callers.

That it tells whether an account exists is its purpose. Without a password nothing is tried, so nothing is
logged; with one it is a sign-in like any other, with its log and its limits, only that no session begins.
Source: behaviour.md 5.2, P13; interface.md 8, People.
"""

from enum import Enum
from typing import Any

from flask import Blueprint, Response

from crm.core.db import transaction
from crm.users.authentication import Credentials, Refusal
from crm.users.email_addresses import is_email_address, is_too_long
from crm.users.queries import find_by_email
from crm.users.user_meta import is_unclaimed
from crm.web.api.answers import answer, refuse, refuse_input
from crm.web.api.parameters import REQUIRED, read_parameters
from crm.web.clients import current_client
from crm.web.entrance import SentAway, recognise
from crm.web.guards import public

users_email = Blueprint("users_email", __name__)

OPEN = "a form must know whether an e-mail is free before its owner can sign in; limited by address"


class Outcome(Enum):
    """What came of a question, with the status of version 1 and that of version 2."""

    TOLD = (200, 200)
    MISSING = (200, 400)
    TOO_LONG = (422, 422)
    INVALID = (200, 422)
    WRONG_PASSWORD = (200, 401)
    LIMITED = (200, 429)


@users_email.post("/v1/users/email")
@public(OPEN)
def check_v1() -> Response:
    """Answer 200 to nearly everything; the body tells."""
    return _check(1)


@users_email.post("/v2/users/email")
@public(OPEN)
def check_v2() -> Response:
    """Answer with the status that says it."""
    return _check(2)


def refuse_for_limit(version: int) -> Response:
    """Return what a caller is told who has asked too often."""
    return refuse(_status(Outcome.LIMITED, version), "rate_limit_exceeded", "Rate limit exceeded")


def _check(version: int) -> Response:
    parameters = read_parameters()
    email, password = parameters.raw("email").strip(), parameters.raw("password")
    if not email:
        return _refuse_missing(version)
    if is_too_long(email):
        return _refuse_invalid(Outcome.TOO_LONG, version)
    exists, owner_id = _find_owner(email)
    if not exists and not is_email_address(email):
        return _refuse_invalid(Outcome.INVALID, version)
    if not password:
        return _tell(email, owner_id)
    found = recognise(Credentials(username=email, password=password), current_client("api"))
    if isinstance(found, int):
        return _tell(email, found, password=True)
    if found.refusal == Refusal.RATE_LIMITED:
        return _limited(found, version)
    if owner_id is not None and found.refusal == Refusal.INVALID_CREDENTIAL:
        return _tell(email, owner_id, password=False, status=_status(Outcome.WRONG_PASSWORD, version))
    return _tell(email, owner_id)


def _find_owner(email: str) -> tuple[bool, int | None]:
    """Return whether the address is known, and whose it is; an unclaimed account is nobody's yet."""
    with transaction() as session:
        user = find_by_email(session, email)
        if user is None:
            return False, None
        return True, None if is_unclaimed(session, user.id) else user.id


def _tell(email: str, owner_id: int | None, *, password: bool | None = None, status: int = 200) -> Response:
    """Tell of an account; `password` is None where none was judged, also for an account that is closed."""
    body: dict[str, Any] = {"email": email, "id": owner_id, "password": password}
    return answer(status, **body, status="available" if owner_id is None else "taken")


def _refuse_missing(version: int) -> Response:
    if version > 1:
        return refuse_input({"email": [REQUIRED]})
    return refuse(_status(Outcome.MISSING, version), "email_missing", "No valid email")


def _refuse_invalid(outcome: Outcome, version: int) -> Response:
    return refuse(_status(outcome, version), "invalid_email", "Invalid email format")


def _limited(found: SentAway, version: int) -> Response:
    response = refuse_for_limit(version)
    response.headers["Retry-After"] = str(found.retry_after or 1)
    return response


def _status(outcome: Outcome, version: int) -> int:
    return outcome.value[version - 1]
