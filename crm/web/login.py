"""Sign in and out."""

from flask import Blueprint, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from wtforms import PasswordField, StringField
from wtforms.validators import DataRequired

from crm.core.db import transaction
from crm.core.log import get_logger
from crm.users.sign_in import sign_in
from crm.web import session
from crm.web.forms import Form
from crm.web.guards import public
from crm.web.return_path import own_path

log = get_logger(__name__)

login = Blueprint("login", __name__)

WRONG = "The e-mail or the password is not right."


class LoginForm(Form):
    """The fields that interface.md 4 names."""

    username = StringField("E-mail", validators=[DataRequired("Write your e-mail.")])
    password = PasswordField("Password", validators=[DataRequired("Write your password.")])


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
    if not form.validate():
        return _page(form), 422
    with transaction() as opened:
        user = sign_in(
            opened,
            email=form.told("username"),
            password=form.told("password"),
            address=request.remote_addr or "",
        )
        if user is not None:
            session.begin(user)
    if user is None:
        log.warning("login_refused", address=request.remote_addr)
        return _page(form, error=WRONG), 422
    person = session.find_signed_in()
    log.info("login", user_id=user.id)
    return redirect(_way_on(is_staff=person is not None and person.is_staff))


@login.post("/logout")
@public("who is not signed in loses nothing by signing out")
def leave() -> ResponseReturnValue:
    """End the session."""
    session.end()
    flash("You are signed out.", "good")
    return redirect("/login")


def _way_on(*, is_staff: bool) -> str:
    return own_path(request.values.get("next", ""), otherwise="/admin/" if is_staff else "/")


def _page(form: LoginForm, error: str | None = None) -> str:
    next_path = own_path(request.values.get("next", ""), otherwise="")
    return render_template("login/login.html", form=form, error=error, next=next_path)
