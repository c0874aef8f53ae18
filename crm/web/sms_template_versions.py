"""The versions of a template: who changed what and why, any two compared, one of before in use again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, abort, flash, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField

from crm.core.db import current_session, transaction
from crm.core.errors import ConflictError, InvalidInputError
from crm.mobiletech.editing.changes import ParameterChange, compare_parameters
from crm.mobiletech.editing.differences import Piece, compare_texts
from crm.mobiletech.editing.uses import MOST_COUNTED, read_uses
from crm.mobiletech.models import SmsTemplate, SmsTemplateVersion
from crm.mobiletech.outbound import OutboundPurpose
from crm.mobiletech.sms_templates import find_version, list_versions, save_template
from crm.mobiletech.words import PURPOSE_WORDS
from crm.sms_billing.offers import list_types_sold
from crm.users.queries import read_names
from crm.users.roles import Permission
from crm.web.guards import staff
from crm.web.languages import told
from crm.web.page_tools import get_settings, render_staff_page
from crm.web.reason_form import ReasonForm
from crm.web.session import find_signed_in
from crm.web.sms_template_page import may_edit
from crm.web.sms_templates import find

sms_template_versions = Blueprint("sms_template_versions", __name__)

BOTH = ("GET", "POST")


class RestoreForm(ReasonForm):
    """Why a version of before comes back; `seen_version` is the one in use that was looked at."""

    seen_version = HiddenField()
    has_looked = BooleanField(_l("I have seen what uses this template, and the change fits"))


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionLine:
    """One saved state."""

    version: int
    at: datetime
    author: str
    reason: str
    is_current: bool
    messages_href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two versions as one: the texts of each language, and the purposes."""

    old: int
    new: int
    texts: Sequence[tuple[str, Sequence[Piece]]]
    purposes: tuple[str, str]


@sms_template_versions.get("/<code>/versions")
@staff(Permission.READ)
def show(code: str) -> ResponseReturnValue:
    """List the versions, and compare the two that the address names."""
    template = find(code)
    versions = list_versions(current_session(), template)
    numbers = {each.version: each for each in versions}
    newest = versions[0].version
    new = _number("new", newest)
    old = _number("old", max(new - 1, 1) if isinstance(new, int) else newest)
    is_known = old in numbers and new in numbers
    page = render_staff_page(
        "sms_templates/versions.html",
        template=template,
        versions=_lines(template, versions),
        comparison=_compare(numbers[old], numbers[new]) if is_known else None,
        problems=[] if is_known else [_no_such(min(numbers), newest)],
        may_edit=may_edit(),
    )
    return page if is_known else (page, 400)


@sms_template_versions.route("/<code>/versions/<int:version>/restore", methods=BOTH)
@staff(Permission.EDIT_TEMPLATES)
def restore(code: str, version: int) -> ResponseReturnValue:
    """Save a version of before as the next one, after a look at what that changes."""
    template = find(code)
    wanted = _version(template, version)
    form = RestoreForm(seen_version=template.version)
    if request.method == "GET":
        return _restore_page(form, template, wanted)
    if not form.validate():
        return _restore_page(form, template, wanted), 422
    if _change(template, wanted).is_any and not form.has_looked.data:
        form.has_looked.errors = [_("Look at what uses the template, then tick the box.")]
        return _restore_page(form, template, wanted), 422
    before = template.version
    try:
        saved = _save(form, code, wanted)
    except (ConflictError, InvalidInputError) as error:
        template = find(code)
        form.seen_version.data = template.version
        status = 409 if isinstance(error, ConflictError) else 422
        return _restore_page(form, template, _version(template, version), [told(error)]), status
    done = _("Version %(old)s is in use again, as version %(new)s.", old=version, new=saved)
    flash(done if saved != before else _("Nothing was changed."), "good")
    return redirect(f"/admin/templates/{code}/versions")


def _no_such(first: int, last: int) -> str:
    return _("There is no such version. The versions are %(first)s to %(last)s.", first=first, last=last)


def _save(form: RestoreForm, code: str, wanted: SmsTemplateVersion) -> int:
    seen, person = form.told("seen_version"), find_signed_in()
    content, content_en, purpose = wanted.content, wanted.content_en or "", wanted.purpose
    current_session().rollback()
    with transaction() as session:
        saved = save_template(
            session,
            code,
            content,
            content_en=content_en,
            purpose=purpose,
            seen_version=int(seen) if seen.isdecimal() else 0,
            author_id=person.id if person else None,
            reason=form.told("reason").strip(),
        )
        return saved.version


def _restore_page(
    form: RestoreForm, template: SmsTemplate, wanted: SmsTemplateVersion, problems: Sequence[str] = ()
) -> str:
    current = _version(template, template.version)
    change = _change(template, wanted)
    return render_staff_page(
        "sms_templates/restore.html",
        form=form,
        template=template,
        version=wanted.version,
        comparison=_compare(current, wanted),
        is_current=_state(current) == _state(wanted),
        change=change if change.is_any else None,
        uses=read_uses(current_session(), template),
        sold=list_types_sold(current_session(), template=template.code),
        most_counted=MOST_COUNTED,
        extensions=get_settings().extensions,
        problems=list(problems),
    )


def _version(template: SmsTemplate, number: int) -> SmsTemplateVersion:
    found = find_version(current_session(), template, number)
    return found if found is not None else abort(404)


def _change(template: SmsTemplate, wanted: SmsTemplateVersion) -> ParameterChange:
    return compare_parameters(_parameters(_version(template, template.version)), _parameters(wanted))


def _parameters(version: SmsTemplateVersion) -> dict[str, bool]:
    return {each["name"]: each["required"] for each in version.parameters}


def _state(version: SmsTemplateVersion) -> tuple[Any, ...]:
    return version.content, version.content_en, version.purpose


def _compare(old: SmsTemplateVersion, new: SmsTemplateVersion) -> Comparison:
    texts = [("sk", compare_texts(old.content, new.content))]
    if old.content_en or new.content_en:
        texts.append(("en", compare_texts(old.content_en or "", new.content_en or "")))
    return Comparison(
        old=old.version,
        new=new.version,
        texts=texts,
        purposes=(_purpose(old.purpose), _purpose(new.purpose)),
    )


def _purpose(purpose: str) -> str:
    return str(_(PURPOSE_WORDS[OutboundPurpose(purpose)]))


def _lines(template: SmsTemplate, versions: Sequence[SmsTemplateVersion]) -> list[VersionLine]:
    names = read_names(current_session(), [version.author_id for version in versions])
    return [
        VersionLine(
            version=each.version,
            at=each.created_at,
            author=names.get(each.author_id or 0, _("Set up by a command")),
            reason=each.reason,
            is_current=each.version == template.version,
            messages_href=f"/admin/messages?template={template.code}&version={each.version}",
        )
        for each in versions
    ]


def _number(name: str, otherwise: int) -> int:
    """Return the version that the address names; 0, which none has, for what is no number."""
    text = request.args.get(name, "")
    if not text:
        return otherwise
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 9 else 0
