"""The page behind the link in an SMS: what would be stopped, and one big button; no login, and no change by looking.

Whoever has the link has the SMS. Programs that open every link of a message change nothing: only the button does.
"""

from flask import Blueprint, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from crm.core.db import current_session, transaction
from crm.core.errors import ConflictError
from crm.sms_billing.link_acts import Linked, UnknownLinkError, go_on_linked, read_linked, stop_linked
from crm.users.accounts import get_user
from crm.users.audit_log import Actor, acting
from crm.web.guards import public
from crm.web.languages import told
from crm.web.money import money
from crm.web.request_log import request_id

stop_link = Blueprint("stop_link", __name__)

REASON = (
    "the link is the secret: it came by SMS to the number that pays, and stops only what that number pays for"
)


@stop_link.get("/<token>")
@public(REASON)
def show(token: str) -> ResponseReturnValue:
    """Show what the link stops, or that it is stopped."""
    return _page(token)


@stop_link.post("/<token>/stop")
@public(REASON)
def stop(token: str) -> ResponseReturnValue:
    """Stop it; a second press finds it stopped."""
    return _change(token, stop=True)


@stop_link.post("/<token>/go-on")
@public(REASON)
def go_on(token: str) -> ResponseReturnValue:
    """Let it go on after all."""
    return _change(token, stop=False)


def _change(token: str, *, stop: bool) -> ResponseReturnValue:
    try:
        with acting(_actor(token)), transaction() as session:
            if stop:
                stop_linked(session, token)
            else:
                go_on_linked(session, token)
    except UnknownLinkError:
        return _page(token)
    except ConflictError as error:
        return _page(token, problem=told(error), status=409)
    return redirect(f"/s/{token}")


def _actor(token: str) -> Actor:
    """Return in whose name the link acts, for the audit log."""
    session = current_session()
    reader = get_user(session, read_linked(session, token).user_id)
    actor = Actor(
        name=reader.public_name, user_id=reader.id, ip=request.remote_addr or "", request_id=request_id()
    )
    session.rollback()
    return actor


def _page(token: str, *, problem: str = "", status: int = 200) -> ResponseReturnValue:
    linked: Linked | None
    try:
        linked = read_linked(current_session(), token)
    except UnknownLinkError:
        linked, status = None, 404
    response = make_response(
        render_template(
            "stop_link/show.html",
            linked=linked,
            token=token,
            price=money(linked.price, linked.currency) if linked else "",
            problem=problem,
        ),
        status,
    )
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response
