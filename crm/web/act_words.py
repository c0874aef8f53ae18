"""Entries of the audit log in words: what was done, and each value that is another one now."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from flask_babel import gettext as _

from crm.core.errors import N_
from crm.users.acts import ACTS
from crm.users.audit_log import COMMAND_LINE
from crm.users.models import AuditEntry
from crm.web.page_tools import local_time

LONGEST_VALUE = 300
# What became of an import's rows, as its page says it: as it is kept it has lost its order.
_COUNTS = ("inserted", "updated", "unchanged", "refused")
_NAMES = {
    "inserted": N_("inserted"),
    "updated": N_("updated"),
    "unchanged": N_("unchanged"),
    "refused": N_("refused"),
    "file": N_("file"),
    "entity": N_("what it holds"),
}
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?[+-]\d\d:\d\d", re.ASCII)
# Where the subject of an act has a page: the noun, and the address before its name.
_PAGES = {
    "user": "/admin/users/",
    "template": "/admin/templates/",
    "setting": "/admin/settings/",
    "rule": "/admin/rules/",
    "work": "/admin/operations/work/",
    "billkey": "/admin/billkeys/",
    "subscription_type": "/admin/subscription-types/",
    "payment": "/admin/payments/",
    "short_number": "/admin/settings/short-numbers/",
    "prefix": "/admin/settings/prefixes/",
    "status_code": "/admin/settings/status-codes/",
    "thread": "/admin/threads/",
    "recurrent_payment": "/admin/recurrent-payments/",
    "outbound": "/admin/messages/outbound/",
    "import": "/admin/imports/",
}


@dataclass(frozen=True, slots=True)
class Change:
    """One value before and after; None where there was none."""

    name: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ActLine:
    """One act as the pages show it."""

    id: int
    at: datetime
    actor: str
    actor_id: int | None
    act: str
    subject: str
    href: str | None
    changes: tuple[Change, ...]
    reason: str
    ip: str
    request_id: str


def as_line(entry: AuditEntry) -> ActLine:
    """Return the act in words."""
    return ActLine(
        id=entry.id,
        at=entry.created_at,
        actor=actor_word(entry.actor),
        actor_id=entry.actor_id,
        act=act_word(entry.action),
        subject=entry.subject,
        href=_page_of(entry.subject),
        changes=_changes(entry.before or {}, entry.after or {}),
        reason=entry.reason,
        ip=entry.ip,
        request_id=entry.request_id,
    )


def actor_word(name: str) -> str:
    """Return who acted; a command is called so in the language of the page."""
    return str(_(COMMAND_LINE)) if name == COMMAND_LINE else name


def act_word(action: str) -> str:
    """Return what was done; an act that this version does not know is its code."""
    return str(_(ACTS[action])) if action in ACTS else action


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Change, ...]:
    counts = [name for name in _COUNTS if name in after]
    names = dict.fromkeys([*counts, *before, *after])
    changes = (Change(_name(name), _shown(before.get(name)), _shown(after.get(name))) for name in names)
    return tuple(change for change in changes if (change.before, change.after) != (None, None))


def _name(name: str) -> str:
    return str(_(_NAMES[name])) if name in _NAMES else name


def _shown(value: object) -> str | None:
    match value:
        case None | "":
            return None
        case True:
            return str(_("yes"))
        case False:
            return str(_("no"))
        case str() if _MOMENT.fullmatch(value):
            return local_time(datetime.fromisoformat(value), "minute")
        case list():
            return ", ".join(map(str, value)) or None
        case _:
            text = str(value)
            return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"


def _page_of(subject: str) -> str | None:
    noun, _space, name = subject.partition(" ")
    return f"{_PAGES[noun]}{quote(name, safe='')}" if noun in _PAGES and name else None
