"""The staff's navigation: one table, one word each, and how much waits."""

from dataclasses import dataclass

from flask import request
from flask_babel import gettext as _

from crm.core.db import current_session
from crm.core.errors import N_
from crm.mobiletech.conversations.inbox import COUNTED, count_open
from crm.users.roles import Permission, may
from crm.web.session import find_signed_in


@dataclass(frozen=True, slots=True)
class Item:
    """One entry; `current` is where one is."""

    label: str
    href: str
    icon: str
    current: bool
    key: str
    badge: str | None = None  # how much waits there; None where nothing is counted


# What stands in the list, who sees it (those whose role opens the page), and the key that goes there after "g".
ITEMS = (
    (N_("Overview"), "/admin/", "overview", Permission.READ, "d"),
    (N_("Inbox"), "/admin/inbox", "inbox", Permission.READ, "i"),
    (N_("Messages"), "/admin/messages", "messages", Permission.READ, "m"),
    (N_("Payments"), "/admin/payments", "payments", Permission.READ, "l"),
    (N_("Numbers"), "/admin/phone-numbers", "phone", Permission.READ, "n"),
    (N_("Subscribers"), "/admin/subscribers", "subscribers", Permission.READ, "u"),
    (N_("Renewals"), "/admin/recurrent-payments", "renewals", Permission.READ, "c"),
    (N_("Templates"), "/admin/templates", "templates", Permission.READ, "t"),
    (N_("Rules"), "/admin/rules", "rules", Permission.READ, "r"),
    (N_("Billkeys"), "/admin/billkeys", "billkeys", Permission.READ, "b"),
    (N_("Types"), "/admin/subscription-types", "types", Permission.READ, "y"),
    (N_("Insight"), "/admin/insight", "insight", Permission.READ, "f"),
    (N_("Operations"), "/admin/operations", "operations", Permission.READ, "o"),
    (N_("Imports"), "/admin/imports", "imports", Permission.IMPORT, "e"),
    (N_("People"), "/admin/users", "people", Permission.MANAGE_PEOPLE, "p"),
    (N_("Tokens"), "/admin/tokens", "key", Permission.MANAGE_TOKENS, "k"),
    (N_("Settings"), "/admin/settings", "settings", Permission.MANAGE_SETTINGS, "s"),
    (N_("Audit"), "/admin/audit", "audit", Permission.READ_AUDIT, "a"),
)


def list_items() -> list[Item]:
    """Return the entries for the page that is being shown, of those that are open to who is signed in."""
    person = find_signed_in()
    return [
        Item(_(label), href, icon, _is_current(href), key, _badge(href))
        for label, href, icon, permission, key in ITEMS
        if person is not None and may(person.role, permission)
    ]


def _badge(href: str) -> str | None:
    """Return how much waits at the entry: of readers' messages those that nobody has seen to."""
    if href != "/admin/inbox":
        return None
    count = count_open(current_session())
    return f"{COUNTED}+" if count > COUNTED else str(count or "")


def _is_current(href: str) -> bool:
    return request.path == href or (not href.endswith("/") and request.path.startswith(f"{href}/"))
