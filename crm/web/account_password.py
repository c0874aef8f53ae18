"""Choose a password: with the old one, or right after a sign-in by a code."""

from datetime import timedelta

from flask import Blueprint, flash, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from crm.core.db import current_session, transaction
from crm.users.accounts import check_new_password, get_user
from crm.users.errors import InvalidUserError
from crm.users.own_account import choose_password, has_password
from crm.users.passwords import hash_password
from crm.users.sessions import has_begun_by_code
from crm.web.account_forms import PasswordForm
from crm.web.clients import current_client
from crm.web.guards import signed_in
from crm.web.languages import told
from crm.web.own_password import check_own_password
from crm.web.page_tools import render_reader_page
from crm.web.return_path import own_path
from crm.web.session import get_signed_in

account_password = Blueprint("account_password", __name__)

CODE_IS_FRESH = timedelta(minutes=10)


@account_password.get("")
@signed_in()
def show() -> str:
    """Show the form; with a way on, it is an offer that may be declined."""
    return _page(_form())


@account_password.post("")
@signed_in()
def save() -> ResponseReturnValue:
    """Set the password; every other sign-in ends. No transaction is open while it is hashed."""
    form = _form()
    if not (form.validate() and _is_good(form)):
        return _page(form), 422
    me, new = get_signed_in(), form.told("new")
    if form.asks_old:
        check = check_own_password(me.id, form.told("old"), current_client())
        if check.retry_after is not None:
            return _page(form, check.retry_after), 429, {"Retry-After": str(check.retry_after)}
        if not check.is_right:
            form.old.errors = [_("This is not your password.")]
            return _page(form), 422
    new_hash = hash_password(new)
    with transaction() as session:
        choose_password(session, get_user(session, me.id), new, new_hash=new_hash, keep_session=me.session_id)
    flash(_("Your password is set. Wherever else you were signed in, you are signed out."), "good")
    return redirect(_next() or "/account")


def _form() -> PasswordForm:
    form, me, session = PasswordForm(), get_signed_in(), current_session()
    is_fresh = has_begun_by_code(session, me.session_id, within=CODE_IS_FRESH)
    form.asks_old = has_password(get_user(session, me.id)) and not is_fresh
    return form


def _is_good(form: PasswordForm) -> bool:
    """Say beside the field what is wrong with the new password, before the old one costs a try."""
    try:
        with transaction() as session:
            check_new_password(get_user(session, get_signed_in().id), form.told("new"))
    except InvalidUserError as error:
        form.new.errors = [told(error)]
    return not form.new.errors


def _next() -> str:
    return own_path(request.values.get("next", ""), otherwise="")


def _page(form: PasswordForm, retry_after: int | None = None) -> str:
    me = get_signed_in()
    user = get_user(current_session(), me.id)
    return render_reader_page(
        "account/password.html",
        form=form,
        next=_next(),
        has_password=has_password(user),
        name=user.email or user.public_name,
        retry_after=retry_after,
    )
