"""Import SMS templates: the text must be one that we can render, and a paid one must say what it has to.

An empty cell says nothing, here as in all of the catalogue: it takes nothing away from what is there.
"""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from sqlalchemy.orm import Session

from crm.core.errors import N_, CrmError
from crm.importer import kinds
from crm.importer.batches import Batch, Outcome
from crm.importer.columns import EXTERNAL_ID, Column, Entity, Line
from crm.importer.doors import go_through, list_changed_here, refuse_taken_ids
from crm.mobiletech.editing.paid_rules import PaidRulesBrokenError
from crm.mobiletech.errors import InvalidTemplateCodeError
from crm.mobiletech.models import SmsTemplate
from crm.mobiletech.sms_templates import (
    EnglishTextError,
    TemplatePurpose,
    create_template,
    find_template,
    save_template,
)
from crm.mobiletech.template_language import TemplateLanguageError
from crm.users.phone_history import IMPORTED


class TemplateRecord(NamedTuple):
    """One row of the file; what it does not say is None."""

    external_id: str | None
    code: str
    purpose: str | None
    content: str
    content_en: str | None


COLUMNS = (
    EXTERNAL_ID,
    Column(
        name="code", read=kinds.text, must=True, told=N_("Its code, as in renewal; no two have the same.")
    ),
    Column(
        name="purpose",
        read=kinds.one_of(*TemplatePurpose),
        told=N_("service, or paid for the text of a charge; a new one is service if left out."),
    ),
    Column(name="content", read=kinds.message_text, must=True, told=N_("The text, in Slovak.")),
    Column(name="content_en", read=kinds.message_text, told=N_("The text for who reads English.")),
)


def load(batch: Batch, lines: Sequence[Line[TemplateRecord]]) -> None:
    """Write the templates of a batch; each change is a version."""
    refuse_taken_ids(batch, lines, SmsTemplate.external_id, SmsTemplate.code)
    subjects = [f"template {line.record.code}" for line in batch.open(lines)]
    kept = list_changed_here(batch.session, subjects, ["template.create", "template.save"])
    go_through(batch, batch.open(lines), partial(_bring_in, batch.session, kept), place=_place)


def _bring_in(session: Session, kept: set[str], record: TemplateRecord) -> Outcome:
    known = find_template(session, record.code)
    if known is None:
        known = create_template(
            session,
            record.code,
            record.content,
            content_en=record.content_en,
            purpose=record.purpose or TemplatePurpose.SERVICE,
            reason=IMPORTED,
        )
        known.external_id = record.external_id
        return Outcome.INSERTED
    if f"template {record.code}" in kept:
        return Outcome.UNCHANGED
    before = known.version, known.external_id
    save_template(
        session,
        record.code,
        record.content,
        content_en=record.content_en,
        purpose=record.purpose,
        reason=IMPORTED,
    )
    known.external_id = record.external_id or known.external_id
    return Outcome.UNCHANGED if (known.version, known.external_id) == before else Outcome.UPDATED


def _place(error: CrmError, _: TemplateRecord) -> tuple[str, str]:
    match error:
        case InvalidTemplateCodeError():
            return "code", "code"
        case PaidRulesBrokenError():
            is_english = all(language == "en" for language, _ in error.broken)
            return "content_en" if is_english else "content", "paid_text"
        case EnglishTextError():
            return "content_en", "template"
        case TemplateLanguageError():
            return "content", "template"
        case _:
            return "content", "invalid"


TEMPLATES = Entity(
    name="templates",
    title=N_("SMS templates"),
    summary=N_("Texts of SMS, by code."),
    columns=COLUMNS,
    record=TemplateRecord,
    load=load,
)
