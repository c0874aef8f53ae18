"""Sign in by a one-time code: ask for one, type it in. Nothing here tells whether there is such an account."""

from dataclasses import replace

import flask
from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, StringField
from wtforms.validators import DataRequired

from crm.core.db import transaction
from crm.users.client import Client
from crm.users.codes import CodePurpose, ask_again, ask_for_code
from crm.users.errors import TooManyCodesError
from crm.users.sessions import BY_CODE
from crm.web import session
from crm.web.clients import current_client, remember_device
from crm.web.code_entrance import let_in_by_code
from crm.web.entrance import LetIn, SentAway
from crm.web.forms import Form, storable
from crm.web.guards import public
from crm.web.languages import told
from crm.web.one_time_code import WRONG_CODE, code_field
from crm.web.page_tools import render_reader_page
from crm.web.return_path import own_path

login_code = Blueprint("login_code", __name__)

_ASKED = "sign_in_code"  # the id of the asking, in the signed cookie: never the code, never the name
_REASON = "whoever is to sign in is not signed in yet"


class AskForm(Form):
    """Whom the code is for."""

    username = StringField(
        _l("E-mail or phone number"), validators=[DataRequired(_l("Write your e-mail or number.")), storable]
    )


class CodeForm(Form):
    """The code of the SMS."""

    code = code_field()
    remember = BooleanField(_l("Remember me on this device"))


class NamedCodeForm(AskForm, CodeForm):
    """The same where this browser has asked for none: a code that staff have sent."""


@login_code.get("")
@public(_REASON)
def show() -> ResponseReturnValue:
    """Ask whom the code is for."""
    person = session.find_signed_in()
    return redirect(_way_on(is_staff=person.is_staff)) if person else _ask_page(AskForm())


@login_code.post("")
@public(_REASON)
def ask() -> ResponseReturnValue:
    """Ask for a code, known or not."""
    form = AskForm()
    if not form.validate():
        return _ask_page(form), 422
    try:
        with transaction() as db_session:
            flask.session[_ASKED] = ask_for_code(db_session, form.told("username"), _client())
    except TooManyCodesError as error:
        return _ask_page(form, error=told(error)), 429, {"Retry-After": str(error.retry_after)}
    return _to_enter()


@login_code.post("/again")
@public(_REASON)
def resend() -> ResponseReturnValue:
    """Ask for another code for the same name; the one of before ends."""
    try:
        with transaction() as db_session:
            asked = ask_again(db_session, _asked() or 0, _client(), purpose=CodePurpose.SIGN_IN)
    except TooManyCodesError as error:
        return (
            _enter_page(CodeForm(formdata=None), error=told(error)),
            429,
            {"Retry-After": str(error.retry_after)},
        )
    if asked is None:
        return redirect(url_for("login_code.show"))
    flask.session[_ASKED] = asked
    flash(_("Another code was asked for. Only the newest one counts."), "good")
    return _to_enter()


@login_code.get("/enter")
@public(_REASON)
def write() -> ResponseReturnValue:
    """Show where the code is typed."""
    person = session.find_signed_in()
    return redirect(_way_on(is_staff=person.is_staff)) if person else _enter_page(_code_form())


@login_code.post("/enter")
@public(_REASON)
def enter() -> ResponseReturnValue:
    """Check the code and begin a session."""
    form = _code_form()
    if not form.validate():
        return _enter_page(form), 422
    outcome = let_in_by_code(
        form.told("code"),
        _client(),
        code_id=None if isinstance(form, NamedCodeForm) else _asked(),
        name=form.told("username") if isinstance(form, NamedCodeForm) else "",
        remembered=bool(form.remember.data),
    )
    return _welcome(outcome) if isinstance(outcome, LetIn) else _sent_away(form, outcome)


def _welcome(outcome: LetIn) -> ResponseReturnValue:
    """Offer a new password: who comes in by a code has probably forgotten the old one."""
    session.begin(outcome.user_id, outcome.secret, remembered=outcome.remembered)
    flash(_("You are signed in."), "good")
    onward = url_for("account_password.show", next=_way_on(is_staff=outcome.is_staff))
    return remember_device(redirect(onward))  # type: ignore[arg-type]


def _sent_away(form: CodeForm, outcome: SentAway) -> ResponseReturnValue:
    if outcome.retry_after is None:
        form.code.errors = [WRONG_CODE]
        return _enter_page(form), 422
    words = _("Too many tries. Try again in %(minutes)s min.", minutes=-(-outcome.retry_after // 60))
    return _enter_page(form, error=words), 429, {"Retry-After": str(outcome.retry_after)}


def _code_form() -> CodeForm:
    is_named = _asked() is None or "username" in request.form or "named" in request.args
    return NamedCodeForm() if is_named else CodeForm()


def _asked() -> int | None:
    asked = flask.session.get(_ASKED)
    return asked if isinstance(asked, int) else None


def _client() -> Client:
    return replace(current_client(), source=BY_CODE)


def _to_enter() -> ResponseReturnValue:
    return redirect(url_for("login_code.write", next=_next() or None))


def _next() -> str:
    return own_path(request.values.get("next", ""), otherwise="")


def _way_on(*, is_staff: bool) -> str:
    return _next() or ("/admin/" if is_staff else "/")


def _ask_page(form: AskForm, error: str | None = None) -> str:
    return render_reader_page("login/code.html", form=form, error=error, next=_next())


def _enter_page(form: CodeForm, error: str | None = None) -> str:
    is_named = isinstance(form, NamedCodeForm)
    return render_reader_page("login/enter.html", form=form, error=error, next=_next(), is_named=is_named)
