"""The phone in the browser: a number that one chooses, its SMS, and the fate of the next one.

Everything is posted and the chosen phone lives in a cookie, so that no number is in an address or a log.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from crm.core.errors import InvalidInputError
from crm.core.phone import to_international
from crm.mobiletech.wire.operators import Operator
from crm.simulator.app_state import current_gateway
from crm.simulator.conversation import list_bubbles, list_phones
from crm.simulator.fates import FATES, get_fate
from crm.simulator.gateway import check_short_number

phone_page = Blueprint("phone_page", __name__)

SHOWN_EXCHANGES = 30
_COOKIE = "simulator_phone"
_COOKIE_SECONDS = 30 * 24 * 3600
_FIRST_PHONE = "+421908123456"
_FIRST_SHORT_NUMBER = "8877"


@dataclass(frozen=True, kw_only=True, slots=True)
class Chosen:
    """Whose phone is on the page, and the short number that it writes to."""

    phone: str = _FIRST_PHONE
    short_number: str = _FIRST_SHORT_NUMBER


@phone_page.get("/")
def show() -> ResponseReturnValue:
    """Show the phone."""
    return _render(_read_cookie())


@phone_page.post("/")
def act() -> ResponseReturnValue:
    """Do what the pressed button says, then show the phone again."""
    action = _ACTIONS.get(request.form.get("action", ""))
    try:
        if action is None:
            raise InvalidInputError("This button is not known; load the page again.")
        chosen = _read_form()
        action(chosen)
    except InvalidInputError as error:
        return _render(_read_cookie(), error=str(error)), 400
    response = make_response(redirect(url_for("phone_page.show"), 303))
    _write_cookie(response, chosen)
    return response


def _send_sms(chosen: Chosen) -> None:
    text = request.form.get("text", "")
    if not text.strip():
        raise InvalidInputError("Write a text first.")
    current_gateway().type_sms(phone=chosen.phone, short_number=chosen.short_number, text=text)


def _set_fate(chosen: Chosen) -> None:
    current_gateway().fates.add_next([get_fate(request.form.get("fate", ""))], phone=chosen.phone)


def _keep_fate(chosen: Chosen) -> None:
    current_gateway().fates.set_default(get_fate(request.form.get("fate", "")), phone=chosen.phone)


def _use_phone(chosen: Chosen) -> None:
    if operator := request.form.get("operator", ""):
        current_gateway().networks.move(chosen.phone, operator)


def _hurry(_chosen: Chosen) -> None:
    current_gateway().postbox.hurry()


_ACTIONS: Mapping[str, Callable[[Chosen], None]] = MappingProxyType(
    {
        "send": _send_sms,
        "set_fate": _set_fate,
        "keep_fate": _keep_fate,
        "use_phone": _use_phone,
        "hurry": _hurry,
    }
)


def _render(chosen: Chosen, *, error: str = "") -> str:
    gateway, form = current_gateway(), request.form
    return render_template(
        "phone.html",
        phone=chosen.phone,
        short_number=chosen.short_number,
        typed_number=form.get("number", ""),
        typed_text=form.get("text", "") if error else "",
        phones=list_phones(gateway),
        operator=gateway.networks.operator_of(chosen.phone),
        operators=list(Operator),
        thread=list_bubbles(gateway, chosen.phone),
        fates=_FATE_GROUPS,
        labels=_LABELS,
        planned=gateway.fates.look(chosen.phone),
        waiting=gateway.postbox.list_waiting(),
        exchanges=gateway.exchanges.list()[: -SHOWN_EXCHANGES - 1 : -1],
        error=error,
    )


def _read_form() -> Chosen:
    """Read whose phone a form is about: with two tabs open the cookie may be the other one's."""
    return _choose(request.form.get("number", ""), request.form.get("short_number", "").strip())


def _read_cookie() -> Chosen:
    phone, _, short_number = request.cookies.get(_COOKIE, "").partition("/")
    try:
        return _choose(phone, short_number)
    except InvalidInputError:  # an old cookie, or somebody else's
        return Chosen()


def _choose(phone: str, short_number: str) -> Chosen:
    check_short_number(short_number)
    return Chosen(phone=to_international(phone), short_number=short_number)


def _write_cookie(response: Response, chosen: Chosen) -> None:
    response.set_cookie(
        _COOKIE,
        f"{chosen.phone}/{chosen.short_number}",
        max_age=_COOKIE_SECONDS,
        httponly=True,
        samesite="Strict",
    )


_LABELS = {fate: script.label for fate, script in FATES.items()}
_FATE_GROUPS = tuple(
    (title, tuple((fate, script.label) for fate, script in FATES.items() if script.spoils_the_call is spoils))
    for title, spoils in (("The SMS", False), ("The call itself", True))
)
