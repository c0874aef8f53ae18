"""What staff do to one renewal, each on a page of its own that says what will happen."""

from collections.abc import Callable, Sequence
from datetime import datetime

from flask import Blueprint, flash, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from crm.core.db import current_session, transaction
from crm.core.errors import ConflictError, CrmError, InvalidInputError
from crm.core.phone import to_international
from crm.payments import pausing, rescheduling, stopping
from crm.payments.errors import InvalidDateError
from crm.payments.models import RecurrentPayment
from crm.payments.prospects import Prospect, look_ahead
from crm.payments.statuses import RecurrentState
from crm.sms_billing.bills import find_key_of
from crm.sms_billing.spending import read_spending
from crm.users.phones import find_phones_of
from crm.users.roles import Permission
from crm.web.guards import staff
from crm.web.ids import LARGEST_ID
from crm.web.languages import told
from crm.web.page_tools import get_settings, local_time, render_staff_page
from crm.web.reason_form import ReasonForm
from crm.web.renewal import get_row
from crm.web.renewal_forms import PostponeForm
from crm.web.renewal_rows import as_row, read_surroundings
from crm.web.renewal_words import LIST
from crm.web.retelling import retell

renewal_acts = Blueprint("renewal_acts", __name__)

Act = Callable[[Session, RecurrentPayment], str]
BOTH = ("GET", "POST")


@renewal_acts.route("/<int:renewal_id>/charge", methods=BOTH)
@staff(Permission.MANAGE_RENEWALS)
def charge(renewal_id: int) -> ResponseReturnValue:
    """Charge it now."""
    form = ReasonForm()

    def act(session: Session, row: RecurrentPayment) -> str:
        rescheduling.try_now(session, row, reason=form.told("reason").strip())
        if row.state != RecurrentState.PENDING:
            return _("It was not charged: %(reason)s", reason=retell(row.approval or ""))
        return _("The charge is on its way; the gateway's report decides.")

    return _act("charge", form, renewal_id, act)


@renewal_acts.route("/<int:renewal_id>/postpone", methods=BOTH)
@staff(Permission.MANAGE_RENEWALS)
def postpone(renewal_id: int) -> ResponseReturnValue:
    """Move it to a later day."""
    form = PostponeForm()

    def act(session: Session, row: RecurrentPayment) -> str:
        zone = get_settings().timezone
        until = datetime.combine(form.day.data, row.charge_at.astimezone(zone).time(), zone)
        rescheduling.postpone(session, row, until, reason=form.told("reason").strip())
        return _("It is charged on %(moment)s.", moment=local_time(until, "minute"))

    return _act("postpone", form, renewal_id, act)


@renewal_acts.route("/<int:renewal_id>/pause", methods=BOTH)
@staff(Permission.MANAGE_RENEWALS)
def pause(renewal_id: int) -> ResponseReturnValue:
    """Let it wait for a person."""
    form = ReasonForm()

    def act(session: Session, row: RecurrentPayment) -> str:
        paused = pausing.pause(session, row, form.told("reason").strip())
        return _("It is paused: nothing is charged until somebody lets it go on.") if paused else _already()

    return _act("pause", form, renewal_id, act)


@renewal_acts.route("/<int:renewal_id>/go-on", methods=BOTH)
@staff(Permission.MANAGE_RENEWALS)
def go_on(renewal_id: int) -> ResponseReturnValue:
    """Let a paused one go on."""
    form = ReasonForm()

    def act(session: Session, row: RecurrentPayment) -> str:
        pausing.go_on(session, row, form.told("reason").strip())
        return _("It goes on; its date is %(moment)s.", moment=local_time(row.charge_at, "minute"))

    return _act("go_on", form, renewal_id, act)


