"""One person, and what staff do there with one press of a button."""

from collections.abc import Callable

from flask import Blueprint, abort, flash, redirect
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session

from crm.core.db import current_session, transaction
from crm.core.errors import ConflictError, InvalidInputError
from crm.users import administration
from crm.users.errors import TooManyCodesError
from crm.users.models import User
from crm.users.roles import Permission
from crm.web.clients import current_client
from crm.web.guards import staff
from crm.web.ids import LARGEST_ID
from crm.web.languages import told
from crm.web.page_tools import render_staff_page
from crm.web.person_page import get_person, read_person

person = Blueprint("person", __name__)


@person.get("/<int:user_id>")
@staff(Permission.MANAGE_PEOPLE)
def show(user_id: int) -> str:
    """Show the person."""
    session = current_session()
    return render_staff_page("person/show.html", **read_person(session, get_person(session, user_id)))


@person.post("/<int:user_id>/confirm")
@staff(Permission.MANAGE_PEOPLE)
def confirm(user_id: int) -> ResponseReturnValue:
    """Confirm the account."""

    def act(session: Session, user: User) -> str:
        administration.confirm_person(session, user)
        return _("The account is confirmed.")

    return _do(user_id, act)


@person.post("/<int:user_id>/send-code")
@staff(Permission.MANAGE_PEOPLE)
def send_code(user_id: int) -> ResponseReturnValue:
    """Send a code by SMS; what it says is shown to nobody."""

    def act(session: Session, user: User) -> str:
        administration.send_password_code(session, user, current_client())
        return _("A code is on its way. It is valid for 10 minutes.")

    return _do(user_id, act)


@person.post("/<int:user_id>/sign-ins/<int:sign_in_id>/end")
@staff(Permission.MANAGE_PEOPLE)
def end_sign_in(user_id: int, sign_in_id: int) -> ResponseReturnValue:
    """End one sign-in."""
    if sign_in_id > LARGEST_ID:
        abort(404)

    def act(session: Session, user: User) -> str:
        ended = administration.end_sign_in(session, user, sign_in_id)
        return _("The sign-in is ended.") if ended else _("That sign-in had ended already.")

    return _do(user_id, act)


@person.post("/<int:user_id>/sign-ins/end")
@staff(Permission.MANAGE_PEOPLE)
def end_sign_ins(user_id: int) -> ResponseReturnValue:
    """End every sign-in."""

    def act(session: Session, user: User) -> str:
        ended = administration.end_sign_ins(session, user)
        return ngettext("%(num)s sign-in is ended.", "%(num)s sign-ins are ended.", ended)

    return _do(user_id, act)


def _do(user_id: int, act: Callable[[Session, User], str]) -> ResponseReturnValue:
    """Do it and go back to the person's page, which says what was done or why not."""
    try:
        with transaction() as session:
            done = act(session, get_person(session, user_id))
    except (ConflictError, InvalidInputError, TooManyCodesError) as error:
        flash(told(error), "bad")
    else:
        flash(done, "good")
    return redirect(f"/admin/users/{user_id}")
