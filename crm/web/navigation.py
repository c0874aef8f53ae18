"""The staff's navigation: one table, one word each."""

from dataclasses import dataclass

from flask import request
from flask_babel import gettext as _

from crm.core.errors import N_


@dataclass(frozen=True, slots=True)
class Item:
    """One entry; `current` is where one is."""

    label: str
    href: str
    icon: str
    current: bool


ITEMS = (
    (N_("Overview"), "/admin/", "overview"),
    (N_("Messages"), "/admin/messages", "messages"),
    (N_("Templates"), "/admin/templates", "templates"),
)


def list_items() -> list[Item]:
    """Return the entries for the page that is being shown."""
    return [Item(_(label), href, icon, _is_current(href)) for label, href, icon in ITEMS]


def _is_current(href: str) -> bool:
    return request.path == href or (not href.endswith("/") and request.path.startswith(f"{href}/"))
