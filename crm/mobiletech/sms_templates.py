"""SMS templates: every save is a version; what was sent keeps the version it was made from."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from crm.core.errors import N_, InvalidInputError, Said
from crm.mobiletech.editing.changes import join_parameters
from crm.mobiletech.editing.paid_rules import check_paid
from crm.mobiletech.errors import (
    InvalidTemplateCodeError,
    StaleTemplateError,
    TemplateExistsError,
    TemplateNotFoundError,
)
from crm.mobiletech.models import SmsTemplate, SmsTemplateVersion
from crm.mobiletech.template_language import CompiledTemplate, TemplateLanguageError, compile_template
from crm.mobiletech.wire.sms_text import Measured, measure
from crm.users.audit_log import record_act

LAST_VERSION = 2**31 - 1  # what the database counts to
_CODE = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}", re.ASCII)


class TemplatePurpose(StrEnum):
    """What a template is for: a service message is free, a paid one goes with a charge."""

    SERVICE = "service"
    PAID = "paid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """The text of one message, as it will be sent, and how long it is; a person's words have no template."""

    template_id: int | None
    version: int | None
    measured: Measured
    language: str | None = None


class EnglishTextError(TemplateLanguageError):
    """The English text cannot be used; the Slovak one can."""

    def __init__(self, wrong: InvalidInputError) -> None:
        super().__init__(N_("In English: %(wrong)s"), wrong=Said(wrong.message, **wrong.fields))


def find_template(session: Session, code: str) -> SmsTemplate | None:
    """Return the template, or None."""
    return session.execute(select(SmsTemplate).where(SmsTemplate.code == code)).scalar_one_or_none()


def get_template(session: Session, code: str) -> SmsTemplate:
    """Return the template.

    Raises: TemplateNotFoundError.
    """
    template = find_template(session, code)
    if template is None:
        raise TemplateNotFoundError(code)
    return template


def list_templates(session: Session) -> Sequence[SmsTemplate]:
    """Return all templates, by code."""
    return session.execute(select(SmsTemplate).order_by(SmsTemplate.code)).scalars().all()


def list_versions(session: Session, template: SmsTemplate) -> Sequence[SmsTemplateVersion]:
    """Return the versions of a template, newest first."""
    versions = select(SmsTemplateVersion).where(SmsTemplateVersion.template_id == template.id)
    return session.execute(versions.order_by(SmsTemplateVersion.version.desc())).scalars().all()


def find_version(session: Session, template: SmsTemplate, number: int) -> SmsTemplateVersion | None:
    """Return one saved state of a template, or None."""
    if number > LAST_VERSION:
        return None
    found = select(SmsTemplateVersion).where(
        SmsTemplateVersion.template_id == template.id, SmsTemplateVersion.version == number
    )
    return session.execute(found).scalar_one_or_none()


def check_content(content: str) -> CompiledTemplate:
    """Return the template ready to render.

    Raises: TemplateRefusedError naming the construct and the line; InvalidInputError for an empty text.
    """
    if not content.strip():
        raise InvalidInputError(N_("The text is empty."))
    return compile_template(content)


def check_texts(content: str, content_en: str | None) -> dict[str, CompiledTemplate]:
    """Return the text of each language ready to render; no English one where that is empty.

    Raises: as `check_content`; EnglishTextError.
    """
    texts = {"sk": check_content(content)}
    if content_en:
        try:
            texts["en"] = check_content(content_en)
        except InvalidInputError as error:
            raise EnglishTextError(error) from error
    return texts


def create_template(
    session: Session,
    code: str,
    content: str,
    *,
    content_en: str | None = None,
    purpose: str = TemplatePurpose.SERVICE,
    author_id: int | None = None,
    reason: str = "",
) -> SmsTemplate:
    """Add a template as version 1.

    Raises: InvalidTemplateCodeError, TemplateExistsError, InvalidInputError, TemplateRefusedError,
            PaidRulesBrokenError.
    """
    if not _CODE.fullmatch(code):
        raise InvalidTemplateCodeError(code)
    texts, wanted = check_texts(content, content_en), _checked_purpose(purpose)
    if wanted == TemplatePurpose.PAID:
        check_paid(session, texts, None)
    template = SmsTemplate(
        code=code, content=content, content_en=content_en or None, purpose=wanted, version=1
    )
    try:
        with session.begin_nested():
            session.add(template)
    except IntegrityError as error:
        raise TemplateExistsError(code) from error
    _add_version(session, template, texts, author_id, reason)
    record_act(session, "template.create", f"template {code}", after=_state_of(template), reason=reason)
    return template


