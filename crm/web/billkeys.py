"""The billing keys: what each charges, where and since when it is used; listing, changing and removing one."""

from flask import Blueprint, flash, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from crm.core.db import current_session, transaction
from crm.core.errors import N_, ConflictError, CrmError, InvalidInputError
from crm.mobiletech.catalogue.billkey_use import list_unlisted
from crm.mobiletech.catalogue.billkeys import (
    CODE,
    add_billkey,
    edit_billkey,
    get_billkey,
    list_billkeys,
    remove_billkey,
)
from crm.mobiletech.catalogue.errors import KeptBillkeyError, UsedBillkeyError
from crm.mobiletech.catalogue.key_rules import find_free_trouble
from crm.mobiletech.catalogue.models import Billkey
from crm.mobiletech.catalogue.prices import parse_price
from crm.mobiletech.catalogue.short_numbers import list_short_numbers
from crm.sms_billing.offers import list_types_sold
from crm.users.audit_log import list_acts_on
from crm.users.roles import Permission, may
from crm.web.act_words import as_line
from crm.web.billkey_forms import BillkeyForm, EditBillkeyForm, NewBillkeyForm, values_of
from crm.web.billkey_rows import make_rows, page_of, price_of
from crm.web.entry_errors import put_beside
from crm.web.forms import Form
from crm.web.guards import staff
from crm.web.languages import told
from crm.web.page_tools import render_staff_page
from crm.web.reason_form import ReasonForm
from crm.web.session import get_signed_in

billkeys = Blueprint("billkeys", __name__)

LIST = "/admin/billkeys"
SHOWN_CHANGES = 10
MEANT, BACK = "meant", "back"  # the buttons of the question about a new price


@billkeys.get("")
@staff(Permission.READ)
def show_list() -> str:
    """List all keys, what is wrong with them, and those that are used and not listed."""
    session = current_session()
    trouble = find_free_trouble(session)
    return render_staff_page(
        "billkeys/list.html",
        rows=make_rows(session, list_billkeys(session)),
        trouble=told(trouble) if trouble else None,
        unlisted=list_unlisted(session),
        may_edit=_may_edit(),
    )


@billkeys.get("/new")
@staff(Permission.MANAGE_BILLKEYS)
def write_new() -> str:
    """Show an empty form; a key that is used already brings its code along."""
    code = request.args.get("code", "")
    return _new_page(NewBillkeyForm(formdata=None, code=code if CODE.fullmatch(code) else ""))


@billkeys.post("/new")
@staff(Permission.MANAGE_BILLKEYS)
def create() -> ResponseReturnValue:
    """List a key."""
    form = NewBillkeyForm()
    if not form.validate():
        return _new_page(form), 422
    try:
        with transaction() as session:
            code = add_billkey(session, form.told("code").strip(), form.details()).code
    except (InvalidInputError, ConflictError) as error:
        put_beside(form, error, otherwise="code")
        return _new_page(form), 422
    flash(_("%(code)s is listed. Its rules hold for every message from now on.", code=code), "good")
    return redirect(LIST)


@billkeys.get("/<billkey>")
@staff(Permission.READ)
def show(billkey: str) -> str:
    """Show one key, its use and its changes."""
    session = current_session()
    known = get_billkey(session, billkey)
    acts = list_acts_on(session, f"billkey {known.code}", limit=SHOWN_CHANGES)
    return render_staff_page(
        "billkeys/show.html",
        row=make_rows(session, [known])[0],
        sold=list_types_sold(session, billkey=known.code),
        acts=[as_line(entry) for entry in acts],
        may_edit=_may_edit(),
    )


@billkeys.get("/<billkey>/edit")
@staff(Permission.MANAGE_BILLKEYS)
def write_edit(billkey: str) -> str:
    """Show the form."""
    known = get_billkey(current_session(), billkey)
    return _edit_page(EditBillkeyForm(formdata=None, data=values_of(known)), known)


