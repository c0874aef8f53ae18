"""The SMS templates of the set-up file."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from crm.mobiletech.sms_templates import create_template, find_template, list_templates, save_template
from crm.setup_file.applying import REASON, Applying, Change, FaultError, read_items, text_of

FIELDS = ("code", "purpose", "content", "content_en")


def apply_templates(applying: Applying, content: Any) -> None:
    """Bring the templates to what the part says."""
    seen: set[str] = set()
    for place, item in read_items(
        applying, "templates", content, fields=FIELDS, required=("code", "content")
    ):
        try:
            fields = _texts(item, seen)
        except FaultError as error:
            applying.faults.append(f"{place}: {error}")
            continue
        applying.item(f"{place} {fields['code']}", partial(_template, applying.session, fields))


def export_templates(session: Session) -> list[dict[str, str]]:
    """Return the templates as the part says them; one that has no English text says nothing of it."""
    return [
        {"code": each.code, "purpose": each.purpose, "content": each.content}
        | ({"content_en": each.content_en} if each.content_en else {})
        for each in list_templates(session)
    ]


def _texts(item: Mapping[str, Any], seen: set[str]) -> dict[str, str]:
    fields = {name: text_of(item, name) or "" for name in item}
    if fields["code"] in seen:
        raise FaultError(f"the code {fields['code']!r} stands here twice")
    seen.add(fields["code"])
    return fields


def _template(session: Session, fields: Mapping[str, str]) -> Change:
    code, content, purpose = fields["code"], fields["content"], fields.get("purpose")
    english = fields.get("content_en")
    known = find_template(session, code)
    if known is None:
        create_template(
            session, code, content, content_en=english, purpose=purpose or "service", reason=REASON
        )
        return Change.INSERTED
    version = known.version
    saved = save_template(session, code, content, content_en=english, purpose=purpose, reason=REASON)
    return Change.UNCHANGED if saved.version == version else Change.UPDATED
