"""The staff's navigation: one table, one word each."""

from dataclasses import dataclass

from flask import request
from flask_babel import gettext as _

from crm.core.errors import N_
from crm.users.roles import Permission, may
from crm.web.session import find_signed_in


@dataclass(frozen=True, slots=True)
class Item:
    """One entry; `current` is where one is."""

    label: str
    href: str
    icon: str
    current: bool


# What stands in the list, and who sees it: those whose role opens the page.
ITEMS = (
    (N_("Overview"), "/admin/", "overview", Permission.READ),
    (N_("Messages"), "/admin/messages", "messages", Permission.READ),
    (N_("Templates"), "/admin/templates", "templates", Permission.READ),
    (N_("People"), "/admin/users", "people", Permission.MANAGE_PEOPLE),
    (N_("Tokens"), "/admin/tokens", "key", Permission.MANAGE_TOKENS),
    (N_("Settings"), "/admin/settings", "settings", Permission.MANAGE_SETTINGS),
    (N_("Audit"), "/admin/audit", "audit", Permission.READ_AUDIT),
)


def list_items() -> list[Item]:
    """Return the entries for the page that is being shown, of those that are open to who is signed in."""
    person = find_signed_in()
    return [
        Item(_(label), href, icon, _is_current(href))
        for label, href, icon, permission in ITEMS
        if person is not None and may(person.role, permission)
    ]


def _is_current(href: str) -> bool:
    return request.path == href or (not href.endswith("/") and request.path.startswith(f"{href}/"))
