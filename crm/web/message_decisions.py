"""What a person decides about one SMS of ours that stands still: whether it charged, whether it goes, whether again."""

from collections.abc import Callable, Sequence
from typing import Any

from flask import Blueprint, abort, flash, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from crm.core.db import current_session, transaction
from crm.core.errors import ConflictError
from crm.mobiletech.models import OutboundMessage
from crm.mobiletech.second_chances import drop, send_again
from crm.mobiletech.wire.operators import Operator
from crm.sms_billing.binding import bind, list_orphans
from crm.sms_billing.outcomes import is_unproven
from crm.sms_billing.releasing import cancel, find_refusal, release
from crm.sms_billing.settling import Decision, settle
from crm.users.roles import Permission
from crm.web.forms import Form
from crm.web.guards import staff
from crm.web.ids import LARGEST_ID
from crm.web.languages import told
from crm.web.message_decision_page import decision_choices, facts_of, operator_choices
from crm.web.page_tools import render_staff_page
from crm.web.reason_form import ReasonForm
from crm.web.renewal_forms import ReleaseForm, SettleForm
from crm.web.retelling import retell

message_decisions = Blueprint("message_decisions", __name__)

BOTH = ("GET", "POST")
BIND = "bind:"  # before the gateway's id, among the decisions
PAGE = "/admin/messages/outbound"


@message_decisions.route("/outbound/<int:message_id>/settle", methods=BOTH)
@staff(Permission.MANAGE_RENEWALS, confirmed=True)
def settle_outcome(message_id: int) -> ResponseReturnValue:
    """Say whether it was billed, or which reports are its."""
    session, form = current_session(), SettleForm()
    message = _get(session, message_id)
    orphans = list_orphans(session, message)
    form.decision.choices = decision_choices(orphans, can_settle=is_unproven(message), bind=BIND)

    def act(session: Session, reason: str) -> str:
        chosen = form.told("decision")
        if chosen.startswith(BIND):
            bind(session, message_id, chosen.removeprefix(BIND), reason=reason)
            return _("The reports are bound to it; within moments they decide.")
        settle(session, message_id, Decision(chosen), reason=reason)
        if chosen == Decision.BILLED:
            return _("It counts as billed.")
        return _("It counts as not billed. A renewal is tried again by its rule.")

    against = "" if form.decision.choices else _("What became of it is known by now.")
    return _decide("settle", form, message, act, against=against, orphans=orphans)


@message_decisions.route("/outbound/<int:message_id>/release", methods=BOTH)
@staff(Permission.MANAGE_RENEWALS, confirmed=True)  # as resending: it sends what charges, on a person's word
def release_held(message_id: int) -> ResponseReturnValue:
    """Let a held one go."""
    session, form = current_session(), ReleaseForm()
    message = _get(session, message_id)
    form.operator.choices = operator_choices()
    if request.method == "GET":
        form.operator.data = message.operator_type

    def act(session: Session, reason: str) -> str:
        release(session, message_id, reason=reason, operator=Operator(form.told("operator")))
        return _("It goes out within moments.")

    against = retell(find_refusal(session, message) or "")
    return _decide("release", form, message, act, against=against)


@message_decisions.route("/outbound/<int:message_id>/cancel", methods=BOTH)
@staff(Permission.MANAGE_RENEWALS)
def cancel_held(message_id: int) -> ResponseReturnValue:
    """Cancel a held one."""
    message = _get(current_session(), message_id)

    def act(session: Session, reason: str) -> str:
        cancel(session, message_id, reason=reason)
        return _("It is cancelled: nobody is charged.")

    against = "" if message.state == "held" else _("It is not held any more.")
    return _decide("cancel", ReasonForm(), message, act, against=against)


@message_decisions.route("/outbound/<int:message_id>/again", methods=BOTH)
@staff(Permission.ANSWER)
def send_free_again(message_id: int) -> ResponseReturnValue:
    """Send a free one of unknown fate once more."""
    message = _get(current_session(), message_id)

    def act(session: Session, reason: str) -> str:
        copy = send_again(session, message_id, reason=reason)
        return _("It is sent again, as message %(id)s.", id=copy.id)

    return _decide("again", ReasonForm(), message, act, against=_against_again(message))


@message_decisions.route("/outbound/<int:message_id>/drop", methods=BOTH)
@staff(Permission.ANSWER)
def drop_free(message_id: int) -> ResponseReturnValue:
    """Give a free one of unknown fate up."""
    message = _get(current_session(), message_id)

    def act(session: Session, reason: str) -> str:
        drop(session, message_id, reason=reason)
        return _("It is dropped.")

    return _decide("drop", ReasonForm(), message, act, against=_against_free(message))


def _get(session: Session, message_id: int) -> OutboundMessage:
    message = session.get(OutboundMessage, message_id) if message_id <= LARGEST_ID else None
    if message is None:
        abort(404)
    return message


def _against_free(message: OutboundMessage) -> str:
    if message.paid:
        return _("It may have charged the reader: settle its outcome instead.")
    return "" if message.state == "unknown" else _("What became of it is known by now.")


def _against_again(message: OutboundMessage) -> str:
    if message.is_secret:
        return _("Its text is gone: whoever waits for a code asks for another.")
    return _against_free(message)


def _decide(
    page: str,
    form: Form,
    message: OutboundMessage,
    act: Callable[[Session, str], str],
    *,
    against: str,
    **more: Any,
) -> ResponseReturnValue:
    """Show the page; when the form is sent and sound, do it and go back to the message."""
    message_id = message.id
    if request.method == "GET":
        return _page(page, form, message, against=against, **more)
    if against:
        return _page(page, form, message, against=against, **more), 409
    if not form.validate():
        return _page(page, form, message, against="", **more), 422
    current_session().rollback()  # the act begins with the reader's lane, before any look
    try:
        with transaction() as session:
            done = act(session, form.told("reason").strip())
    except ConflictError as error:  # a report or a colleague was quicker, just now
        refused = _get(current_session(), message_id)
        problems = [retell(told(error))]
        return _page(page, form, refused, against="", problems=problems, **more), 409
    flash(done, "good")
    return redirect(f"{PAGE}/{message_id}")


def _page(
    page: str,
    form: Form,
    message: OutboundMessage,
    *,
    against: str,
    problems: Sequence[str] = (),
    **more: Any,
) -> str:
    facts = facts_of(current_session(), message)
    return render_staff_page(
        f"message_decisions/{page}.html",
        form=form,
        message=facts,
        against=against,
        problems=list(problems),
        **more,
    )
