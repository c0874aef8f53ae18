"""Settings as the pages show them: the value, how it reads, who said it, who changed it last."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from crm.core.business_settings import Value, list_settings, variable_of
from crm.core.errors import N_, NotFoundError
from crm.core.setting_definitions import DEFINITIONS, Group
from crm.core.setting_kinds import Kind
from crm.users.audit_log import find_latest_acts
from crm.users.models import AuditEntry
from crm.web.act_words import actor_word
from crm.web.setting_words import reading

SOURCES = {
    "environment": N_("Environment"),
    "database": N_("Set here"),
    "default": N_("Default"),
}


@dataclass(frozen=True, slots=True)
class LastChange:
    """Who changed a setting last, when and why."""

    actor: str
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingRow:
    """One setting; `is_fixed` when the environment beats whatever is stored, `is_set` when something is stored."""

    key: str
    kind: Kind
    group: Group
    value: str
    reads: str
    default: str
    default_reads: str
    meaning: str
    source: str
    is_fixed: bool
    is_set: bool
    variable: str
    href: str
    change: LastChange | None


def list_setting_rows(session: Session) -> list[SettingRow]:
    """Return all settings in their order."""
    values = list_settings(session)
    acts = find_latest_acts(session, [f"setting {each.key}" for each in values])
    return [_row(each, acts.get(f"setting {each.key}")) for each in values]


def get_setting_row(session: Session, key: str) -> SettingRow:
    """Return the setting. Raises: NotFoundError."""
    row = next((row for row in list_setting_rows(session) if row.key == key), None)
    if row is None:
        raise NotFoundError(N_("There is no such setting."))
    return row


def in_groups(rows: Sequence[SettingRow]) -> dict[Group, list[SettingRow]]:
    """Return the settings by what they are about."""
    return {group: [row for row in rows if row.group is group] for group in Group}


def _row(each: Value, act: AuditEntry | None) -> SettingRow:
    definition = DEFINITIONS[each.key]
    return SettingRow(
        key=each.key,
        kind=definition.kind,
        group=definition.group,
        value=each.value,
        reads=reading(each.key, each.value),
        default=definition.default,
        default_reads=reading(each.key, definition.default),
        meaning=_(definition.meaning),
        source=_(SOURCES[each.source]),
        is_fixed=each.source == "environment",
        is_set=each.source == "database",
        variable=variable_of(each.key),
        href=f"/admin/settings/{each.key}",
        change=LastChange(actor_word(act.actor), act.created_at, act.reason) if act else None,
    )