def save_template(
    session: Session,
    code: str,
    content: str,
    *,
    content_en: str | None = None,
    purpose: str | None = None,
    seen_version: int | None = None,
    author_id: int | None = None,
    reason: str = "",
) -> SmsTemplate:
    """Save a new version, or nothing when the texts and the purpose are as they were.

    Without `content_en` or `purpose` these stay; an empty `content_en` takes the English text away.
    `seen_version` is the one that the author had before the eyes; None overwrites whatever is there.
    Raises: TemplateNotFoundError, StaleTemplateError, InvalidInputError, TemplateRefusedError,
            PaidRulesBrokenError.
    """
    found = select(SmsTemplate).where(SmsTemplate.code == code).with_for_update()
    template = session.execute(found).scalar_one_or_none()
    if template is None:
        raise TemplateNotFoundError(code)
    english = template.content_en if content_en is None else content_en or None
    texts, wanted = check_texts(content, english), _checked_purpose(purpose or template.purpose)
    if seen_version is not None and seen_version != template.version:
        raise StaleTemplateError(code, template.version)
    if (content, english, wanted) == (template.content, template.content_en, template.purpose):
        return template
    if wanted == TemplatePurpose.PAID:
        check_paid(session, texts, template.id)
    before = _state_of(template)
    template.content, template.content_en, template.purpose = content, english, wanted
    template.version += 1
    _add_version(session, template, texts, author_id, reason)
    after = _state_of(template)
    record_act(session, "template.save", f"template {code}", before=before, after=after, reason=reason)
    return template


def render(template: SmsTemplate, params: Mapping[str, object], language: str | None = None) -> Rendered:
    """Return the text that will be sent, folded to the SMS alphabet: English for who reads it, if there is one.

    Raises: MissingParameterError, TemplateRenderError.
    """
    english = template.content_en if language == "en" else None
    spoken = "sk" if english is None else "en"
    rendered = compile_template(english or template.content).render(params, spoken)
    return Rendered(
        template_id=template.id, version=template.version, measured=measure(rendered), language=spoken
    )


def _state_of(template: SmsTemplate) -> dict[str, object]:
    return {
        "version": template.version,
        "purpose": template.purpose,
        "content": template.content,
        "content_en": template.content_en,
    }


def _checked_purpose(purpose: str) -> str:
    if purpose not in set(TemplatePurpose):
        raise InvalidInputError(
            N_("There is no purpose %(purpose)r; it is service or paid."), purpose=purpose
        )
    return purpose


def _add_version(
    session: Session,
    template: SmsTemplate,
    texts: Mapping[str, CompiledTemplate],
    author_id: int | None,
    reason: str,
) -> None:
    parameters = join_parameters(texts.values())
    version = SmsTemplateVersion(
        template_id=template.id,
        version=template.version,
        content=template.content,
        content_en=template.content_en,
        purpose=template.purpose,
        parameters=[{"name": name, "required": required} for name, required in parameters.items()],
        author_id=author_id,
        reason=reason,
    )
    session.add(version)
    session.flush()


def read_last_used(session: Session) -> Mapping[int, object]:
    """Return when each template was last used, by template id; those never used are absent."""
    statement = text("""
        SELECT template.id, last.created_at FROM mobiletech_templates AS template, LATERAL (
            SELECT mobiletech_template_id, created_at FROM mobiletech_outbound_messages
            WHERE (mobiletech_template_id, created_at) <= (template.id, 'infinity')
            ORDER BY mobiletech_template_id DESC, created_at DESC LIMIT 1
        ) AS last
        WHERE last.mobiletech_template_id = template.id
    """)
    return {row.id: row.created_at for row in session.execute(statement)}
