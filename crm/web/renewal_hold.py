"""Hold all renewals, and let them go on: for an outage, or when something looks wrong."""

from collections.abc import Callable

from flask import Blueprint, flash, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from crm.core.db import current_session, transaction
from crm.payments.charging import CEILING, count_due
from crm.payments.holding import hold, resume
from crm.users.roles import Permission
from crm.web.guards import staff
from crm.web.page_tools import render_staff_page
from crm.web.reason_form import ReasonForm
from crm.web.renewal_words import LIST
from crm.web.renewals import read_hold

renewal_hold = Blueprint("renewal_hold", __name__)

BOTH = ("GET", "POST")


@renewal_hold.route("/hold", methods=BOTH)
@staff(Permission.MANAGE_RENEWALS)
def hold_all() -> ResponseReturnValue:
    """Charge nothing until somebody resumes."""

    def act(session: Session, reason: str) -> str:
        held = hold(session, reason=reason)
        return _("All renewals are held: nothing is charged.") if held else _("They are held already.")

    return _act("hold", act)


@renewal_hold.route("/resume", methods=BOTH)
@staff(Permission.MANAGE_RENEWALS)
def resume_all() -> ResponseReturnValue:
    """Charge again what is due."""

    def act(session: Session, reason: str) -> str:
        resumed = resume(session, reason=reason)
        return _("Renewals are charged again.") if resumed else _("They are not held.")

    return _act("resume", act)


def _act(page: str, act: Callable[[Session, str], str]) -> ResponseReturnValue:
    form = ReasonForm()
    if request.method == "GET":
        return _page(page, form)
    if not form.validate():
        return _page(page, form), 422
    with transaction() as session:
        done = act(session, form.told("reason").strip())
    flash(done, "good")
    return redirect(LIST)


def _page(page: str, form: ReasonForm) -> str:
    session = current_session()
    due, _oldest = count_due(session)
    return render_staff_page(
        f"renewals/{page}.html", form=form, due=due, held=read_hold(session), ceiling=CEILING
    )
