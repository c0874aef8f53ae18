"""My account: what we know of whoever is signed in, and how each of it is changed."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from crm.core.db import current_session, transaction
from crm.users.accounts import get_user
from crm.users.errors import EmailTakenError, InvalidUserError
from crm.users.languages import LANGUAGES, language_of
from crm.users.models import User
from crm.users.own_account import change_own_email, change_own_name, choose_language, has_password
from crm.users.phones import find_phone_of
from crm.users.sessions import list_sessions
from crm.web.account_forms import AccountForm, EmailForm, LanguageForm, NameForm
from crm.web.clients import current_client
from crm.web.guards import signed_in
from crm.web.languages import LANGUAGE_NAMES, told
from crm.web.message_pages import spaced
from crm.web.own_password import check_own_password
from crm.web.page_tools import render_reader_page
from crm.web.session import get_signed_in

account = Blueprint("account", __name__)


@account.get("")
@signed_in()
def show() -> str:
    """Show it all, each line with the way to change it."""
    db_session = current_session()
    user = _user(db_session)
    phone = find_phone_of(db_session, user.id)
    return render_reader_page(
        "account/show.html",
        name=" ".join(filter(None, (user.first_name, user.last_name))),
        email=user.email,
        phone=spaced(phone.phone_number) if phone else None,
        has_password=has_password(user),
        language=LANGUAGE_NAMES.get(language_of(user.locale) or ""),
        sign_ins=len(list_sessions(db_session, user.id)),
    )


@account.get("/name")
@signed_in()
def show_name() -> str:
    """Show the form of the name."""
    user = _user(current_session())
    return _page("name", NameForm(formdata=None, first=user.first_name, last=user.last_name))


@account.post("/name")
@signed_in()
def save_name() -> ResponseReturnValue:
    """Change the name."""
    form = NameForm()
    return _save(
        "name",
        form,
        lambda db_session, user: change_own_name(
            db_session, user, first=form.told("first"), last=form.told("last")
        ),
    )


@account.get("/email")
@signed_in()
def show_email() -> str:
    """Show the form of the e-mail."""
    user = _user(current_session())
    return _page("email", EmailForm(formdata=None, email=user.email), asks_password=has_password(user))


@account.post("/email")
@signed_in()
def save_email() -> ResponseReturnValue:
    """Change the e-mail, after the password was given if there is one."""
    form, asks = EmailForm(), has_password(_user(current_session()))
    form.asks_password = asks
    if asks and form.validate():
        check = check_own_password(get_signed_in().id, form.told("password"), current_client())
        if check.retry_after is not None:
            page = _page("email", form, asks_password=True, retry_after=check.retry_after)
            return page, 429, {"Retry-After": str(check.retry_after)}
        if not check.is_right:
            form.password.errors = [_("This is not your password.")]
            return _page("email", form, asks_password=True), 422
    return _save(
        "email",
        form,
        lambda db_session, user: change_own_email(db_session, user, form.told("email")),
        asks_password=asks,
    )


@account.get("/language")
@signed_in()
def show_language() -> str:
    """Show the languages."""
    chosen = language_of(_user(current_session()).locale) or LANGUAGES[0]
    return _page("language", LanguageForm(formdata=None, language=chosen))


@account.post("/language")
@signed_in()
def save_language() -> ResponseReturnValue:
    """Choose a language."""
    form = LanguageForm()
    return _save(
        "language",
        form,
        lambda db_session, user: choose_language(db_session, user, form.told("language")),
    )


def _save(
    name: str, form: AccountForm, change: Callable[[Session, User], None], **context: Any
) -> ResponseReturnValue:
    """Check the form, change what it says, and go back; or show it again with what is wrong beside its field."""
    if not form.validate():
        return _page(name, form, **context), 422
    try:
        with transaction() as db_session:
            change(db_session, _user(db_session))
    except (InvalidUserError, EmailTakenError) as error:
        form[form.main_field].errors = [told(error)]
        return _page(name, form, **context), 422
    flash(_("Saved."), "good")
    return redirect(url_for("account.show"))


def _user(db_session: Session) -> User:
    return get_user(db_session, get_signed_in().id)


def _page(name: str, form: AccountForm, **context: Any) -> str:
    return render_reader_page(f"account/{name}.html", form=form, **context)
