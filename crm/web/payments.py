"""One payment with its proof; and what a person may do to it, on a page that says what will happen."""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, flash, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import RadioField, SelectChoice
from wtforms.validators import DataRequired

from crm.core.db import current_session, transaction
from crm.payments.errors import RefusedMoveError
from crm.payments.moves import NOT_OPEN, call_off, find_following, find_refusal_to_refund, refund
from crm.payments.statuses import PaymentStatus, RecurrentState
from crm.subscriptions.models import Subscription
from crm.users.roles import Permission
from crm.web.guards import staff
from crm.web.ids import LARGEST_ID
from crm.web.languages import told
from crm.web.page_tools import local_time, render_staff_page
from crm.web.payment_page import get_payment_or_404, payment_facts, read_payment
from crm.web.payment_words import LIST
from crm.web.reason_form import ReasonForm

payments = Blueprint("payments", __name__)

BOTH = ("GET", "POST")
ENDS, STAYS = "ends", "stays"


class RefundForm(ReasonForm):
    """What becomes of the subscription, and why the money is given back."""

    subscription = RadioField(
        _l("The subscription"),
        choices=[
            SelectChoice(value=ENDS, label=_l("Ends now: the reader has nothing for it any more")),
            SelectChoice(value=STAYS, label=_l("Stays until its end: a favour")),
        ],
        validators=[DataRequired(_l("Choose what becomes of the subscription."))],
    )


@payments.get("/<int:payment_id>")
@staff(Permission.READ)
def show(payment_id: int) -> str:
    """Show one payment."""
    session = current_session()
    return render_staff_page(
        "payments/show.html", **read_payment(session, get_payment_or_404(session, payment_id))
    )


@payments.route("/<int:payment_id>/refund", methods=BOTH)
@staff(Permission.MANAGE_RENEWALS)
def give_back(payment_id: int) -> ResponseReturnValue:
    """Write down that the money was given back."""
    form = RefundForm()
    has_subscription = _subscription_of(payment_id) is not None
    if not has_subscription:
        del form.subscription
    if request.method == "GET":
        return _refund_page(form, payment_id)
    if not form.validate():
        return _refund_page(form, payment_id), 422
    ends = has_subscription and form.told("subscription") == ENDS
    try:
        with transaction() as session:
            done = refund(
                session,
                min(payment_id, LARGEST_ID),
                ends_subscription=ends,
                reason=form.told("reason").strip(),
            )
            left = done.may_still_be_billed
    except RefusedMoveError as error:
        return _refund_page(form, payment_id, [told(error)]), 409
    if left:
        flash(_("The payment is given back. A charge has left already and may still be billed."), "warn")
    else:
        flash(_("The payment is given back here. Now give the reader the money."), "good")
    return redirect(f"{LIST}/{payment_id}")


@payments.route("/<int:payment_id>/call-off", methods=BOTH)
@staff(Permission.MANAGE_RENEWALS)
def call_back(payment_id: int) -> ResponseReturnValue:
    """Call the SMS of an open payment back."""
    form = ReasonForm()
    if request.method == "GET":
        return _call_off_page(form, payment_id)
    if not form.validate():
        return _call_off_page(form, payment_id), 422
    try:
        with transaction() as session:
            call_off(session, min(payment_id, LARGEST_ID), reason=form.told("reason").strip())
    except RefusedMoveError as error:
        return _call_off_page(form, payment_id, [told(error)]), 409
    flash(_("The payment is called off. Its SMS will not go out."), "good")
    return redirect(f"{LIST}/{payment_id}")


def _refund_page(form: RefundForm, payment_id: int, problems: Sequence[str] = ()) -> str:
    session = current_session()
    payment = get_payment_or_404(session, payment_id)
    refusal, row = find_refusal_to_refund(payment), find_following(session, payment)
    following = None
    if row is not None:
        is_planned = row.state == RecurrentState.ACTIVE
        following = {"at": local_time(row.charge_at, "minute"), "is_planned": is_planned}
    subscription = _subscription_of(payment_id)
    return _page(
        "refund",
        form,
        payment_id,
        problems,
        refusal=_(refusal) if refusal else None,
        following=following,
        ends_at=local_time(subscription.end_time, "minute") if subscription else None,
    )


def _call_off_page(form: ReasonForm, payment_id: int, problems: Sequence[str] = ()) -> str:
    payment = get_payment_or_404(current_session(), payment_id)
    return _page(
        "call_off",
        form,
        payment_id,
        problems,
        refusal=None if payment.status == PaymentStatus.FORM else _(NOT_OPEN),
        is_renewal=payment.recurrent_charge,
    )


def _page(
    page: str, form: ReasonForm, payment_id: int, problems: Sequence[str], *, refusal: str | None, **more: Any
) -> str:
    """Render the page; where the act is refused from the start it says the rule and has no form."""
    session = current_session()
    payment = get_payment_or_404(session, payment_id)
    return render_staff_page(
        f"payments/{page}.html",
        form=form,
        payment=payment_facts(session, payment),
        problems=list(problems),
        refusal=refusal,
        possible=refusal is None,
        **more,
    )


def _subscription_of(payment_id: int) -> Subscription | None:
    session = current_session()
    payment = get_payment_or_404(session, payment_id)
    return session.get(Subscription, payment.subscription_id) if payment.subscription_id else None
