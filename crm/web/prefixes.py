"""The prefixes: which operator each was given to, and what people here know better."""

from collections.abc import Mapping, Sequence

from flask import Blueprint, flash, redirect
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from crm.core.db import current_session, transaction
from crm.core.errors import InvalidInputError
from crm.mobiletech.catalogue.prefixes import (
    SOURCE,
    PrefixLine,
    get_prefix,
    list_prefixes,
    restore_prefix,
    set_prefix,
)
from crm.mobiletech.wire.operators import Operator
from crm.users.roles import Permission
from crm.web.catalogue_forms import NOTHING, NewPrefixForm, PrefixForm
from crm.web.entry_errors import put_beside
from crm.web.flashes import Undo, flash_undoable
from crm.web.guards import staff
from crm.web.message_pages import operator_label
from crm.web.page_tools import render_staff_page

prefixes = Blueprint("prefixes", __name__)

LIST = "/admin/settings/prefixes"


@prefixes.get("")
@staff(Permission.MANAGE_SETTINGS)
def show_list() -> str:
    """Show the prefixes of each operator, and first those that people here have said something of."""
    lines = list_prefixes(current_session())
    return render_staff_page(
        "prefixes/list.html",
        changed=[line for line in lines if line.is_changed],
        groups=_by_operator(lines),
        names=_names(),
        source=SOURCE,
    )


@prefixes.get("/new")
@staff(Permission.MANAGE_SETTINGS, confirmed=True)
def write_new() -> str:
    """Show an empty form."""
    return _page(NewPrefixForm(formdata=None), None)


@prefixes.post("/new")
@staff(Permission.MANAGE_SETTINGS, confirmed=True)
def create() -> ResponseReturnValue:
    """Say whose a prefix is."""
    form = NewPrefixForm()
    return _save(form, form.told("prefix"), None)


@prefixes.get("/<prefix>")
@staff(Permission.MANAGE_SETTINGS, confirmed=True)
def write_edit(prefix: str) -> str:
    """Show one prefix with the form."""
    line = get_prefix(current_session(), prefix)
    return _page(PrefixForm(formdata=None, operator=line.operator or NOTHING, note=line.note), line)


@prefixes.post("/<prefix>")
@staff(Permission.MANAGE_SETTINGS, confirmed=True)
def save(prefix: str) -> ResponseReturnValue:
    """Say whose a prefix is."""
    line = get_prefix(current_session(), prefix)
    return _save(PrefixForm(), line.prefix, line)


@prefixes.post("/<prefix>/restore")
@staff(Permission.MANAGE_SETTINGS, confirmed=True)
def restore(prefix: str) -> ResponseReturnValue:
    """Let the table that we bring hold again."""
    with transaction() as session:
        line = get_prefix(session, prefix)
        is_restored = restore_prefix(session, line.prefix)
    if is_restored:
        said = {"operator": line.operator or NOTHING, "note": line.note}
        flash_undoable(
            _("%(prefix)s stands as in the table again.", prefix=f"0{prefix}"),
            Undo(action=f"{LIST}/{prefix}", label=_("Undo"), fields=said),
        )
    return redirect(LIST)


def _save(form: PrefixForm, prefix: str, line: PrefixLine | None) -> ResponseReturnValue:
    if not form.validate():
        return _page(form, line), 422
    operator = form.told("operator").replace(NOTHING, "")
    try:
        with transaction() as session:
            is_changed = set_prefix(session, prefix, operator, note=form.told("note"))
    except InvalidInputError as error:
        put_beside(form, error, otherwise="operator")
        return _page(form, line), 422
    done = (
        _("It holds for every number without messages of its own, from now on.")
        if is_changed
        else _("Nothing was changed.")
    )
    flash(done, "good")
    return redirect(LIST)


def _page(form: PrefixForm, line: PrefixLine | None) -> str:
    return render_staff_page("prefixes/edit.html", form=form, line=line, names=_names(), source=SOURCE)


def _by_operator(lines: Sequence[PrefixLine]) -> list[tuple[str, list[PrefixLine]]]:
    names = _names()
    groups = [(names[key], [line for line in lines if line.operator == key]) for key in (*Operator, None)]
    return [(name, found) for name, found in groups if found]


def _names() -> Mapping[str | None, str]:
    return {**{each: operator_label(each) or each for each in Operator}, None: _("Tells nothing")}
