"""Where am I signed in, and who has tried: end one sign-in, or all but this one."""

from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from crm.core.db import current_session, transaction
from crm.mobiletech.words import Word
from crm.users.models import AccessToken, LoginAttempt
from crm.users.own_account import end_other_sign_ins, end_own_sign_in
from crm.users.sessions import BY_CODE, Kind, list_sessions
from crm.users.sign_in_history import list_attempts_at
from crm.web.guards import signed_in
from crm.web.page_tools import render_reader_page
from crm.web.session import get_signed_in
from crm.web.sign_in_words import attempt_word, describe_device

account_sign_ins = Blueprint("account_sign_ins", __name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """A living sign-in; `is_this` is the one that asks."""

    id: int
    device: str
    by_code: bool
    address: str
    since: datetime
    last_used: datetime
    is_this: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A try, good or not."""

    at: datetime
    word: Word
    device: str
    address: str


@account_sign_ins.get("")
@signed_in()
def show() -> str:
    """List both."""
    me, session = get_signed_in(), current_session()
    sign_ins = [_sign_in(token, me.session_id) for token in list_sessions(session, me.id)]
    return render_reader_page(
        "account/sign_ins.html",
        sign_ins=sorted(sign_ins, key=lambda each: not each.is_this),
        attempts=[_attempt(each) for each in list_attempts_at(session, me.id)],
    )


@account_sign_ins.post("/end")
@signed_in()
def end() -> ResponseReturnValue:
    """End one sign-in of mine."""
    given = request.form.get("sign_in", "")
    token_id = int(given) if given.isascii() and given.isdigit() and len(given) < 19 else 0
    with transaction() as session:
        is_ended = end_own_sign_in(session, get_signed_in().id, token_id)
    if is_ended:
        flash(_("Signed out there."), "good")
    else:
        flash(_("That sign-in had ended already."), "wait")
    return redirect(url_for("account_sign_ins.show"))


@account_sign_ins.post("/end-others")
@signed_in()
def end_others() -> ResponseReturnValue:
    """End all but this one."""
    me = get_signed_in()
    with transaction() as session:
        ended = end_other_sign_ins(session, me.id, but=me.session_id)
    flash(ngettext("Signed out in %(num)s place.", "Signed out in %(num)s places.", ended), "good")
    return redirect(url_for("account_sign_ins.show"))


def _sign_in(token: AccessToken, this: int) -> SignIn:
    return SignIn(
        id=token.id,
        device=_("A program") if token.kind == Kind.API else describe_device(token.user_agent),
        by_code=token.source == BY_CODE,
        address=token.ip,
        since=token.created_at,
        last_used=token.last_used_at,
        is_this=token.id == this,
    )


def _attempt(attempt: LoginAttempt) -> Attempt:
    return Attempt(
        at=attempt.created_at,
        word=attempt_word(attempt.status),
        device=describe_device(attempt.user_agent),
        address=attempt.ip,
    )
