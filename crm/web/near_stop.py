"""Somebody may have meant STOP: a person has asked, and says what it was."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint, abort, flash, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session

from crm.core.db import transaction
from crm.mobiletech.conversations.inbox import finish, list_open_of
from crm.mobiletech.conversations.words import InboxReason
from crm.payments.models import RecurrentPayment
from crm.sms_billing.near_stops import decide, list_paused
from crm.sms_billing.plans import read_plans
from crm.users.models import KnownNumber
from crm.users.number_list import read_owners
from crm.users.roles import Permission, may
from crm.web.guards import staff
from crm.web.message_pages import unbroken
from crm.web.money import money
from crm.web.number_page import find_number_or_404
from crm.web.retelling import retell
from crm.web.session import get_signed_in

near_stop = Blueprint("near_stop", __name__)

DECISIONS = {"stop": True, "go-on": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class PausedLine:
    """A renewal that is charged only after somebody decides, as the conversation shows it."""

    name: str
    price: str
    reason: str
    may_decide: bool


def list_paused_lines(session: Session, number: KnownNumber) -> list[PausedLine]:
    """Return what waits for a decision about the reader who has the number."""
    owner = read_owners(session, [number]).get(number.id)
    rows = list_paused(session, owner.id) if owner else []
    plans = read_plans(session, rows)
    may_decide = may(get_signed_in().role, Permission.STOP_RENEWALS)
    return [
        PausedLine(
            name=plans[row.id].name,
            price=unbroken(money(plans[row.id].amount, plans[row.id].currency)),
            reason=retell(row.pause_reason or ""),
            may_decide=may_decide,
        )
        for row in rows
    ]


@near_stop.post("/<int:number_id>/near-stop")
@staff(Permission.STOP_RENEWALS)
def say(number_id: int) -> ResponseReturnValue:
    """Stop what is paused, or let it go on; the SMS that asked need wait in the inbox no more."""
    decision = request.form.get("decision", "")
    if decision not in DECISIONS:
        abort(400)
    with transaction() as session:
        number = find_number_or_404(session, number_id)
        owner = read_owners(session, [number]).get(number.id)
        rows = decide(session, owner.id, stops=DECISIONS[decision]) if owner else []
        _finish(session, number.id)
    _say(rows, stops=DECISIONS[decision])
    return redirect(f"/admin/threads/{number_id}")


def _finish(session: Session, number_id: int) -> None:
    asked = [item.id for item in list_open_of(session, number_id) if item.reason == InboxReason.NEAR_STOP]
    if asked:
        finish(session, asked, by=get_signed_in().id)


def _say(rows: Sequence[RecurrentPayment], *, stops: bool) -> None:
    if not rows:
        flash(_("Somebody was quicker: nothing waits for a decision any more."), "wait")
    elif stops:
        words = ngettext(
            "It is stopped. An SMS tells the reader so, free of charge.",
            "They are stopped. An SMS tells the reader so, free of charge.",
            len(rows),
        )
        flash(words, "good")
    else:
        words = ngettext(
            "It goes on: it is charged when it is due.",
            "They go on: each is charged when it is due.",
            len(rows),
        )
        flash(words, "good")
