"""Sign in over the API, see whose token it is, sign out. Source: behaviour.md 5.4 to 5.6."""

from flask import Blueprint, Response

from crm.core.db import transaction
from crm.users.accounts import get_user
from crm.users.authentication import Credentials, Refusal
from crm.users.roles import STAFF
from crm.users.sessions import Kind, end_session
from crm.users.user_meta import read_public_meta
from crm.web.api.answers import answer, describe, refuse, refuse_input
from crm.web.api.parameters import read_parameters
from crm.web.clients import current_client
from crm.web.entrance import LetIn, SentAway, let_in
from crm.web.guards import get_token_owner, public, user_token

users_sign_in = Blueprint("users_sign_in", __name__)

LONGEST_SOURCE = 50
DEVICE_TOKEN_UNKNOWN = ("device_token_doesnt_exist", "Device token doesn't exist")

NOT_FOUND = ("identity_not_found", "No open account has this e-mail or number.")
REFUSED = ("auth_failed", "You cannot sign in now. Try again later.")
REFUSALS = {
    Refusal.IDENTITY_NOT_FOUND: NOT_FOUND,
    Refusal.NOT_APPROVED: NOT_FOUND,
    Refusal.INVALID_CREDENTIAL: ("invalid_credential", "The password is not right."),
    Refusal.FAILURE: REFUSED,
    Refusal.RATE_LIMITED: REFUSED,
}


@users_sign_in.post("/v1/users/login")
@public("whoever is to sign in has no token yet; limited by address and by account")
def login() -> Response:
    """Check e-mail or number and password, and give a new token."""
    parameters = read_parameters()
    email, password = parameters.raw("email").strip(), parameters.raw("password")
    source = parameters.text("source", longest=LONGEST_SOURCE)
    if not email:
        return refuse(400, "invalid_email", "No valid email", error="no_email")
    if not password:
        return refuse(400, "invalid_password", "No valid password", error="no_password")
    if parameters.raw("device_token"):
        return refuse(404, *DEVICE_TOKEN_UNKNOWN)
    if parameters.faults:
        return refuse_input(parameters.faults)
    client = current_client(f"api+{source}" if source else "api")
    outcome = let_in(Credentials(username=email, password=password), client, kind=Kind.API)
    return _welcome(outcome) if isinstance(outcome, LetIn) else _sent_away(outcome)


@users_sign_in.get("/v1/user/info")
@user_token()
def info() -> Response:
    """Tell whose token it is."""
    with transaction() as session:
        user = get_user(session, get_token_owner().user_id)
        meta = read_public_meta(session, user.id)
        return answer(status="ok", user=describe(user), user_meta=meta)


@users_sign_in.post("/v1/users/logout")
@user_token()
def logout() -> Response:
    """End the token that was shown, and no other."""
    with transaction() as session:
        end_session(session, get_token_owner().secret)
    return answer(status="ok")


def _welcome(outcome: LetIn) -> Response:
    with transaction() as session:
        user = get_user(session, outcome.user_id)
        told = describe(user, "first_name", "last_name")
        if user.role in STAFF:
            told["roles"] = [user.role]
        meta = read_public_meta(session, user.id)
    return answer(status="ok", user=told, user_meta=meta, access={"token": outcome.secret})


def _sent_away(outcome: SentAway) -> Response:
    code, message = REFUSALS[outcome.refusal]
    response = refuse(400, code, message, error="auth_failed")
    if outcome.retry_after is not None:
        response.headers["Retry-After"] = str(outcome.retry_after)
    return response
