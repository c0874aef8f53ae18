"""Somebody may have meant STOP: a person has asked, and says what it was, on a page that tells what follows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, flash, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import ngettext
from sqlalchemy.orm import Session

from crm.core.db import current_session, transaction
from crm.core.errors import ConflictError
from crm.mobiletech.conversations.inbox import finish, list_open_of
from crm.mobiletech.conversations.words import InboxReason
from crm.payments.models import RecurrentPayment
from crm.payments.statuses import RecurrentState
from crm.payments.stopping import is_past
from crm.sms_billing.near_stops import let_go_on, list_paused, stop_as_meant
from crm.sms_billing.plans import read_plans
from crm.users.models import KnownNumber
from crm.users.number_list import read_owners
from crm.users.roles import Permission, may
from crm.web.guards import staff
from crm.web.languages import told
from crm.web.message_pages import spaced, unbroken
from crm.web.money import money
from crm.web.number_page import find_number_or_404
from crm.web.page_tools import render_staff_page
from crm.web.reason_form import ReasonForm
from crm.web.retelling import retell
from crm.web.session import get_signed_in

near_stop = Blueprint("near_stop", __name__)

BOTH = ("GET", "POST")
Act = Callable[[Session, int, str], Sequence[RecurrentPayment]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PausedLine:
    """A renewal that is charged only after somebody decides, and what of that the one who looks may do."""

    href: str
    name: str
    price: str
    reason: str
    charge_at: datetime
    is_late: bool
    is_on_its_way: bool
    may_stop: bool
    may_go_on: bool


def list_paused_lines(session: Session, number: KnownNumber) -> list[PausedLine]:
    """Return what waits for a decision about the reader who has the number."""
    owner = read_owners(session, [number]).get(number.id)
    rows = list_paused(session, owner.id) if owner else []
    plans, role = read_plans(session, rows), get_signed_in().role
    return [
        PausedLine(
            href=f"/admin/recurrent-payments/{row.id}",
            name=plans[row.id].name,
            price=unbroken(money(plans[row.id].amount, plans[row.id].currency)),
            reason=retell(row.pause_reason or ""),
            charge_at=row.charge_at,
            is_late=is_past(session, row),
            is_on_its_way=row.state == RecurrentState.PENDING,
            may_stop=may(role, Permission.STOP_RENEWALS),
            may_go_on=may(role, Permission.MANAGE_RENEWALS),
        )
        for row in rows
    ]


@near_stop.route("/<int:number_id>/near-stop/stop", methods=BOTH)
@staff(Permission.STOP_RENEWALS)
def say_stop(number_id: int) -> ResponseReturnValue:
    """Stop what is paused: the reader meant STOP."""

    def act(session: Session, user_id: int, reason: str) -> Sequence[RecurrentPayment]:
        rows = stop_as_meant(session, user_id, reason=reason)
        if rows:
            words = ngettext(
                "It is stopped. An SMS tells the reader so, free of charge.",
                "They are stopped. An SMS tells the reader so, free of charge.",
                len(rows),
            )
            flash(words, "good")
        return rows

    return _decide("stop", number_id, act)


@near_stop.route("/<int:number_id>/near-stop/go-on", methods=BOTH)
@staff(Permission.MANAGE_RENEWALS)
def say_go_on(number_id: int) -> ResponseReturnValue:
    """Let what is paused be charged: the reader did not mean STOP."""

    def act(session: Session, user_id: int, reason: str) -> Sequence[RecurrentPayment]:
        rows = let_go_on(session, user_id, reason=reason)
        if rows:
            words = ngettext(
                "It goes on: it is charged when it is due.",
                "They go on: each is charged when it is due.",
                len(rows),
            )
            flash(words, "good")
        return rows

    return _decide("go_on", number_id, act)


def _decide(page: str, number_id: int, act: Act) -> ResponseReturnValue:
    """Show the page; when the form is sent and sound, decide, and let the SMS that asked wait no more."""
    form = ReasonForm()
    if request.method == "GET":
        return _page(page, form, number_id)
    if not form.validate():
        return _page(page, form, number_id), 422
    try:
        with transaction() as session:
            number = find_number_or_404(session, number_id)
            owner = read_owners(session, [number]).get(number.id)
            rows = act(session, owner.id, form.told("reason").strip()) if owner else []
            if rows:
                _finish(session, number.id)
    except ConflictError as error:
        return _page(page, form, number_id, [retell(told(error))]), 409
    if not rows:
        return _page(page, form, number_id), 409
    return redirect(f"/admin/threads/{number_id}")


def _finish(session: Session, number_id: int) -> None:
    asked = [item.id for item in list_open_of(session, number_id) if item.reason == InboxReason.NEAR_STOP]
    if asked:
        finish(session, asked, by=get_signed_in().id)


def _page(page: str, form: ReasonForm, number_id: int, problems: Sequence[str] = ()) -> str:
    session = current_session()
    number = find_number_or_404(session, number_id)
    return render_staff_page(
        f"near_stop/{page}.html",
        form=form,
        thread_href=f"/admin/threads/{number.id}",
        number=spaced(number.number),
        paused=list_paused_lines(session, number),
        problems=list(problems),
    )
