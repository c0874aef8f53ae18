"""The texts that go to readers: list, write, preview, save as the next version."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, flash, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from crm.core.db import current_session, transaction
from crm.core.errors import ConflictError, InvalidInputError
from crm.mobiletech.editing.samples import find_sample
from crm.mobiletech.errors import InvalidTemplateCodeError, StaleTemplateError, TemplateExistsError
from crm.mobiletech.models import SmsTemplate
from crm.mobiletech.outbound import OutboundPurpose
from crm.mobiletech.sms_templates import (
    check_content,
    create_template,
    get_template,
    list_templates,
    list_versions,
    read_last_used,
    save_template,
)
from crm.mobiletech.wire.sms_text import Measured, measure
from crm.mobiletech.words import PURPOSE_WORDS
from crm.users.queries import read_names
from crm.users.roles import Permission, may
from crm.web.guards import staff
from crm.web.languages import told
from crm.web.page_tools import render_staff_page
from crm.web.session import find_signed_in
from crm.web.sms_template_form import NewSmsTemplateForm, SmsTemplateForm

sms_templates = Blueprint("sms_templates", __name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One template in the list."""

    code: str
    purpose: str
    parts: int
    units: int
    version: int
    updated_at: datetime
    last_used_at: object
    href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One saved state."""

    version: int
    at: datetime
    author: str
    reason: str
    content: str


@sms_templates.get("")
@staff(Permission.READ)
def show_list() -> str:
    """List all templates."""
    session = current_session()
    used = read_last_used(session)
    return render_staff_page(
        "sms_templates/list.html",
        rows=[_row(template, used.get(template.id)) for template in list_templates(session)],
        may_edit=_may_edit(),
    )


@sms_templates.get("/new")
@staff(Permission.EDIT_TEMPLATES)
def write_new() -> str:
    """Show an empty form."""
    return _page(NewSmsTemplateForm(), None)


@sms_templates.post("/new")
@staff(Permission.EDIT_TEMPLATES)
def create() -> ResponseReturnValue:
    """Save version 1, or only show it."""
    form = NewSmsTemplateForm()
    code = form.told("code").strip()
    if not form.validate():
        return _page(form, None), 422
    if "preview" in request.form:
        return _page(form, None)
    try:
        with transaction() as session:
            create_template(session, code, form.text, **_said(form))
    except (TemplateExistsError, InvalidTemplateCodeError) as error:
        form.code.errors = [told(error)]
        return _page(form, None), 422
    except InvalidInputError as error:
        form.content.errors = [told(error)]
        return _page(form, None), 422
    flash(_("Template %(code)s saved as version %(version)s.", code=code, version=1), "good")
    return redirect(f"/admin/templates/{code}")


@sms_templates.get("/<code>")
@staff(Permission.READ)
def show(code: str) -> str:
    """Show the current version in the form, all versions below."""
    template = _get(code)
    form = SmsTemplateForm(formdata=None, obj=template, seen_version=template.version)
    return _page(form, template)


@sms_templates.post("/<code>")
@staff(Permission.EDIT_TEMPLATES)
def save(code: str) -> ResponseReturnValue:
    """Save the next version, or only show it."""
    template, form = _get(code), SmsTemplateForm()
    if not form.validate():
        return _page(form, template), 422
    if "preview" in request.form:
        return _page(form, template)
    before, seen = template.version, form.told("seen_version")
    current_session().rollback()
    try:
        with transaction() as session:
            seen_version = int(seen) if seen.isdecimal() else 0
            version = save_template(
                session, code, form.text, seen_version=seen_version, **_said(form)
            ).version
    except StaleTemplateError as error:
        return _stale(form, code, error), 409
    except InvalidInputError as error:
        form.content.errors = [told(error)]
        return _page(form, _get(code)), 422
    saved = _("Template %(code)s saved as version %(version)s.", code=code, version=version)
    flash(saved if version != before else _("Nothing was changed."), "good")
    return redirect(f"/admin/templates/{code}")


def _stale(form: SmsTemplateForm, code: str, error: ConflictError) -> str:
    """Show the typed text above the version that came between; saving again puts it on top, knowingly."""
    template = _get(code)
    form.seen_version.data = template.version
    advice = _("Yours is still in the form, the other one is below. Saving again puts yours on top of it.")
    return _page(form, template, problems=[told(error), advice])


def _get(code: str) -> SmsTemplate:
    """Raises: TemplateNotFoundError, also for what can be no code."""
    return get_template(current_session(), code.replace("\0", "\ufffd"))


def _said(form: SmsTemplateForm) -> dict[str, Any]:
    person = find_signed_in()
    return {
        "purpose": form.told("purpose"),
        "reason": form.told("reason").strip(),
        "author_id": person.id if person else None,
    }


def _page(form: SmsTemplateForm, template: SmsTemplate | None, problems: Sequence[str] = ()) -> str:
    parameters, sample = _sample(form.text)
    return render_staff_page(
        "sms_templates/edit.html",
        form=form,
        is_new=template is None,
        template=template,
        parameters=parameters,
        measured=sample,
        meter_words=_meter_words(),
        preview=sample.text if sample else None,
        versions=_versions(template) if template else [],
        problems=list(problems),
        may_edit=_may_edit(),
    )


def _may_edit() -> bool:
    person = find_signed_in()
    return person is not None and may(person.role, Permission.EDIT_TEMPLATES)


def _sample(content: str) -> tuple[Sequence[Any], Measured | None]:
    """Return the parameters and the text with sample values; nothing of a text that cannot be saved."""
    try:
        compiled = check_content(content)
    except InvalidInputError:
        return (), None
    return compiled.parameters, find_sample(compiled)


def _versions(template: SmsTemplate) -> list[Version]:
    session = current_session()
    versions = list_versions(session, template)
    names = read_names(session, [version.author_id for version in versions])
    return [
        Version(
            version=version.version,
            at=version.created_at,
            author=names.get(version.author_id or 0, _("Set up by a command")),
            reason=version.reason,
            content=version.content,
        )
        for version in versions
    ]


def _meter_words() -> dict[str, str | list[str]]:
    """Return what js/sms_meter.js says: `{}` is the place of a value, plurals are for 1, for 2 to 4, for 5."""
    return {
        "nothing": _("nothing"),
        "space": _("space"),
        "foreign": _(
            "%(signs)s cannot be sent in GSM-7, so a part holds 70 characters, not 160.", signs="{}"
        ),
        "sentAs": _("Sent as:"),
        "costly": _("Counts as two"),
        "units": _("%(units)s of %(room)s", units="{}", room="{}"),
        "parts": [ngettext("%(count)s part", "%(count)s parts", each, count="{}") for each in (1, 2, 5)],
        "placeholders": [
            ngettext("%(count)s placeholder", "%(count)s placeholders", each, count="{}")
            for each in (1, 2, 5)
        ],
    }


def _row(template: SmsTemplate, last_used_at: object) -> Row:
    sample = _sample(template.content)[1] or measure(template.content)
    return Row(
        code=template.code,
        purpose=_(PURPOSE_WORDS[OutboundPurpose(template.purpose)]),
        parts=sample.parts,
        units=sample.units,
        version=template.version,
        updated_at=template.updated_at,
        last_used_at=last_used_at,
        href=f"/admin/templates/{template.code}",
    )