@billkeys.post("/<billkey>/edit")
@staff(Permission.MANAGE_BILLKEYS)
def save(billkey: str) -> ResponseReturnValue:
    """Change what is said of a key; a new price of one that messages used is asked about first."""
    form, known = EditBillkeyForm(), get_billkey(current_session(), billkey)
    if not form.validate():
        return _edit_page(form, known), 422
    if BACK in request.form:
        return _edit_page(form, known)
    try:
        with transaction() as session:
            known = get_billkey(session, billkey)
            is_changed = edit_billkey(
                session,
                known,
                form.details(known),
                reason=form.told("reason").strip(),
                is_meant=MEANT in request.form,
            )
    except UsedBillkeyError:
        return _question(form, get_billkey(current_session(), billkey)), 409
    except InvalidInputError as error:
        put_beside(form, error, otherwise="price")
        return _edit_page(form, get_billkey(current_session(), billkey)), 422
    done = _("%(code)s is changed.", code=billkey) if is_changed else _("Nothing was changed.")
    flash(done, "good")
    return redirect(page_of(billkey))


@billkeys.get("/<billkey>/remove")
@staff(Permission.MANAGE_BILLKEYS)
def ask_to_remove(billkey: str) -> str:
    """Say what removing does, or why it is not possible."""
    return _remove_page(ReasonForm(), get_billkey(current_session(), billkey))


@billkeys.post("/<billkey>/remove")
@staff(Permission.MANAGE_BILLKEYS)
def remove(billkey: str) -> ResponseReturnValue:
    """Take a key off the list that was written down by mistake."""
    form, known = ReasonForm(), get_billkey(current_session(), billkey)
    if not form.validate():
        return _remove_page(form, known), 422
    try:
        with transaction() as session:
            known = get_billkey(session, billkey)
            _refuse_sold(session, known)
            remove_billkey(session, known, reason=form.told("reason").strip())
    except KeptBillkeyError as error:
        return _remove_page(form, get_billkey(current_session(), billkey), error), 409
    flash(_("%(code)s is off the list. Listed again, it begins anew.", code=billkey), "good")
    return redirect(LIST)


def _refuse_sold(session: Session, known: Billkey) -> None:
    for each in list_types_sold(session, billkey=known.code):
        told_why = N_("%(label)s is sold on it: give that type another key first.")
        raise KeptBillkeyError(told_why, label=each.user_label)


def _may_edit() -> bool:
    return may(get_signed_in().role, Permission.MANAGE_BILLKEYS)


def _new_page(form: Form) -> str:
    return render_staff_page("billkeys/new.html", form=form, numbers=list_short_numbers(current_session()))


def _edit_page(form: Form, known: Billkey) -> str:
    return render_staff_page(
        "billkeys/edit.html",
        form=form,
        row=make_rows(current_session(), [known])[0],
        numbers=list_short_numbers(current_session()),
    )


def _question(form: BillkeyForm, known: Billkey) -> str:
    """Ask whether a key that messages used is to have another price, and keep what was typed."""
    details = form.details(known)
    meant = Billkey(kind=details.kind, currency=details.currency, price=parse_price(details.price))
    return render_staff_page(
        "billkeys/price.html",
        row=make_rows(current_session(), [known])[0],
        before=price_of(known),
        after=price_of(meant),
        typed=[(name, value) for name, value in request.form.items(multi=True) if name != "csrf_token"],
        form=form,
    )


def _remove_page(form: ReasonForm, known: Billkey, error: CrmError | None = None) -> str:
    row = make_rows(current_session(), [known])[0]
    sold = list_types_sold(current_session(), billkey=known.code)
    return render_staff_page(
        "billkeys/remove.html",
        form=form,
        row=row,
        sold=sold,
        is_kept=bool(row.last_at or row.named or sold),
        problems=[told(error)] if error else [],
    )
