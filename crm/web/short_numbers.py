"""The short numbers: what each is for, and those that messages name and nobody has described."""

from flask import Blueprint, flash, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from crm.core.db import current_session, transaction
from crm.core.errors import ConflictError, InvalidInputError
from crm.mobiletech.catalogue.models import ShortNumber
from crm.mobiletech.catalogue.places import SHORT_NUMBER
from crm.mobiletech.catalogue.short_numbers import (
    SEEN_IN,
    add_short_number,
    edit_short_number,
    get_short_number,
    list_short_numbers,
    remove_short_number,
)
from crm.users.roles import Permission
from crm.web.catalogue_forms import NewShortNumberForm, ShortNumberForm
from crm.web.entry_errors import put_beside
from crm.web.flashes import flash_link
from crm.web.guards import staff
from crm.web.money import thousands
from crm.web.operator_choices import operator_names
from crm.web.page_tools import render_staff_page

short_numbers = Blueprint("short_numbers", __name__)

LIST = "/admin/settings/short-numbers"


@short_numbers.get("")
@staff(Permission.MANAGE_SETTINGS)
def show_list() -> str:
    """List the described numbers, then those that only messages or the setting name."""
    lines = list_short_numbers(current_session())
    operators = {line.number: operator_names(line.operators) for line in lines}
    return render_staff_page(
        "short_numbers/list.html", lines=lines, operators=operators, seen_in=thousands(SEEN_IN)
    )


@short_numbers.get("/new")
@staff(Permission.MANAGE_SETTINGS, confirmed=True)
def write_new() -> str:
    """Show an empty form; a number that messages named brings itself along."""
    number = request.args.get("number", "")
    return _new_page(
        NewShortNumberForm(formdata=None, number=number if SHORT_NUMBER.fullmatch(number) else "")
    )


@short_numbers.post("/new")
@staff(Permission.MANAGE_SETTINGS, confirmed=True)
def create() -> ResponseReturnValue:
    """Describe a number."""
    form = NewShortNumberForm()
    if not form.validate():
        return _new_page(form), 422
    try:
        with transaction() as session:
            row = add_short_number(session, form.told("number"), form.told("name"), form.operators.data or [])
            number = row.number
    except (InvalidInputError, ConflictError) as error:
        put_beside(form, error, otherwise="number")
        return _new_page(form), 422
    flash(_("%(number)s is described.", number=number), "good")
    return redirect(LIST)


@short_numbers.get("/<short_number>")
@staff(Permission.MANAGE_SETTINGS, confirmed=True)
def write_edit(short_number: str) -> str:
    """Show the form."""
    row = get_short_number(current_session(), short_number)
    return _edit_page(ShortNumberForm(formdata=None, name=row.name, operators=list(row.operators)), row)


@short_numbers.post("/<short_number>")
@staff(Permission.MANAGE_SETTINGS, confirmed=True)
def save(short_number: str) -> ResponseReturnValue:
    """Change what is said of a number."""
    form, row = ShortNumberForm(), get_short_number(current_session(), short_number)
    if not form.validate():
        return _edit_page(form, row), 422
    try:
        with transaction() as session:
            row = get_short_number(session, short_number)
            is_changed = edit_short_number(session, row, form.told("name"), form.operators.data or [])
    except InvalidInputError as error:
        put_beside(form, error, otherwise="name")
        return _edit_page(form, get_short_number(current_session(), short_number)), 422
    done = _("%(number)s is changed.", number=short_number) if is_changed else _("Nothing was changed.")
    flash(done, "good")
    return redirect(LIST)


@short_numbers.post("/<short_number>/remove")
@staff(Permission.MANAGE_SETTINGS, confirmed=True)
def remove(short_number: str) -> ResponseReturnValue:
    """Forget what is said of a number; it can be said again."""
    with transaction() as session:
        remove_short_number(session, get_short_number(session, short_number))
    flash_link(
        _("The description of %(number)s is gone; messages stay as they are.", number=short_number),
        f"{LIST}/new?number={short_number}",
        _("Describe it anew"),
    )
    return redirect(LIST)


def _new_page(form: NewShortNumberForm) -> str:
    return render_staff_page("short_numbers/edit.html", form=form, number=None)


def _edit_page(form: ShortNumberForm, row: ShortNumber) -> str:
    return render_staff_page("short_numbers/edit.html", form=form, number=row.number)
