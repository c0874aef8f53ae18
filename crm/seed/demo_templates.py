"""The demo's own templates: a paid one with a past, and some that show what the list warns of."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from crm.mobiletech.sms_templates import create_template, find_template, save_template
from crm.users.queries import find_by_email


def add_texts(session: Session, templates: Sequence[dict[str, Any]]) -> None:
    """Add the templates that are missing, each version by version as its authors would have saved it."""
    for each in templates:
        if find_template(session, each["code"]) is None:
            _add(session, each["code"], each["purpose"], each["versions"])


def _add(session: Session, code: str, purpose: str, versions: Sequence[dict[str, str]]) -> None:
    for version in versions:
        author = find_by_email(session, version["author"])
        save = save_template if find_template(session, code) else create_template
        save(
            session,
            code,
            version["content"],
            content_en=version.get("content_en"),
            purpose=purpose,
            author_id=author.id if author else None,
            reason=version["reason"],
        )
