"""The keys of other systems: list them, make one and show it once, revoke one. All of it after the password."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from flask import Blueprint, abort, flash, redirect
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select

from crm.core.clock import db_now
from crm.core.db import current_session, transaction
from crm.core.errors import ConflictError, InvalidInputError
from crm.mobiletech.words import Tone, Word
from crm.users.api_tokens import create_token, get_token, list_tokens, revoke_token
from crm.users.errors import TokenNameError
from crm.users.models import ApiToken
from crm.users.roles import Permission
from crm.web.guards import staff
from crm.web.ids import LARGEST_ID
from crm.web.languages import told
from crm.web.page_tools import get_settings, render_staff_page
from crm.web.reason_form import ReasonForm
from crm.web.token_forms import TokenForm

tokens = Blueprint("tokens", __name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One token in the list."""

    name: str
    scopes: str
    networks: str
    state: Word
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoke_href: str | None


@tokens.get("")
@staff(Permission.MANAGE_TOKENS, confirmed=True)
def show_list() -> str:
    """List all tokens, those that open something first."""
    session = current_session()
    now: datetime = session.execute(select(db_now())).scalar_one()
    rows = [_row(token, now) for token in list_tokens(session)]
    rows.sort(key=lambda row: row.revoke_href is None)
    return render_staff_page("tokens/list.html", rows=rows)


@tokens.get("/new")
@staff(Permission.MANAGE_TOKENS, confirmed=True)
def write_new() -> str:
    """Show an empty form."""
    return _new_page(TokenForm())


@tokens.post("/new")
@staff(Permission.MANAGE_TOKENS, confirmed=True)
def create() -> ResponseReturnValue:
    """Make a token and show it in this answer only: not in an address, not in a cookie, never again."""
    form = TokenForm()
    if not form.validate():
        return _new_page(form), 422
    name = form.told("name").strip()
    try:
        with transaction() as session:
            secret = create_token(
                session,
                name,
                scopes=form.scopes.data,
                networks=form.list_networks(),
                expires_at=_end_of(form.expires_on.data),
            )
    except (ConflictError, TokenNameError) as error:
        form["name"].errors = [told(error)]
        return _new_page(form), 422
    except InvalidInputError as error:
        form.networks.errors = [told(error)]
        return _new_page(form), 422
    return render_staff_page("tokens/made.html", name=name, secret=secret)


@tokens.get("/<int:token_id>/revoke")
@staff(Permission.MANAGE_TOKENS, confirmed=True)
def ask_to_revoke(token_id: int) -> str:
    """Say what revoking does."""
    return _revoke_page(ReasonForm(), _get(token_id))


@tokens.post("/<int:token_id>/revoke")
@staff(Permission.MANAGE_TOKENS, confirmed=True)
def revoke(token_id: int) -> ResponseReturnValue:
    """Close the token at once."""
    form, token = ReasonForm(), _get(token_id)
    if not form.validate():
        return _revoke_page(form, token), 422
    with transaction() as session:
        name = get_token(session, token_id).name
        revoke_token(session, name, reason=form.told("reason").strip())
    flash(_("The token %(name)s is revoked.", name=name), "good")
    return redirect("/admin/tokens")


def _get(token_id: int) -> ApiToken:
    """Return a token that can still be revoked; 404 for any other."""
    token = get_token(current_session(), token_id) if token_id <= LARGEST_ID else None
    if token is None or token.revoked_at is not None:
        abort(404)
    return token


def _new_page(form: TokenForm) -> str:
    return render_staff_page("tokens/new.html", form=form)


def _revoke_page(form: ReasonForm, token: ApiToken) -> str:
    return render_staff_page("tokens/revoke.html", form=form, token=token)


def _row(token: ApiToken, now: datetime) -> Row:
    is_open = token.revoked_at is None
    return Row(
        name=token.name,
        scopes=", ".join(token.scopes),
        networks=", ".join(token.networks),
        state=_state(token, now),
        created_at=token.created_at,
        expires_at=token.expires_at,
        last_used_at=token.last_used_at,
        revoke_href=f"/admin/tokens/{token.id}/revoke" if is_open else None,
    )


def _state(token: ApiToken, now: datetime) -> Word:
    if token.revoked_at is not None:
        return Word(_("Revoked"), Tone.WAIT, "stop")
    if token.expires_at is not None and token.expires_at <= now:
        return Word(_("Expired"), Tone.WARN, "clock")
    return Word(_("Valid"), Tone.GOOD, "check")


def _end_of(day: date | None) -> datetime | None:
    """Return the moment after the last day."""
    if day is None:
        return None
    return datetime.combine(day + timedelta(days=1), time.min, get_settings().timezone).astimezone(UTC)
