"""The business settings: what each means and who said its value; changing one after the password."""

from dataclasses import dataclass

from flask import Blueprint, flash, redirect
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import StringField

from crm.core.business_settings import DEFINITIONS, list_settings
from crm.core.db import current_session, transaction
from crm.core.errors import N_, InvalidInputError, NotFoundError
from crm.users.audit_log import list_acts_on
from crm.users.roles import Permission
from crm.users.setting_changes import change_setting
from crm.web.act_words import as_line
from crm.web.forms import storable
from crm.web.guards import staff
from crm.web.languages import told
from crm.web.page_tools import render_staff_page
from crm.web.reason_form import ReasonForm, at_most

settings_pages = Blueprint("settings_pages", __name__)

SHOWN_CHANGES = 10
LONGEST_VALUE = 500
SOURCES = {
    "environment": N_("Environment"),
    "database": N_("Set here"),
    "default": N_("Default"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One setting; `is_fixed` when the environment beats whatever is stored."""

    key: str
    value: str
    default: str
    meaning: str
    source: str
    is_fixed: bool
    variable: str
    href: str


class SettingForm(ReasonForm):
    """A value, and why."""

    value = StringField(_l("Value"), validators=[at_most(LONGEST_VALUE), storable])


@settings_pages.get("")
@staff(Permission.MANAGE_SETTINGS)
def show_list() -> str:
    """List all settings in their order."""
    return render_staff_page("settings_pages/list.html", rows=_rows())


@settings_pages.get("/<key>")
@staff(Permission.MANAGE_SETTINGS, confirmed=True)
def ask(key: str) -> str:
    """Show one setting with the form."""
    row = _get(key)
    return _page(SettingForm(formdata=None, value=row.value), row)


@settings_pages.post("/<key>")
@staff(Permission.MANAGE_SETTINGS, confirmed=True)
def save(key: str) -> ResponseReturnValue:
    """Store the value; it is in force at once."""
    form, row = SettingForm(), _get(key)
    if row.is_fixed:
        return _page(form, row), 409
    if not form.validate():
        return _page(form, row), 422
    try:
        with transaction() as session:
            changed = change_setting(session, key, form.told("value"), reason=form.told("reason").strip())
    except InvalidInputError as error:
        form.value.errors = [told(error)]
        return _page(form, row), 422
    flash(_("%(key)s is saved.", key=key) if changed else _("Nothing was changed."), "good")
    return redirect("/admin/settings")


def _page(form: SettingForm, row: Row) -> str:
    acts = list_acts_on(current_session(), f"setting {row.key}", limit=SHOWN_CHANGES)
    return render_staff_page(
        "settings_pages/edit.html", form=form, row=row, acts=[as_line(entry) for entry in acts]
    )


def _get(key: str) -> Row:
    """Return the setting. Raises: NotFoundError."""
    row = next((row for row in _rows() if row.key == key), None)
    if row is None:
        raise NotFoundError(N_("There is no such setting."))
    return row


def _rows() -> list[Row]:
    return [
        Row(
            key=each.key,
            value=each.value,
            default=DEFINITIONS[each.key].default,
            meaning=_(DEFINITIONS[each.key].meaning),
            source=_(SOURCES[each.source]),
            is_fixed=each.source == "environment",
            variable=f"CRM_{each.key.upper()}",
            href=f"/admin/settings/{each.key}",
        )
        for each in list_settings(current_session())
    ]
