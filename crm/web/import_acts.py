"""What people decide about an import: for real, to end, to go on; each on a page that says what happens."""

from collections.abc import Callable

from flask import Blueprint, flash, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session
from wtforms import BooleanField

from crm.core.db import current_session, transaction
from crm.importer.entities.recurrent_payments import RECURRENT_PAYMENTS
from crm.importer.entities.users import USERS
from crm.importer.errors import ImportStateError, UnknownImportError
from crm.importer.models import ImportRun
from crm.importer.runs import ENDED, get_run
from crm.importer.working import begin_real_run, cancel, refuse_real, resume
from crm.payments.holding import find_hold
from crm.users.roles import Permission
from crm.web.count_words import spell
from crm.web.forms import Form
from crm.web.guards import ask_for_password, staff
from crm.web.ids import LARGEST_ID
from crm.web.import_due import due_label, due_question
from crm.web.import_words import LIST, entity_title
from crm.web.languages import told
from crm.web.page_tools import render_staff_page
from crm.web.session import get_signed_in

import_acts = Blueprint("import_acts", __name__)

BOTH = ("GET", "POST")
RENEWALS, PEOPLE = RECURRENT_PAYMENTS.name, USERS.name


class RealForm(Form):
    """Whether what is due may be charged at once."""

    confirm_due = BooleanField()


@import_acts.route("/<int:dry_run_id>/real", methods=BOTH)
@staff(Permission.IMPORT)
def import_for_real(dry_run_id: int) -> ResponseReturnValue:
    """Import the file of a dry run, after a page that says the counts; for people, who have roles, the password too."""
    session, form = current_session(), RealForm()
    dry = _get(session, dry_run_id)
    if dry.entity == PEOPLE and (detour := ask_for_password(get_signed_in())) is not None:
        return detour
    try:
        refuse_real(session, dry)
        if request.method == "GET":
            return _real_page(session, dry, form)
        if not form.validate():
            return _real_page(session, dry, form), 422
        with transaction() as session:
            real_id = begin_real_run(session, dry.id, confirm_due=bool(form.confirm_due.data)).id
    except (ImportStateError, UnknownImportError) as error:
        return _go_back(dry_run_id, told(error))
    flash(_("The import has begun. It goes on by itself, also when you leave this page."), "good")
    return redirect(f"{LIST}/{real_id}")


@import_acts.route("/<int:open_run_id>/cancel", methods=BOTH)
@staff(Permission.IMPORT)
def end(open_run_id: int) -> ResponseReturnValue:
    """End an import that runs."""
    done = _("The import ends after the rows that are being written.")
    return _decide("cancel", open_run_id, cancel, done)


@import_acts.route("/<int:open_run_id>/resume", methods=BOTH)
@staff(Permission.IMPORT)
def go_on(open_run_id: int) -> ResponseReturnValue:
    """Let an import go on where it was."""
    return _decide("resume", open_run_id, resume, _("The import goes on where it was."))


def _decide(
    act: str, run_id: int, decide: Callable[[Session, int], ImportRun], done: str
) -> ResponseReturnValue:
    form, run = Form(), _get(current_session(), run_id)
    if run.state in ENDED:
        return _go_back(run_id, _("This import has ended already."))
    if request.method == "GET" or not form.validate():
        page = render_staff_page(f"imports/{act}.html", form=form, run=run, title=entity_title(run.entity))
        return page, 200 if request.method == "GET" else 422
    try:
        with transaction() as session:
            decide(session, run.id)
    except ImportStateError as error:
        return _go_back(run_id, told(error))
    flash(done, "good")
    return redirect(f"{LIST}/{run_id}")


def _real_page(session: Session, dry: ImportRun, form: RealForm) -> str:
    form.confirm_due.label.text = due_label(session, dry)
    return render_staff_page(
        "imports/real.html",
        form=form,
        run=dry,
        title=entity_title(dry.entity),
        counts=_count_words(dry),
        out_or_stopped=_out_or_stopped(dry),
        due=due_question(dry),
        press=_press(dry),
        needs_hold=dry.entity == RENEWALS and find_hold(session) is None,
    )


def _count_words(dry: ImportRun) -> str:
    return ngettext(
        "%(rows)s row: %(inserted)s new, %(updated)s changed, %(unchanged)s as it is.",
        "%(rows)s rows: %(inserted)s new, %(updated)s changed, %(unchanged)s as they are.",
        dry.rows_done,
        rows=spell(dry.rows_done),
        inserted=spell(dry.inserted),
        updated=spell(dry.updated),
        unchanged=spell(dry.unchanged),
    )


def _press(dry: ImportRun) -> str:
    """Say how many rows come in, as far as the box of what is due does not decide it."""
    if dry.due_count:
        return _("Import it")
    good = dry.rows_done - dry.refused
    return ngettext("Import %(count)s row", "Import %(count)s rows", good, count=spell(good))


def _out_or_stopped(dry: ImportRun) -> list[str]:
    """Say of how many rows less comes than the file has: they stay out, or come in and charge nobody."""
    told = []
    bad = dry.refused - (0 if dry.confirm_due else dry.due_count)  # what is only due waits for the box
    if bad > 0:
        told.append(
            ngettext(
                "%(count)s is refused and stays out; it can be mended and imported by itself.",
                "%(count)s are refused and stay out; they can be mended and imported by themselves.",
                bad,
                count=spell(bad),
            )
        )
    if dry.stopped:
        told.append(
            ngettext(
                "%(count)s renewal breaks a rule: it comes in stopped, and nothing is charged for it.",
                "%(count)s renewals break a rule: they come in stopped, and nothing is charged for them.",
                dry.stopped,
                count=spell(dry.stopped),
            )
        )
    return told


def _get(session: Session, run_id: int) -> ImportRun:
    return get_run(session, min(run_id, LARGEST_ID))


def _go_back(run_id: int, problem: str) -> ResponseReturnValue:
    flash(problem, "warn")
    return redirect(f"{LIST}/{run_id}")
