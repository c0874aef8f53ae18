"""SMS templates: every save is a version; what was sent keeps the version it was made from."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from crm.core.errors import N_, InvalidInputError
from crm.mobiletech.errors import (
    InvalidTemplateCodeError,
    StaleTemplateError,
    TemplateExistsError,
    TemplateNotFoundError,
)
from crm.mobiletech.models import SmsTemplate, SmsTemplateVersion
from crm.mobiletech.template_language import CompiledTemplate, compile_template
from crm.mobiletech.wire.sms_text import Measured, measure
from crm.users.audit_log import record_act

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


def check_content(content: str) -> CompiledTemplate:
    """Return the template ready to render.

    Raises: TemplateRefusedError naming the construct and the line; InvalidInputError for an empty text.
    """
    if not content.strip():
        raise InvalidInputError(N_("The text is empty."))
    return compile_template(content)


def create_template(
    session: Session,
    code: str,
    content: str,
    *,
    purpose: str = TemplatePurpose.SERVICE,
    author_id: int | None = None,
    reason: str = "",
) -> SmsTemplate:
    """Add a template as version 1.

    Raises: InvalidTemplateCodeError, TemplateExistsError, InvalidInputError, TemplateRefusedError.
    """
    if not _CODE.fullmatch(code):
        raise InvalidTemplateCodeError(code)
    compiled = check_content(content)
    template = SmsTemplate(code=code, content=content, purpose=_checked_purpose(purpose), version=1)
    try:
        with session.begin_nested():
            session.add(template)
    except IntegrityError as error:
        raise TemplateExistsError(code) from error
    _add_version(session, template, compiled, author_id, reason)
    record_act(session, "template.create", f"template {code}", after=_state_of(template), reason=reason)
    return template


def save_template(
    session: Session,
    code: str,
    content: str,
    *,
    purpose: str | None = None,
    seen_version: int | None = None,
    author_id: int | None = None,
    reason: str = "",
) -> SmsTemplate:
    """Save a new version, or nothing when the text and purpose are as they were.

    `seen_version` is the one that the author had before the eyes; None overwrites whatever is there.
    Raises: TemplateNotFoundError, StaleTemplateError, InvalidInputError, TemplateRefusedError.
    """
    compiled = check_content(content)
    found = select(SmsTemplate).where(SmsTemplate.code == code).with_for_update()
    template = session.execute(found).scalar_one_or_none()
    if template is None:
        raise TemplateNotFoundError(code)
    if seen_version is not None and seen_version != template.version:
        raise StaleTemplateError(code, template.version)
    wanted = _checked_purpose(purpose or template.purpose)
    if (content, wanted) != (template.content, template.purpose):
        before = _state_of(template)
        template.content, template.purpose, template.version = content, wanted, template.version + 1
        _add_version(session, template, compiled, author_id, reason)
        after = _state_of(template)
        record_act(session, "template.save", f"template {code}", before=before, after=after, reason=reason)
    return template


def render(template: SmsTemplate, params: Mapping[str, object]) -> Rendered:
    """Return the text that will be sent, folded to the SMS alphabet.

    Raises: MissingParameterError, TemplateRenderError.
    """
    rendered = compile_template(template.content).render(params)
    return Rendered(template_id=template.id, version=template.version, measured=measure(rendered))


def _state_of(template: SmsTemplate) -> dict[str, object]:
    return {"version": template.version, "purpose": template.purpose, "content": template.content}


def _checked_purpose(purpose: str) -> str:
    if purpose not in set(TemplatePurpose):
        raise InvalidInputError(
            N_("There is no purpose %(purpose)r; it is service or paid."), purpose=purpose
        )
    return purpose


def _add_version(
    session: Session, template: SmsTemplate, compiled: CompiledTemplate, author_id: int | None, reason: str
) -> None:
    parameters = [{"name": each.name, "required": each.required} for each in compiled.parameters]
    version = SmsTemplateVersion(
        template_id=template.id,
        version=template.version,
        content=template.content,
        purpose=template.purpose,
        parameters=parameters,
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
