"""What the address of a list asks for: its filters, its page, and the ways to the neighbouring ones."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import request
from flask_babel import gettext as _

from crm.core.errors import InvalidInputError
from crm.core.keyset import KeysetPage, Place
from crm.mobiletech.message_log import Position
from crm.web.cursor import read_cursor, write_cursor
from crm.web.filters import Chip, Reader
from crm.web.languages import told


@dataclass(frozen=True, slots=True, kw_only=True)
class ListQuery:
    """The filters as they stand in the address, what they mean by name, and what is wrong with them, in sentences."""

    values: Mapping[str, str]
    wanted: Mapping[str, Any]
    problems: tuple[str, ...]
    after: Place | None
    before: Place | None

    def href(self, **more: str) -> str:
        """Return the address of this view with more in it."""
        return _address({**self.values, **more})

    def chip(self, name: str, label: str) -> Chip:
        """Return a filter that is in force, and the address without it."""
        rest = {other: value for other, value in self.values.items() if other != name}
        return Chip(label, _address(rest))


@dataclass(frozen=True, slots=True)
class ListPager:
    """The ways to the neighbouring pages."""

    newer_href: str | None
    older_href: str | None


def read_query(readers: Mapping[str, tuple[str, Reader]]) -> ListQuery:
    """Read the filters that the address may have: name -> label and how to read it.

    A reader raises InvalidInputError; what cannot be read is told and left out.
    """
    values, wanted, problems = {}, {}, []
    for name, (label, read) in readers.items():
        text = request.args.get(name, "").strip()
        if not text:
            continue
        values[name] = text
        try:
            wanted[name] = read(text)
        except InvalidInputError as error:
            problems.append(f"{_(label)}: {told(error)}")
    places = {}
    for name in ("after", "before"):
        try:
            places[name] = _place(request.args.get(name, ""), values)
        except InvalidInputError as error:
            problems.append(told(error))
    return ListQuery(
        values=values,
        wanted=wanted,
        problems=tuple(problems),
        after=places.get("after"),
        before=places.get("before"),
    )


def make_pager(query: ListQuery, page: KeysetPage[Any]) -> ListPager:
    """Return the ways to the neighbouring pages."""
    return ListPager(_href(query, "before", page.newer), _href(query, "after", page.older))


def _place(word: str, values: Mapping[str, str]) -> Place | None:
    if not word:
        return None
    position = read_cursor(word, values)
    return Place(position.at, position.id)


def _href(query: ListQuery, name: str, place: Place | None) -> str | None:
    if place is None:
        return None
    return query.href(**{name: write_cursor(Position(place.at, 0, place.id), query.values)})


def _address(values: Mapping[str, str]) -> str:
    return f"?{urlencode(values)}" if values else "?"
