"""The subscription types: what readers can have, for how much, how it is sold by SMS; adding and changing them."""

from flask import Blueprint, flash, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from crm.core.db import current_session, transaction
from crm.core.errors import ConflictError, InvalidInputError
from crm.subscriptions.models import SubscriptionType
from crm.subscriptions.queries import get_type, list_types
from crm.subscriptions.types import add_type, edit_type, subject_of
from crm.users.audit_log import list_acts_on
from crm.users.roles import Permission, may
from crm.web.act_words import as_line
from crm.web.entry_errors import put_beside
from crm.web.guards import staff
from crm.web.page_tools import render_staff_page
from crm.web.session import get_signed_in
from crm.web.type_choices import fill_choices, name_in_sms
from crm.web.type_forms import EditTypeForm, NewTypeForm, TypeForm
from crm.web.type_question import Question, QuestionError, find_question
from crm.web.type_rows import make_rows, page_of
from crm.web.type_sale import form_of, sell

subscription_types = Blueprint("subscription_types", __name__)

LIST = "/admin/subscription-types"
SHOWN_CHANGES = 10
MEANT, BACK, PREVIEW = "meant", "back", "preview"


@subscription_types.get("")
@staff(Permission.READ)
def show_list() -> str:
    """List all types and what is wrong with them."""
    session = current_session()
    rows = make_rows(session, list_types(session))
    return render_staff_page("subscription_types/list.html", rows=rows, may_edit=_may_edit())


@subscription_types.get("/new")
@staff(Permission.MANAGE_TYPES)
def write_new() -> str:
    """Show an empty form."""
    return _new_page(NewTypeForm(formdata=None))


@subscription_types.post("/new")
@staff(Permission.MANAGE_TYPES)
def create() -> ResponseReturnValue:
    """Add a type."""
    form = NewTypeForm()
    if PREVIEW in request.form:
        return _new_page(form)
    if not form.validate():
        return _new_page(form), 422
    try:
        with transaction() as session:
            added = add_type(session, form.told("code").strip(), form.details())
            sell(session, added, form)
            code, label = added.code, added.user_label
    except (InvalidInputError, ConflictError) as error:
        put_beside(form, error, otherwise="code")
        return _new_page(form), 422
    flash(_("%(label)s is added. A rule that starts it lets readers have it.", label=label), "good")
    return redirect(page_of(code))


@subscription_types.get("/<type_code>")
@staff(Permission.READ)
def show(type_code: str) -> str:
    """Show one type, its use and its changes."""
    session = current_session()
    known = get_type(session, type_code)
    acts = list_acts_on(session, subject_of(known), limit=SHOWN_CHANGES)
    return render_staff_page(
        "subscription_types/show.html",
        row=make_rows(session, [known])[0],
        acts=[as_line(entry) for entry in acts],
        may_edit=_may_edit(),
    )


@subscription_types.get("/<type_code>/edit")
@staff(Permission.MANAGE_TYPES)
def write_edit(type_code: str) -> str:
    """Show the form."""
    known = get_type(current_session(), type_code)
    return _edit_page(form_of(current_session(), known), known)


@subscription_types.post("/<type_code>/edit")
@staff(Permission.MANAGE_TYPES)
def save(type_code: str) -> ResponseReturnValue:
    """Change a type; what renewals would feel is asked about first."""
    form, known = EditTypeForm(), get_type(current_session(), type_code)
    if BACK in request.form or PREVIEW in request.form:
        return _edit_page(form, known)
    if not form.validate():
        return _edit_page(form, known), 422
    try:
        is_changed = _save(form, type_code)
    except QuestionError as error:
        return _question_page(form, error.question, get_type(current_session(), type_code)), 409
    except InvalidInputError as error:
        put_beside(form, error, otherwise="price")
        return _edit_page(form, get_type(current_session(), type_code)), 422
    done = _("%(label)s is changed.", label=form.told("user_label").strip())
    flash(done if is_changed else _("Nothing was changed."), "good")
    return redirect(page_of(type_code))


def _save(form: EditTypeForm, type_code: str) -> bool:
    with transaction() as session:
        known = get_type(session, type_code)
        asked = find_question(session, known, form)
        reason = form.told("reason").strip()
        is_edited = edit_type(session, known, form.details(known), reason=reason)
        is_sold_otherwise = sell(session, known, form, reason=reason)
        if asked is not None and MEANT not in request.form:
            raise QuestionError(asked)
        return is_edited or is_sold_otherwise


def _may_edit() -> bool:
    return may(get_signed_in().role, Permission.MANAGE_TYPES)


def _new_page(form: NewTypeForm) -> str:
    return _form_page("subscription_types/new.html", form, None)


def _edit_page(form: EditTypeForm, known: SubscriptionType) -> str:
    return _form_page("subscription_types/edit.html", form, known)


def _form_page(page: str, form: TypeForm, known: SubscriptionType | None) -> str:
    session = current_session()
    fill_choices(session, form, known)
    row = make_rows(session, [known])[0] if known is not None else None
    return render_staff_page(page, form=form, row=row, in_sms=name_in_sms(form))


def _question_page(form: EditTypeForm, question: Question, known: SubscriptionType) -> str:
    """Ask whether it is meant, and keep what was typed."""
    return render_staff_page(
        "subscription_types/question.html",
        row=make_rows(current_session(), [known])[0],
        question=question,
        typed=[(name, value) for name, value in request.form.items(multi=True) if name != "csrf_token"],
        form=form,
    )
