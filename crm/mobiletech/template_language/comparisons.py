"""Compare two values as PHP 8 and so Twig do: "7" with 7 as numbers, true with anything as truth."""

import operator
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any, Final

from crm.core.errors import N_, Said
from crm.mobiletech.template_language.errors import TemplateRenderError
from crm.mobiletech.template_language.values import Value, local, numeric, printed, truth

COMPARISONS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,
    "lteq": operator.le,
    "gt": operator.gt,
    "gteq": operator.ge,
}
"""Jinja's names of the six comparisons."""


def compare(name: str, left: Value, right: Value) -> bool:
    """Raises: TemplateRenderError if a date is put in order with anything but a date."""
    pair = _alike(left, right)
    if pair is not None:
        return COMPARISONS[name](*pair)
    if name in ("eq", "ne"):
        return name == "ne"
    reason = N_("a date can be before or after a date only, not a text or a number")
    raise TemplateRenderError(Said(reason))


def _alike(left: Value, right: Value) -> tuple[Any, Any] | None:
    """Return both values as one type that can be compared, or None if there is no such type."""
    if isinstance(left, date) and isinstance(right, date):
        return local(left), local(right)
    if _compares_as_truth(left, right):
        return truth(left), truth(right)
    if isinstance(left, date) or isinstance(right, date):
        return None
    numbers: tuple[Decimal | None, Decimal | None] = numeric(left), numeric(right)
    return (printed(left), printed(right)) if None in numbers else numbers


def _compares_as_truth(left: Value, right: Value) -> bool:
    """Bool with anything, and null with anything but a text: null with a text compares as empty text."""
    values = (left, right)
    if any(isinstance(value, bool) for value in values):
        return True
    return None in values and not any(isinstance(value, str) for value in values)
