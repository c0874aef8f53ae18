"""The staff's navigation: one table, one word each."""

from dataclasses import dataclass

from flask import request


@dataclass(frozen=True, slots=True)
class Item:
    """One entry; `current` is where one is."""

    label: str
    href: str
    icon: str
    current: bool


ITEMS = (
    ("Overview", "/admin/", "overview"),
    ("Messages", "/admin/messages", "messages"),
    ("Templates", "/admin/templates", "templates"),
)


def list_items() -> list[Item]:
    """Return the entries for the page that is being shown."""
    return [Item(label, href, icon, _is_current(href)) for label, href, icon in ITEMS]


def _is_current(href: str) -> bool:
    return request.path == href or (not href.endswith("/") and request.path.startswith(f"{href}/"))
