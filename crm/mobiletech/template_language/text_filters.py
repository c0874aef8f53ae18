"""Twig's text filters, each bounded in what it may grow to."""

import re
from collections.abc import Mapping
from typing import Final

from crm.core.errors import N_, Said
from crm.mobiletech.template_language.errors import TemplateRenderError
from crm.mobiletech.template_language.limits import MAX_VALUE_CHARACTERS
from crm.mobiletech.template_language.values import Value, printed

_PHP_WHITESPACE: Final = " \t\n\r\0\x0b"


def upper(value: Value) -> str:
    return printed(value).upper()


def lower(value: Value) -> str:
    return printed(value).lower()


def capitalize(value: Value) -> str:
    return printed(value).capitalize()


def raw(value: Value) -> Value:
    """Nothing is ever escaped here, so nothing is left to do; old templates have it."""
    return value


def default(value: Value, fallback: Value = "") -> Value:
    """Replace what Twig calls empty: not given, null, false and the empty text, but not 0."""
    return fallback if value is None or value is False or value == "" else value


def trim(value: Value, mask: str = _PHP_WHITESPACE, side: str = "both") -> str:
    strip = {"both": str.strip, "left": str.lstrip, "right": str.rstrip}[side]
    return strip(printed(value), mask) if mask else printed(value)


def cut(value: Value, start: int, length: int | None = None) -> str:
    """Twig's `slice`: a negative start counts from the end, a negative length leaves that many off."""
    text = printed(value)
    first = max(len(text) + start, 0) if start < 0 else start
    if length is None:
        return text[first:]
    return text[first : first + length] if length >= 0 else text[first : max(len(text) + length, first)]


def replace(value: Value, changes: Mapping[str, Value] | str, new: Value = None) -> str:
    """Replace all at once, the longest first, as PHP's `strtr`; what was put in is not searched again."""
    table = {changes: printed(new)} if isinstance(changes, str) else _printed_pairs(changes)
    table.pop("", None)
    if not table:
        return printed(value)
    return _Replacing(table).apply(printed(value))


def _printed_pairs(changes: Mapping[str, Value]) -> dict[str, str]:
    return {old: printed(new) for old, new in changes.items()}


class _Replacing:
    """Counts what it puts in, so that a growing text stops before it takes memory."""

    def __init__(self, table: dict[str, str]) -> None:
        self._table = table
        self._added = 0

    def apply(self, text: str) -> str:
        longest_first = sorted(self._table, key=len, reverse=True)
        return re.sub("|".join(map(re.escape, longest_first)), self._put, text)

    def _put(self, found: re.Match[str]) -> str:
        new = self._table[found.group()]
        self._added += len(new)
        if self._added > MAX_VALUE_CHARACTERS:
            raise TemplateRenderError(Said(N_("the filter %(name)s makes the text too long"), name="replace"))
        return new
