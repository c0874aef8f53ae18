"""What the arguments of filters may be, checked at saving where they are written out, else at rendering."""

import re
from collections.abc import Callable
from typing import Final

from crm.mobiletech.template_language.date_format import find_unknown_letter
from crm.mobiletech.template_language.number_filters import ROUNDINGS

ArgumentCheck = Callable[[object], str | None]
"""Argument → what is wrong with it, to follow "the filter x ", or None."""

_MAX_TEXT_ARGUMENT: Final = 200
_MAX_SEPARATOR: Final = 5
_RANGE_IN_MASK: Final = re.compile(r".\.\..", re.DOTALL)


def anything(argument: object) -> str | None:
    return None


def text(argument: object) -> str | None:
    if isinstance(argument, str):
        return None if len(argument) <= _MAX_TEXT_ARGUMENT else "has an argument that is too long"
    return "needs a text as argument"


def separator(argument: object) -> str | None:
    if argument is None or (isinstance(argument, str) and len(argument) <= _MAX_SEPARATOR):
        return None
    return f"needs a text of at most {_MAX_SEPARATOR} characters as separator"


def mask(argument: object) -> str | None:
    if isinstance(argument, str) and _RANGE_IN_MASK.search(argument):
        return "does not support a range (a..z) in its mask"
    return text(argument)


def whole(low: int, high: int, *, or_null: bool = False) -> ArgumentCheck:
    def check(argument: object) -> str | None:
        is_whole = isinstance(argument, int) and not isinstance(argument, bool) and low <= argument <= high
        is_allowed_null = or_null and argument is None
        return None if is_whole or is_allowed_null else f"needs a whole number from {low} to {high}"

    return check


def one_of(*words: str) -> ArgumentCheck:
    def check(argument: object) -> str | None:
        return None if argument in words else f"needs one of {', '.join(words)}"

    return check


rounding: Final = one_of(*ROUNDINGS)
side: Final = one_of("both", "left", "right")


def date_pattern(argument: object) -> str | None:
    if wrong := text(argument):
        return wrong
    letter = find_unknown_letter(str(argument))
    return f'does not support the letter "{letter}"' if letter else None


def pairs_or_text(argument: object) -> str | None:
    if isinstance(argument, dict):
        return None if all(isinstance(key, str) and key for key in argument) else "needs texts to be replaced"
    return text(argument)
