"""What people decide about failed work: try it again or give it up, on a page that says what will happen."""

import re
from collections.abc import Callable, Sequence

from flask import Blueprint, abort, flash, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session

from crm.core.db import current_session, transaction
from crm.core.errors import N_, NotFoundError
from crm.events.failed_work import find_work, has_failed
from crm.events.models import OutboxEntry
from crm.mobiletech.given_up_work import give_up_work
from crm.users.failed_work import retry_work
from crm.users.roles import Permission
from crm.web.failed_work import read_work_query
from crm.web.guards import staff
from crm.web.ids import LARGEST_ID
from crm.web.languages import told
from crm.web.page_tools import render_staff_page
from crm.web.reason_form import ReasonForm
from crm.web.work_words import LIST, as_row, event_name, words_of

work_decisions = Blueprint("work_decisions", __name__)

BOTH = ("GET", "POST")
DECISIONS: dict[str, Callable[..., int]] = {"retry": retry_work, "discard": give_up_work}
_IDS = re.compile(r"[0-9]{1,19}(?:,[0-9]{1,19}){0,199}", re.ASCII)


@work_decisions.post("")
@staff(Permission.OPERATE)
def choose() -> ResponseReturnValue:
    """Go on from the ticked rows of the list to the page that says what will happen."""
    ids = ",".join(dict.fromkeys(request.form.getlist("id")))
    act = request.form.get("act", "")
    if act not in DECISIONS or (ids and not _IDS.fullmatch(ids)):
        abort(404)
    if not ids:
        flash(_("Nothing is chosen: tick the work that you mean."), "warn")
        return redirect(f"{LIST}{read_work_query().href()}".removesuffix("?"))
    return redirect(f"{LIST}/{ids}/{act}")


@work_decisions.route("/<ids>/retry", methods=BOTH)
@staff(Permission.OPERATE)
def retry(ids: str) -> ResponseReturnValue:
    """Have it tried again, with a reason."""
    return _decide("retry", ids)


@work_decisions.route("/<ids>/discard", methods=BOTH)
@staff(Permission.OPERATE)
def discard(ids: str) -> ResponseReturnValue:
    """Give it up, with a reason."""
    return _decide("discard", ids)


def _decide(act: str, ids: str) -> ResponseReturnValue:
    form, chosen = ReasonForm(), _chosen(current_session(), ids)
    if request.method == "GET":
        return _page(act, form, chosen)
    if not form.validate():
        return _page(act, form, chosen), 422
    reason = form.told("reason").strip()
    try:
        with transaction() as session:
            count = DECISIONS[act](session, [entry.id for entry in chosen], reason=reason)
    except NotFoundError as error:  # a worker or a colleague was quicker, just now
        return _page(act, form, chosen, [told(error)]), 409
    flash(_done(act, count), "good")
    return redirect(LIST)


def _chosen(session: Session, ids: str) -> Sequence[OutboxEntry]:
    """Return those of the ids that can still be decided about. Raises: NotFoundError when there is none."""
    if not _IDS.fullmatch(ids):
        abort(404)
    wanted = [int(each) for each in ids.split(",")]
    found = find_work(session, [each for each in wanted if each <= LARGEST_ID])
    failed = [entry for entry in found if has_failed(entry)]
    if not failed:
        raise NotFoundError(N_("This work has not failed, or somebody has decided about it already."))
    return failed


def _page(act: str, form: ReasonForm, chosen: Sequence[OutboxEntry], problems: Sequence[str] = ()) -> str:
    events = dict.fromkeys(entry.event for entry in chosen)
    return render_staff_page(
        f"failed_work/{act}.html",
        form=form,
        problems=list(problems),
        rows=[as_row(entry) for entry in chosen],
        # Each sort of work once, with what the decision comes to.
        consequences={event_name(event): _(getattr(words_of(event), act)) for event in events},
    )


def _done(act: str, count: int) -> str:
    if act == "retry":
        return ngettext(
            "%(num)s piece of work is due now. It leaves this list when it is done.",
            "%(num)s pieces of work are due now. They leave this list when they are done.",
            count,
        )
    return ngettext(
        "%(num)s piece of work is given up. The audit log has the reason.",
        "%(num)s pieces of work are given up. The audit log has the reason.",
        count,
    )
