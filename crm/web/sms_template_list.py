"""The texts that go to readers, all of them: what each is for, how long it is, and what should worry somebody."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from crm.core.db import current_session
from crm.core.errors import N_, InvalidInputError
from crm.mobiletech.editing.faults import FAULT_WORDS, list_faults
from crm.mobiletech.editing.paid_rules import read_short_numbers
from crm.mobiletech.editing.samples import find_sample
from crm.mobiletech.models import SmsTemplate
from crm.mobiletech.outbound import OutboundPurpose
from crm.mobiletech.sms_templates import TemplatePurpose, check_content, list_templates, read_last_used
from crm.mobiletech.wire.sms_text import Measured, measure
from crm.mobiletech.words import PURPOSE_WORDS, Word
from crm.users.roles import Permission
from crm.web.filters import Choice, Reader, one_of
from crm.web.guards import staff
from crm.web.list_query import ListQuery, read_query
from crm.web.page_tools import render_staff_page
from crm.web.sms_template_page import may_edit

sms_template_list = Blueprint("sms_template_list", __name__)

LONGEST_TERM = 100
LABELS = {"purpose": N_("Purpose"), "q": N_("Code or words")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One template in the list."""

    code: str
    purpose: str
    content: str
    parts: int
    units: int
    version: int
    last_used_at: object
    updated_at: datetime
    faults: Sequence[Word]
    href: str


@sms_template_list.get("")
@staff(Permission.READ)
def show_list() -> ResponseReturnValue:
    """List the templates that the address asks for."""
    query = read_query({name: (label, _READERS[name]) for name, label in LABELS.items()})
    session = current_session()
    used, short_numbers = read_last_used(session), read_short_numbers(session)
    templates = [] if query.problems else [each for each in list_templates(session) if _fits(each, query)]
    page = render_staff_page(
        "sms_templates/list.html",
        rows=[_row(template, used, short_numbers) for template in templates],
        filters=_choices(query),
        active_filters=[query.chip(name, _chip(name, value)) for name, value in query.values.items()],
        problems=query.problems,
        may_edit=may_edit(),
    )
    return (page, 400) if query.problems else page


def _fits(template: SmsTemplate, query: ListQuery) -> bool:
    purpose, term = query.wanted.get("purpose"), query.wanted.get("q", "")
    words = f"{template.code}\n{template.content}\n{template.content_en or ''}"
    return purpose in (None, template.purpose) and _folded(term) in _folded(words)


def _folded(text: str) -> str:
    return measure(text).text.casefold()


def _row(template: SmsTemplate, used: Mapping[int, object], short_numbers: frozenset[str]) -> Row:
    sample = _sample(template.content)
    return Row(
        code=template.code,
        purpose=_(PURPOSE_WORDS[OutboundPurpose(template.purpose)]),
        content=template.content,
        parts=sample.parts,
        units=sample.units,
        version=template.version,
        last_used_at=used.get(template.id),
        updated_at=template.updated_at,
        faults=[FAULT_WORDS[fault] for fault in list_faults(template, short_numbers)],
        href=f"/admin/templates/{template.code}",
    )


def _sample(content: str) -> Measured:
    """Measure a text with sample values; one that cannot be read as it stands."""
    try:
        return find_sample(check_content(content)) or measure(content)
    except InvalidInputError:
        return measure(content)


def _choices(query: ListQuery) -> list[Choice]:
    purposes = [(purpose, _purpose(purpose)) for purpose in TemplatePurpose]
    return [
        Choice(name="purpose", label=_("Purpose"), value=query.values.get("purpose", ""), options=purposes),
        Choice(name="q", label=_("Code or words"), value=query.values.get("q", ""), options=(), is_text=True),
    ]


def _chip(name: str, value: str) -> str:
    is_known = name == "purpose" and value in set(TemplatePurpose)
    return f"{_(LABELS[name])}: {_purpose(value) if is_known else value[:40]}"


def _purpose(purpose: str) -> str:
    return str(_(PURPOSE_WORDS[OutboundPurpose(purpose)]))


def _term(text: str) -> str:
    if len(text) > LONGEST_TERM:
        raise InvalidInputError(N_("Write at most %(max)s characters."), max=LONGEST_TERM)
    return text


_READERS: Mapping[str, Reader] = {"purpose": one_of(TemplatePurpose), "q": _term}
