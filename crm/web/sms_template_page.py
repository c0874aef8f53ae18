"""The page of one template: its two texts, the values shown, the rules of a paid one, what a change touches."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from crm.core.db import current_session
from crm.core.errors import InvalidInputError
from crm.mobiletech.editing.changes import ParameterChange, compare_parameters, join_parameters
from crm.mobiletech.editing.longest import Longest, read_longest
from crm.mobiletech.editing.paid_rules import Verdict, judge, read_short_numbers
from crm.mobiletech.editing.placeholders import PLACEHOLDERS
from crm.mobiletech.editing.samples import sample_of
from crm.mobiletech.editing.trials import list_trial_numbers
from crm.mobiletech.editing.uses import MOST_COUNTED, read_uses
from crm.mobiletech.models import SmsTemplate
from crm.mobiletech.sms_templates import TemplatePurpose, check_texts
from crm.mobiletech.template_language import CompiledTemplate
from crm.sms_billing.offers import list_types_sold
from crm.users.roles import Permission, may
from crm.web.message_pages import spaced
from crm.web.page_tools import get_settings, render_staff_page
from crm.web.session import find_signed_in
from crm.web.sms_meter_words import meter_words
from crm.web.sms_template_form import VALUE, NewSmsTemplateForm, SmsTemplateForm, make_key, read_values
from crm.web.sms_template_text import TextView, view_text

LONGEST_SHOWN = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueLine:
    """The input of one value: what it means, what stands in it, the longest that has come."""

    name: str
    field: str
    value: str
    meaning: str
    is_amount: bool
    is_optional: bool
    longest: str | None
    found_in: str | None


def show_editor(
    form: SmsTemplateForm,
    template: SmsTemplate | None,
    *,
    problems: Sequence[str] = (),
    sent_href: str | None = None,
) -> str:
    """Render the page with whatever was typed; what is wrong with a text stands beside it."""
    session = current_session()
    typed = read_values()
    texts = compile_what_can_be(form)
    longest = read_longest(session, template.id if template else None, list(join_parameters(texts.values())))
    views = [view_text("sk", form.text, typed, longest), view_text("en", form.english, typed, longest)]
    change = change_of(template, form) if template else None
    form.has_looked.data = change is not None and form.has_seen(change)
    uses = read_uses(session, template) if template else None
    if not form.told("trial_key"):
        form.trial_key.data = make_key()
    _offer_numbers(session, form)
    return render_staff_page(
        "sms_templates/edit.html",
        form=form,
        is_new=isinstance(form, NewSmsTemplateForm),
        template=template,
        texts=[(_field_of(form, view), view) for view in views],
        palette=_palette(texts),
        values=_values(texts, typed, longest),
        verdicts=_verdicts(session, form, texts, longest),
        change=change if change and change.is_any else None,
        uses=uses,
        sold=list_types_sold(session, template=template.code) if template else [],
        most_counted=MOST_COUNTED,
        extensions=get_settings().extensions,
        meter_words=meter_words(),
        problems=list(problems),
        sent_href=sent_href,
        may_edit=may_edit(),
    )


def may_edit() -> bool:
    """Return whether who is signed in may change templates."""
    person = find_signed_in()
    return person is not None and may(person.role, Permission.EDIT_TEMPLATES)


def compile_what_can_be(form: SmsTemplateForm) -> Mapping[str, CompiledTemplate]:
    """Return the texts that can be read, by language; a broken one of the two hides nothing of the other."""
    found: dict[str, CompiledTemplate] = {}
    for language, content in (("sk", form.text), ("en", form.english)):
        try:
            found[language] = check_texts(content, None)["sk"]
        except InvalidInputError:
            continue
    return found


def change_of(template: SmsTemplate, form: SmsTemplateForm) -> ParameterChange | None:
    """Return what the typed texts change for those who give the values; None while one cannot be read."""
    try:
        after = check_texts(form.text, form.english)
    except InvalidInputError:
        return None
    try:
        before = check_texts(template.content, template.content_en)
    except InvalidInputError:
        before = {}  # as an import may have left it: everything is new then
    return compare_parameters(join_parameters(before.values()), join_parameters(after.values()))


def _field_of(form: SmsTemplateForm, view: TextView) -> object:
    return form.content if view.language == "sk" else form.content_en


def _palette(texts: Mapping[str, CompiledTemplate]) -> list[tuple[str, str]]:
    """Return (name, meaning) of what can be put in: what the texts use first, then what callers are known to give."""
    offered = [name for name, known in PLACEHOLDERS.items() if known.is_offered]
    names = dict.fromkeys([*join_parameters(texts.values()), *offered])
    return [(name, _meaning(name)) for name in names]


def _values(
    texts: Mapping[str, CompiledTemplate],
    typed: Mapping[str, str],
    longest: Mapping[str, Sequence[Longest]],
) -> list[ValueLine]:
    return [
        ValueLine(
            name=name,
            field=f"{VALUE}{name}",
            value=typed.get(name, sample_of(name)),
            meaning=_meaning(name),
            is_amount=name in PLACEHOLDERS and PLACEHOLDERS[name].is_amount,
            is_optional=not is_required,
            longest=_shortened(longest[name][0].value) if name in longest else None,
            found_in=_(longest[name][0].found_in) if name in longest else None,
        )
        for name, is_required in join_parameters(texts.values()).items()
    ]


def _meaning(name: str) -> str:
    return str(_(PLACEHOLDERS[name].meaning)) if name in PLACEHOLDERS else ""


def _shortened(value: str) -> str:
    line = " ".join(value.split())
    return line if len(line) <= LONGEST_SHOWN else f"{line[:LONGEST_SHOWN]}…"


def _verdicts(
    session: Session,
    form: SmsTemplateForm,
    texts: Mapping[str, CompiledTemplate],
    longest: Mapping[str, Sequence[Longest]],
) -> list[Verdict] | None:
    if form.told("purpose") != TemplatePurpose.PAID:
        return None
    return judge(texts, longest, read_short_numbers(session)) if texts else []


def _offer_numbers(session: Session, form: SmsTemplateForm) -> None:
    person = find_signed_in()
    numbers = list_trial_numbers(session, person.id if person else None)
    form.trial_number.choices = [(number, spaced(number)) for number in numbers]
