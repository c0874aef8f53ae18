"""The settings of the set-up file: keys with values."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core.business_settings import BusinessSetting
from crm.setup_file.applying import REASON, Applying, Change, FaultError
from crm.users.setting_changes import change_setting


def apply_settings(applying: Applying, content: Any) -> None:
    """Bring the settings to what the part says."""
    if not isinstance(content, dict):
        applying.faults.append("settings: must be keys with values")
        return
    stored = export_settings(applying.session)
    for key, value in content.items():
        applying.item(f"settings.{key}", partial(_setting, applying.session, stored, key, value))


def export_settings(session: Session) -> dict[str, str]:
    """Return what is set; what stands on its default is left out."""
    stored = session.execute(select(BusinessSetting.name, BusinessSetting.value)).all()
    return dict(sorted((name, value) for name, value in stored))


def _setting(session: Session, stored: Mapping[str, str], key: str, value: Any) -> Change:
    if not isinstance(value, str):
        raise FaultError('must be one text; write "" for none')
    known = stored.get(key)
    if known == value.strip():
        return Change.UNCHANGED
    change_setting(session, key, value, reason=REASON)
    return Change.INSERTED if known is None else Change.UPDATED
