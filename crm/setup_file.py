"""The publisher's set-up as one YAML file: applied whole or not at all, safe to apply twice.

Source: interface.md section 5.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from typing import Any

import yaml
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core.business_settings import BusinessSetting
from crm.core.errors import CrmError
from crm.mobiletech.sms_templates import create_template, find_template, list_templates, save_template
from crm.setup_yaml import SetupFileError, read_yaml
from crm.users.setting_changes import change_setting

NOT_YET = ("billkeys", "subscription_types", "rules")
TEMPLATE_FIELDS = ("code", "purpose", "content")
REASON = "crm setup apply"


class Change(StrEnum):
    """What came of one item."""

    INSERTED = "inserted"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


class _FaultError(Exception):
    """One item cannot be applied."""


@dataclass(slots=True)
class _Applying:
    session: Session
    changes: Counter[Change] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def item(self, place: str, apply: Callable[[], Change]) -> None:
        try:
            self.changes[apply()] += 1
        except (CrmError, _FaultError) as error:
            # The rule of a setting begins with its key, which the place has said.
            self.faults.append(f"{place}: {str(error).removeprefix(place.rpartition('.')[2] + ' ')}")


def apply_setup(session: Session, source: bytes) -> Mapping[Change, int]:
    """Apply the file in the caller's transaction; return how many items were what.

    Raises: SetupFileError with all faults; the transaction must then be rolled back.
    """
    parts = _read_parts(source)
    applying = _Applying(session)
    for name, content in parts.items():
        if name in NOT_YET:
            applying.faults.append(f"{name}: this part comes with a later version")
        elif name not in PARTS:
            applying.faults.append(f"{name}: there is no such part; the parts are {', '.join(PARTS)}")
        else:
            PARTS[name](applying, content)
    if applying.faults:
        raise SetupFileError(applying.faults)
    return {change: applying.changes[change] for change in Change}


def export_setup(session: Session) -> str:
    """Return what `apply_setup` would need to make this set-up anew; what stands on its default is left out."""
    stored = session.execute(select(BusinessSetting.name, BusinessSetting.value)).all()
    parts = {
        "settings": dict(sorted((name, value) for name, value in stored)),
        "templates": [
            {"code": each.code, "purpose": each.purpose, "content": each.content}
            for each in list_templates(session)
        ],
    }
    return yaml.safe_dump(parts, allow_unicode=True, sort_keys=False, width=10_000)


def _read_parts(source: bytes) -> dict[str, Any]:
    parts = read_yaml(source)
    if not isinstance(parts, dict):
        raise SetupFileError([f"the file must have the parts {', '.join(PARTS)}"])
    return parts


def _apply_settings(applying: _Applying, content: Any) -> None:
    if not isinstance(content, dict):
        applying.faults.append("settings: must be keys with values")
        return
    stored = dict(applying.session.execute(select(BusinessSetting.name, BusinessSetting.value)).all())
    for key, value in content.items():
        applying.item(f"settings.{key}", partial(_setting, applying.session, stored, key, value))


def _setting(session: Session, stored: Mapping[str, str], key: str, value: Any) -> Change:
    if not isinstance(value, str):
        raise _FaultError('must be one text; write "" for none')
    known = stored.get(key)
    if known == value.strip():
        return Change.UNCHANGED
    change_setting(session, key, value, reason=REASON)
    return Change.INSERTED if known is None else Change.UPDATED


def _apply_templates(applying: _Applying, content: Any) -> None:
    if not isinstance(content, list):
        applying.faults.append("templates: must be a list")
        return
    seen: set[str] = set()
    for number, item in enumerate(content):
        place = f"templates[{number}]"
        try:
            fields = _template_fields(item, seen)
        except _FaultError as error:
            applying.faults.append(f"{place}: {error}")
            continue
        applying.item(f"{place} {fields['code']}", partial(_template, applying.session, fields))


def _template_fields(item: Any, seen: set[str]) -> dict[str, str]:
    if not isinstance(item, dict):
        raise _FaultError("must have a code and a content")
    unknown = [name for name in item if name not in TEMPLATE_FIELDS]
    if unknown:
        raise _FaultError(f"there is no field {unknown[0]!r}; the fields are {', '.join(TEMPLATE_FIELDS)}")
    for name in ("code", "content"):
        if name not in item:
            raise _FaultError(f"{name} is missing")
    for name, value in item.items():
        if not isinstance(value, str):
            raise _FaultError(f"{name} must be one text")
    if item["code"] in seen:
        raise _FaultError(f"the code {item['code']!r} stands here twice")
    seen.add(item["code"])
    return item


def _template(session: Session, fields: Mapping[str, str]) -> Change:
    code, content, purpose = fields["code"], fields["content"], fields.get("purpose")
    known = find_template(session, code)
    if known is None:
        create_template(session, code, content, purpose=purpose or "service", reason=REASON)
        return Change.INSERTED
    version = known.version
    saved = save_template(session, code, content, purpose=purpose, reason=REASON)
    return Change.UNCHANGED if saved.version == version else Change.UPDATED


PARTS: Mapping[str, Callable[[_Applying, Any], None]] = {
    "settings": _apply_settings,
    "templates": _apply_templates,
}
