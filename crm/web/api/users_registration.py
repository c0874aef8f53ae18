"""Create and confirm people for the publisher's other systems. Source: behaviour.md 5.3, 5.6; interface.md 4."""

from flask import Blueprint, Response

from crm.core.db import transaction
from crm.core.errors import CrmError
from crm.core.phone import InvalidPhoneError
from crm.users.api_tokens import Scope
from crm.users.errors import (
    EmailTakenError,
    InvalidEmailError,
    InvalidUserError,
    PhoneTakenError,
    UserNotFoundError,
)
from crm.users.languages import LOCALES, language_of
from crm.users.passwords import check_choice, rehash
from crm.users.registration import Registration, confirm_by_email, register
from crm.users.sessions import Kind, begin_session
from crm.web.api.answers import answer, describe, refuse, refuse_input
from crm.web.api.parameters import REQUIRED, Parameters, read_parameters
from crm.web.api.users_sign_in import DEVICE_TOKEN_UNKNOWN
from crm.web.clients import current_client
from crm.web.guards import api_token

users_registration = Blueprint("users_registration", __name__)

LONGEST_NOTE = 10_000
LONGEST_REFERER = 2_000
NEWSLETTERS = "newsletters_subscribe"

# Who cannot be created: 404 is what callers of the original expect.
REFUSALS: dict[type[CrmError], tuple[str, str]] = {
    InvalidEmailError: ("invalid_email", "Invalid email"),
    EmailTakenError: ("email_taken", "Email is already taken"),
    InvalidPhoneError: ("invalid_phone", "Invalid phone"),
    PhoneTakenError: ("phone_taken", "Phone is already taken"),
}


@users_registration.post("/v1/users/create")
@api_token(Scope.USERS_CREATE)
def create() -> Response:
    """Add a person, or let one claim the account that waits for them; give a token."""
    parameters = read_parameters(in_query=["source"])
    if parameters.raw("device_token"):
        return refuse(400, *DEVICE_TOKEN_UNKNOWN)
    wish = _read_wish(parameters)
    if parameters.faults:
        return refuse_input(parameters.faults)
    password = "" if wish.is_unclaimed else parameters.raw("password")
    try:
        if password:
            check_choice(password, names=(wish.email, wish.phone, wish.first_name, wish.last_name))
    except InvalidUserError as error:
        return refuse(400, "invalid_password", str(error))
    try:
        return _created(wish, password)
    except tuple(REFUSALS) as error:
        return refuse(404, *REFUSALS[type(error)])


@users_registration.post("/v1/users/confirm")
@api_token(Scope.USERS_CONFIRM)
def confirm() -> Response:
    """Confirm the account of an e-mail; a second time changes nothing."""
    email = read_parameters().raw("email").strip()
    if not email:
        return refuse_input({"email": [REQUIRED]})
    try:
        with transaction() as session:
            confirm_by_email(session, email)
    except UserNotFoundError:
        return refuse(404, "user_not_found", "No user has this email")
    return answer(status="ok")


def _read_wish(parameters: Parameters) -> Registration:
    newsletters = parameters.text(NEWSLETTERS)
    return Registration(
        email=parameters.raw("email").strip() or None,
        phone=parameters.raw("phone").strip() or None,
        first_name=parameters.text("first_name"),
        last_name=parameters.text("last_name"),
        ext_id=parameters.whole_number("ext_id"),
        source=parameters.text("source") or "api",
        referer=parameters.text("referer", longest=LONGEST_REFERER),
        note=parameters.text("note", longest=LONGEST_NOTE),
        locale=_read_locale(parameters),
        is_unclaimed=parameters.flag("unclaimed"),
        remarks={NEWSLETTERS: str(int(parameters.flag(NEWSLETTERS)))} if newsletters else {},
    )


def _read_locale(parameters: Parameters) -> str | None:
    locale = parameters.text("locale")
    language = language_of(locale)
    if locale and language is None:
        parameters.refuse("locale", f"Field must be one of {', '.join(LOCALES.values())}")
    return LOCALES[language] if language else None


def _created(wish: Registration, password: str) -> Response:
    # Hashed before the transaction: nothing waits for it.
    hashed = rehash(password) if password else None
    client = current_client("api" if wish.source == "api" else f"api+{wish.source}")
    with transaction() as session:
        user = register(session, wish, password_hash=hashed)
        told = describe(user, "first_name", "last_name")
        if user.ext_id is not None:
            told["ext_id"] = user.ext_id
        if wish.is_unclaimed:
            return answer(status="ok", user=told)
        secret = begin_session(session, user, kind=Kind.API, client=client)
    return answer(status="ok", user=told, access={"token": secret})
