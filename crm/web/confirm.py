"""The password, asked for again before what matters most: a try like one at the door, with all its limits."""

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import PasswordField
from wtforms.validators import DataRequired

from crm.core.db import current_session, transaction
from crm.users.accounts import get_user
from crm.users.own_account import has_password
from crm.users.sessions import confirm_session
from crm.web.clients import current_client
from crm.web.forms import Form
from crm.web.guards import signed_in
from crm.web.own_password import PasswordCheck, check_own_password
from crm.web.return_path import own_path
from crm.web.session import Person, get_signed_in

confirm = Blueprint("confirm", __name__)

HERE = "/login/confirm"


class PasswordForm(Form):
    """The password of who is signed in."""

    password = PasswordField(_l("Password"), validators=[DataRequired(_l("Write your password."))])


@confirm.get(HERE)
@signed_in()
def ask() -> str:
    """Ask for the password."""
    return _page(PasswordForm())


@confirm.post(HERE)
@signed_in()
def check() -> ResponseReturnValue:
    """Check it, and go on to where it was needed."""
    form, person = PasswordForm(), get_signed_in()
    if not form.validate():
        return _page(form), 422
    outcome = check_own_password(person.id, form.told("password"), current_client())
    if not outcome.is_right:
        return _refused(form, outcome)
    with transaction() as session:
        confirm_session(session, person.session_id)
    return redirect(_way_on(person))


def _refused(form: PasswordForm, outcome: PasswordCheck) -> ResponseReturnValue:
    if outcome.retry_after is None:
        form.password.errors = [_("The password is not right.")]
        return _page(form), 422
    minutes = -(-outcome.retry_after // 60)
    form.password.errors = [_("Too many tries. Try again in %(minutes)s min.", minutes=minutes)]
    return _page(form), 429, {"Retry-After": str(outcome.retry_after)}


def _page(form: PasswordForm) -> str:
    person = get_signed_in()
    user = get_user(current_session(), person.id)
    return render_template(
        "confirm/ask.html",
        form=form,
        name=person.name,
        has_password=has_password(user),
        next=_way_on(person),
    )


def _way_on(person: Person) -> str:
    otherwise = "/admin/" if person.is_staff else "/"
    path = own_path(request.values.get("next", ""), otherwise=otherwise)
    return otherwise if path.partition("?")[0] == HERE else path
