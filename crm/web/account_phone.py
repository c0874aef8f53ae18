"""My phone number: whoever types the code that was sent to it has it in hand, and it is theirs from then on."""

from dataclasses import replace

import flask
from flask import Blueprint, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from crm.core.db import current_session, transaction
from crm.core.phone import InvalidPhoneError, to_local
from crm.users.client import Client
from crm.users.codes import CodePurpose, ask_again, ask_for_phone, use_code
from crm.users.errors import PhoneTakenError, TooManyCodesError
from crm.users.phones import find_phone_of, move_phone
from crm.users.sessions import BY_CODE
from crm.web.account_forms import PhoneForm
from crm.web.clients import current_client
from crm.web.forms import Form
from crm.web.guards import signed_in
from crm.web.languages import told
from crm.web.message_pages import spaced
from crm.web.one_time_code import WRONG_CODE, code_field
from crm.web.page_tools import render_reader_page
from crm.web.session import get_signed_in

account_phone = Blueprint("account_phone", __name__)

_ASKED = "phone_code"  # the id of the asking


class PhoneCodeForm(Form):
    """The code that went to the new number."""

    code = code_field()


@account_phone.get("")
@signed_in()
def show() -> str:
    """Show the number, and ask for another one."""
    return _page(PhoneForm(formdata=None))


@account_phone.post("")
@signed_in()
def ask() -> ResponseReturnValue:
    """Send a code to the number, whoever has it until now."""
    form = PhoneForm()
    if not form.validate():
        return _page(form), 422
    try:
        local = to_local(form.told("phone"))
        if local == _current():
            form.phone.errors = [_("This is your number already.")]
            return _page(form), 422
        with transaction() as session:
            flask.session[_ASKED] = ask_for_phone(session, local, get_signed_in().id, _client())
    except InvalidPhoneError as error:
        form.phone.errors = [told(error)]
        return _page(form), 422
    except TooManyCodesError as error:
        return _page(form, error=told(error)), 429, {"Retry-After": str(error.retry_after)}
    return redirect(url_for("account_phone.write"))


@account_phone.post("/again")
@signed_in()
def resend() -> ResponseReturnValue:
    """Send another code to the same number."""
    try:
        with transaction() as session:
            asked = ask_again(session, _asked(), _client(), purpose=CodePurpose.PHONE)
    except TooManyCodesError as error:
        page = _code_page(PhoneCodeForm(formdata=None), error=told(error))
        return page, 429, {"Retry-After": str(error.retry_after)}
    if asked is None:
        return redirect(url_for("account_phone.show"))
    flask.session[_ASKED] = asked
    flash(_("Another code was asked for. Only the newest one counts."), "good")
    return redirect(url_for("account_phone.write"))


@account_phone.get("/confirm")
@signed_in()
def write() -> ResponseReturnValue:
    """Show where the code is typed."""
    return _code_page(PhoneCodeForm(formdata=None)) if _asked() else redirect(url_for("account_phone.show"))


@account_phone.post("/confirm")
@signed_in()
def confirm() -> ResponseReturnValue:
    """Check the code; the number is theirs then."""
    form = PhoneCodeForm()
    if not form.validate():
        return _code_page(form), 422
    try:
        is_right = _move(form.told("code"))
    except PhoneTakenError as error:
        return _code_page(form, error=told(error)), 409
    if not is_right:
        form.code.errors = [WRONG_CODE]
        return _code_page(form), 422
    flask.session.pop(_ASKED, None)
    flash(_("The number is yours. You can sign in with it from now on."), "good")
    return redirect(url_for("account.show"))


def _move(code: str) -> bool:
    """Return whether the code was right, and the number moved."""
    me = get_signed_in()
    with transaction() as session:
        used = use_code(session, _asked(), code, purpose=CodePurpose.PHONE)
        if used is None or used.user_id != me.id or used.phone_number is None:
            return False
        move_phone(session, used.phone_number, me.id)
    return True


def _asked() -> int:
    asked = flask.session.get(_ASKED)
    return asked if isinstance(asked, int) else 0


def _client() -> Client:
    return replace(current_client(), source=BY_CODE)


def _current() -> str | None:
    phone = find_phone_of(current_session(), get_signed_in().id)
    return phone.phone_number if phone else None


def _page(form: PhoneForm, error: str | None = None) -> str:
    current = _current()
    return render_reader_page(
        "account/phone.html", form=form, error=error, current=spaced(current) if current else None
    )


def _code_page(form: PhoneCodeForm, error: str | None = None) -> str:
    return render_reader_page("account/phone_code.html", form=form, error=error)
