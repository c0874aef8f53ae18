"""Sign in and out."""

from flask import Blueprint, Response, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, PasswordField, StringField
from wtforms.validators import DataRequired

from crm.core.errors import N_
from crm.users.authentication import Credentials
from crm.web import session
from crm.web.clients import current_client, remember_device
from crm.web.entrance import LetIn, SentAway, let_in
from crm.web.forms import Form
from crm.web.guards import public
from crm.web.return_path import own_path

login = Blueprint("login", __name__)

WRONG = N_("The name or the password is not right.")


class LoginForm(Form):
    """The fields that interface.md 4 names."""

    username = StringField(
        _l("E-mail or phone number"), validators=[DataRequired(_l("Write your e-mail or number."))]
    )
    password = PasswordField(_l("Password"), validators=[DataRequired(_l("Write your password."))])
    remember = BooleanField(_l("Remember me on this device"))


@login.get("/login")
@public("whoever is to sign in is not signed in yet")
def show() -> ResponseReturnValue:
    """Show the form, or the way on to who has been here before."""
    person = session.find_signed_in()
    if person is not None:
        return redirect(_way_on(is_staff=person.is_staff))
    return _page(LoginForm())


@login.post("/login")
@public("whoever is to sign in is not signed in yet")
def enter() -> ResponseReturnValue:
    """Check the password and begin a session."""
    form = LoginForm()
    if not form.told("username"):
        form.username.data = request.form.get("mobile_phone", "")
        form.username.raw_data = [form.username.data]
    if not form.validate():
        return _page(form), 422
    credentials = Credentials(username=form.told("username"), password=form.told("password"))
    outcome = let_in(credentials, current_client(), remembered=bool(form.remember.data))
    return _welcome(outcome) if isinstance(outcome, LetIn) else _sent_away(form, outcome)


@login.post("/logout")
@public("who is not signed in loses nothing by signing out")
def leave() -> ResponseReturnValue:
    """End the session."""
    session.end()
    flash(_("You are signed out."), "good")
    return redirect("/login")


def _welcome(outcome: LetIn) -> Response:
    session.begin(outcome.user_id, outcome.secret, remembered=outcome.remembered)
    answer: Response = redirect(_way_on(is_staff=outcome.is_staff))  # type: ignore[assignment]
    return remember_device(answer)


def _sent_away(form: LoginForm, outcome: SentAway) -> ResponseReturnValue:
    """One sentence for whatever was wrong: it must not tell whether there is such an account."""
    if outcome.retry_after is None:
        return _page(form, error=_(WRONG)), 422
    minutes = -(-outcome.retry_after // 60)
    told = _("Too many tries. Try again in %(minutes)s min.", minutes=minutes)
    return _page(form, error=told), 429, {"Retry-After": str(outcome.retry_after)}


def _way_on(*, is_staff: bool) -> str:
    return own_path(request.values.get("next", ""), otherwise="/admin/" if is_staff else "/")


def _page(form: LoginForm, error: str | None = None) -> str:
    next_path = own_path(request.values.get("next", ""), otherwise="")
    return render_template("login/login.html", form=form, error=error, next=next_path)
