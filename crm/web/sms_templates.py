"""One template: write it, look at it with values, try it on a phone, save it as the next version."""

from typing import Any

from flask import Blueprint, flash, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from crm.core.db import current_session, transaction
from crm.core.errors import ConflictError, InvalidInputError
from crm.mobiletech.editing.paid_rules import PaidRulesBrokenError
from crm.mobiletech.editing.samples import fill
from crm.mobiletech.editing.trials import Trial, TrialNumberError, send_trial
from crm.mobiletech.errors import InvalidTemplateCodeError, StaleTemplateError, TemplateExistsError
from crm.mobiletech.models import OutboundMessage, SmsTemplate
from crm.mobiletech.sms_templates import (
    EnglishTextError,
    check_content,
    create_template,
    get_template,
    save_template,
)
from crm.mobiletech.template_language import TemplateLanguageError
from crm.users.roles import Permission
from crm.web.guards import staff
from crm.web.languages import told
from crm.web.retelling import retell
from crm.web.session import find_signed_in
from crm.web.sms_template_form import NewSmsTemplateForm, SmsTemplateForm, make_key, read_values
from crm.web.sms_template_page import change_of, show_editor

sms_templates = Blueprint("sms_templates", __name__)


@sms_templates.get("/new")
@staff(Permission.EDIT_TEMPLATES)
def write_new() -> str:
    """Show an empty form."""
    return show_editor(NewSmsTemplateForm(), None)


@sms_templates.post("/new")
@staff(Permission.EDIT_TEMPLATES)
def create() -> ResponseReturnValue:
    """Save version 1, or only show it, or try it."""
    form = NewSmsTemplateForm()
    if answer := _only_look(form, None):
        return answer
    code = form.told("code").strip()
    try:
        with transaction() as session:
            create_template(session, code, form.text, content_en=form.english, **_said(form))
    except (TemplateExistsError, InvalidTemplateCodeError) as error:
        form.code.errors = [told(error)]
        return show_editor(form, None), 422
    except InvalidInputError as error:
        _tell(form, error)
        return show_editor(form, None), 422
    flash(_("Template %(code)s saved as version %(version)s.", code=code, version=1), "good")
    return redirect(f"/admin/templates/{code}")


@sms_templates.get("/<code>")
@staff(Permission.READ)
def show(code: str) -> str:
    """Show the version in use in the form."""
    template = find(code)
    form = SmsTemplateForm(formdata=None, obj=template, seen_version=template.version)
    return show_editor(form, template)


@sms_templates.post("/<code>")
@staff(Permission.EDIT_TEMPLATES)
def save(code: str) -> ResponseReturnValue:
    """Save the next version, or only show it, or try it."""
    template, form = find(code), SmsTemplateForm()
    if answer := _only_look(form, template):
        return answer
    change = change_of(template, form)
    if change and change.is_any and not form.has_seen(change):
        form.has_looked.errors = [_("Look at what uses the template, then tick the box.")]
        return show_editor(form, template), 422
    before = template.version
    try:
        version = _save(code, form)
    except StaleTemplateError as error:
        return _stale(form, code, error), 409
    except InvalidInputError as error:
        _tell(form, error)
        return show_editor(form, find(code)), 422
    saved = _("Template %(code)s saved as version %(version)s.", code=code, version=version)
    flash(saved if version != before else _("Nothing was changed."), "good")
    return redirect(f"/admin/templates/{code}")


def find(code: str) -> SmsTemplate:
    """Raises: TemplateNotFoundError, also for what can be no code."""
    return get_template(current_session(), code.replace("\0", "\ufffd"))


def _only_look(form: SmsTemplateForm, template: SmsTemplate | None) -> ResponseReturnValue | None:
    """Answer whatever is not to be saved: a form with faults, and every button but the one that saves."""
    if "cheaper" in request.form:
        form.write_cheaper(request.form["cheaper"])
        return show_editor(form, template)
    is_sound = form.validate()
    if not ("preview" in request.form or "trial" in request.form):
        return None if is_sound else (show_editor(form, template), 422)
    for field, content in ((form.content, form.text), (form.content_en, form.english)):
        try:
            if content.strip() and not field.errors:
                check_content(content)
        except InvalidInputError as error:
            field.errors = [told(error)]
    if form.errors or any(field.errors for field in form):
        return show_editor(form, template), 422
    return _try(form, template) if "trial" in request.form else show_editor(form, template)


def _save(code: str, form: SmsTemplateForm) -> int:
    seen = form.told("seen_version")
    current_session().rollback()
    with transaction() as session:
        saved = save_template(
            session,
            code,
            form.text,
            content_en=form.english,
            seen_version=int(seen) if seen.isdecimal() else 0,
            **_said(form),
        )
        return saved.version


def _stale(form: SmsTemplateForm, code: str, error: ConflictError) -> str:
    """Show the typed text, and a way to the version that came between; saving again puts it on top, knowingly."""
    template = find(code)
    form.seen_version.data = template.version
    advice = _("Yours is still in the form. Saving again puts yours on top of the other one, which reads:")
    texts = [text for text in (template.content, template.content_en) if text]
    return show_editor(form, template, problems=[told(error), advice, *texts])


def _try(form: SmsTemplateForm, template: SmsTemplate | None) -> ResponseReturnValue:
    """Send what is shown to an allowed number; everything typed stays where it is."""
    language = "en" if form.told("trial_language") == "en" and form.english else "sk"
    try:
        trial = _trial(form, template, language)
    except TemplateLanguageError as error:
        (form.content_en if language == "en" else form.content).errors = [told(error)]
        return show_editor(form, template), 422
    person = find_signed_in()
    current_session().rollback()
    try:
        with transaction() as session:
            result = send_trial(session, trial, user_id=person.id if person else None)
            is_made, message_id = isinstance(result, OutboundMessage), result.id
            refused = "" if isinstance(result, OutboundMessage) else result.detail
    except TrialNumberError as error:
        form.trial_number.errors = [told(error)]
        return show_editor(form, find(template.code) if template else None), 422
    again = find(trial.code) if template else None
    form.trial_key.data = make_key()
    if not is_made:
        return show_editor(form, again, problems=[retell(refused)]), 422
    return show_editor(form, again, sent_href=f"/admin/messages/outbound/{message_id}")


def _trial(form: SmsTemplateForm, template: SmsTemplate | None, language: str) -> Trial:
    """Return what is to be sent: the saved version, unless something else is in the form.

    Raises: TemplateLanguageError if the values shown do not fit.
    """
    content = form.english if language == "en" else form.text
    filled = fill(check_content(content), read_values(), language)
    stored = template and (template.content_en if language == "en" else template.content)
    return Trial(
        code=template.code if template else "new",
        language=language,
        number=form.told("trial_number"),
        key=form.told("trial_key") or make_key(),
        values=filled.values,
        content=None if content == stored else filled.written,
    )


def _tell(form: SmsTemplateForm, error: InvalidInputError) -> None:
    """Put what was refused beside the text that it is about."""
    if isinstance(error, PaidRulesBrokenError):
        for field, language in ((form.content, "sk"), (form.content_en, "en")):
            broken = [_(rule.sentence) for where, rule in error.broken if where == language]
            if broken:
                field.errors = [_("A paid text must also do this:"), *broken]
    elif isinstance(error, EnglishTextError):
        form.content_en.errors = [told(error)]
    else:
        form.content.errors = [told(error)]


def _said(form: SmsTemplateForm) -> dict[str, Any]:
    person = find_signed_in()
    return {
        "purpose": form.told("purpose"),
        "reason": form.told("reason").strip(),
        "author_id": person.id if person else None,
    }
