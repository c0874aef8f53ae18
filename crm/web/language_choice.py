"""The button with the name of another language."""

import flask
from flask import Blueprint, abort, redirect, request
from flask.typing import ResponseReturnValue

from crm.core.db import transaction
from crm.users.accounts import get_user
from crm.users.languages import LANGUAGES
from crm.users.own_account import choose_language
from crm.web.guards import acting_as, public
from crm.web.return_path import is_own_path
from crm.web.session import LANGUAGE, find_signed_in

language_choice = Blueprint("language_choice", __name__)


@language_choice.post("/language")
@public(
    "whoever can read a page may choose its language; it is kept in the cookie, and with the person's account"
)
def choose() -> ResponseReturnValue:
    """Keep the choice and go back to the page."""
    language = request.form.get("language", "")
    if language not in LANGUAGES:
        abort(400)
    person = find_signed_in()
    if person is not None:
        with acting_as(person), transaction() as session:
            choose_language(session, get_user(session, person.id), language)
    flask.session[LANGUAGE] = language
    target = request.form.get("next", "")
    return redirect(target if is_own_path(target) else "/")