@renewal_acts.route("/<int:renewal_id>/stop", methods=BOTH)
@staff(Permission.STOP_RENEWALS)
def stop(renewal_id: int) -> ResponseReturnValue:
    """Stop it."""
    form = ReasonForm()

    def act(session: Session, row: RecurrentPayment) -> str:
        [stopped] = stopping.stop(session, [row], by_user=False, note=form.told("reason").strip())
        if stopped.may_still_be_billed:
            return _("It is stopped. The charge that had left may still be billed; none follows it.")
        return _("It is stopped: nothing more is charged.")

    return _act("stop", form, renewal_id, act)


@renewal_acts.route("/<int:renewal_id>/reactivate", methods=BOTH)
@staff(Permission.MANAGE_RENEWALS)
def reactivate(renewal_id: int) -> ResponseReturnValue:
    """Let a stopped one go on."""
    form = ReasonForm()

    def act(session: Session, row: RecurrentPayment) -> str:
        stopping.reactivate(session, row, by_user=False, reason=form.told("reason").strip())
        return _("It goes on; its date is %(moment)s.", moment=local_time(row.charge_at, "minute"))

    return _act("reactivate", form, renewal_id, act)


@renewal_acts.route("/<int:renewal_id>/anew", methods=BOTH)
@staff(Permission.MANAGE_RENEWALS)
def try_anew(renewal_id: int) -> ResponseReturnValue:
    """Try one that was given up once more."""
    form = ReasonForm()

    def act(session: Session, row: RecurrentPayment) -> str:
        anew = stopping.reactivate_after_system_stop(session, row, reason=form.told("reason").strip())
        return _("It is tried anew on %(moment)s.", moment=local_time(anew.charge_at, "minute"))

    return _act("anew", form, renewal_id, act)


def _already() -> str:
    return _("It is paused already.")


def _act(page: str, form: ReasonForm, renewal_id: int, act: Act) -> ResponseReturnValue:
    """Show the page; when the form is sent and sound, do it in the reader's lane and go back to the renewal."""
    if renewal_id > LARGEST_ID or request.method == "GET":
        return _page(page, form, renewal_id)
    if not form.validate():
        return _page(page, form, renewal_id), 422
    try:
        with transaction() as session:
            done = act(session, stopping.get_renewal(session, renewal_id))
    except InvalidDateError as error:
        form["day"].errors = [told(error)]
        return _page(page, form, renewal_id), 422
    except (ConflictError, InvalidInputError) as error:
        return _page(page, form, renewal_id, [_told(error)]), 409
    flash(done, "good")
    return redirect(f"{LIST}/{renewal_id}")


def _told(error: CrmError) -> str:
    """Return the refusal; what a gateway has against it was stored in English."""
    return retell(told(error))


def _page(page: str, form: ReasonForm, renewal_id: int, problems: Sequence[str] = ()) -> str:
    session = current_session()
    row = get_row(session, renewal_id)
    number = find_phones_of(session, [row.user_id]).get(row.user_id)
    ahead = look_ahead(session, row) if row.state == RecurrentState.ACTIVE else None
    return render_staff_page(
        f"renewal_acts/{page}.html",
        form=form,
        renewal=row,
        line=as_row(row, read_surroundings(session, [row], ())),
        ahead=ahead,
        against=_against(row, ahead),
        billkey=find_key_of(session, ahead.charge) if ahead is not None else None,
        spending=read_spending(session, to_international(number), row.user_id) if number else None,
        is_late=stopping.is_past(session, row),
        problems=list(problems),
    )


def _against(row: RecurrentPayment, ahead: Prospect | None) -> list[str]:
    """Return the rules for which it is not charged now, in sentences."""
    if ahead is None:
        return [_("Only a renewal that is planned can be charged now or moved.")]
    rules = []
    if ahead.hold is not None:
        rules.append(_("All renewals are held: resume them first."))
    if row.paused_at is not None:
        rules.append(_("It is paused and waits for a person: let it go on first."))
    if ahead.is_too_soon:
        earliest = local_time(ahead.earliest, "minute")
        rules.append(_("The period before was paid too recently: not before %(moment)s.", moment=earliest))
    if ahead.refusal is not None:
        rules.append(retell(ahead.refusal.told))
    return rules
