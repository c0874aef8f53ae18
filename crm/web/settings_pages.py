"""The business settings: what each means and who said its value; a change is shown before it is made."""

from collections.abc import Sequence

from flask import Blueprint, flash, redirect
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, StringField

from crm.core.business_settings import check_setting
from crm.core.db import current_session, transaction
from crm.core.errors import InvalidInputError
from crm.core.setting_definitions import Group
from crm.users.audit_log import list_acts_on
from crm.users.roles import Permission
from crm.users.setting_changes import change_setting, find_stored, forget_setting
from crm.web.act_words import as_line
from crm.web.flashes import flash_link
from crm.web.forms import storable
from crm.web.guards import staff
from crm.web.languages import told
from crm.web.page_tools import render_staff_page
from crm.web.reason_form import ReasonForm, at_most
from crm.web.setting_choices import list_choices, list_doubts
from crm.web.setting_rows import SettingRow, get_setting_row, in_groups, list_setting_rows
from crm.web.setting_words import CONSEQUENCES, GROUPS, HOW_TO_WRITE, reading

settings_pages = Blueprint("settings_pages", __name__)

SHOWN_CHANGES = 10
LONGEST_VALUE = 500


class SettingForm(ReasonForm):
    """A value, and why. `act` is what was pressed; `before` the value that the person has seen change."""

    value = StringField(_l("Value"), validators=[at_most(LONGEST_VALUE), storable])
    before = HiddenField()
    act = HiddenField()

    @property
    def is_reset(self) -> bool:
        """Return whether the default is wanted instead of a value."""
        return self.told("act") in ("reset", "confirm-reset")

    @property
    def is_confirmed(self) -> bool:
        """Return whether the change was seen and is meant."""
        return self.told("act").startswith("confirm")


class ChangedMeanwhileError(Exception):
    """Somebody else has changed the setting since the change was shown."""


@settings_pages.get("")
@staff(Permission.MANAGE_SETTINGS)
def show_list() -> str:
    """List all settings by what they are about."""
    groups = in_groups(list_setting_rows(current_session()))
    return render_staff_page(
        "settings_pages/list.html",
        groups=[(group, _(GROUPS[group][0]), _(GROUPS[group][1]), rows) for group, rows in groups.items()],
    )


@settings_pages.get("/<key>")
@staff(Permission.MANAGE_SETTINGS, confirmed=True)
def ask(key: str) -> str:
    """Show one setting with the form."""
    row = get_setting_row(current_session(), key)
    return _page(SettingForm(formdata=None, value=row.value), row)


@settings_pages.post("/<key>")
@staff(Permission.MANAGE_SETTINGS, confirmed=True)
def save(key: str) -> ResponseReturnValue:
    """Show what would change; once that is confirmed, store it: it is in force at once."""
    form, row = SettingForm(), get_setting_row(current_session(), key)
    if row.is_fixed:
        return _page(form, row), 409
    if form.told("act") == "back":
        return _page(form, row)
    if not form.validate():
        return _page(form, row), 422
    if form.is_reset:
        form.value.data = row.default
    try:
        check_setting(key, form.told("value"))
        if not form.is_confirmed:
            return _shown_first(form, row)
        _store(form, row)
    except InvalidInputError as error:
        form.value.errors = [told(error)]
        return _page(form, row), 422
    except ChangedMeanwhileError:
        return _review(form, row, [_("Somebody has changed this setting meanwhile. Look at it again.")]), 409
    _tell(form, row)
    return redirect("/admin/settings")


def _tell(form: SettingForm, row: SettingRow) -> None:
    """Say what was done; after a new address the next thing is to see whether it answers."""
    done = _("%(key)s is saved.", key=row.key)
    if form.is_reset:
        done = _("%(key)s stands on its default again.", key=row.key)
    if row.group is Group.GATEWAY:
        flash_link(done, "/admin/settings/connection", _("Test connection"))
    else:
        flash(done, "good")


def _shown_first(form: SettingForm, row: SettingRow) -> ResponseReturnValue:
    """Show the change, if it is one."""
    if form.told("value").strip() == row.value and not (form.is_reset and row.is_set):
        flash(_("Nothing was changed."), "good")
        return redirect("/admin/settings")
    return _review(form, row)


def _store(form: SettingForm, row: SettingRow) -> None:
    """Raises: ChangedMeanwhileError."""
    reason = form.told("reason").strip()
    with transaction() as session:
        stored = find_stored(session, row.key)
        if (row.default if stored is None else stored) != form.told("before"):
            raise ChangedMeanwhileError
        if form.is_reset:
            forget_setting(session, row.key, reason=reason)
        else:
            change_setting(session, row.key, form.told("value"), reason=reason)


def _page(form: SettingForm, row: SettingRow) -> str:
    session = current_session()
    acts = list_acts_on(session, f"setting {row.key}", limit=SHOWN_CHANGES)
    return render_staff_page(
        "settings_pages/edit.html",
        form=form,
        row=row,
        how_to_write=_(HOW_TO_WRITE[row.kind]),
        choices=list_choices(session, row.key),
        acts=[as_line(entry) for entry in acts],
    )


def _review(form: SettingForm, row: SettingRow, problems: Sequence[str] = ()) -> str:
    """Show what is, what will be, what that means, and what may be wrong with it."""
    value = form.told("value").strip()
    return render_staff_page(
        "settings_pages/review.html",
        row=row,
        value=value,
        reads=reading(row.key, value),
        reason=form.told("reason"),
        is_reset=form.is_reset,
        means=_(CONSEQUENCES[row.key]) if row.key in CONSEQUENCES else "",
        doubts=list_doubts(current_session(), row.key, value),
        problems=list(problems),
    )
