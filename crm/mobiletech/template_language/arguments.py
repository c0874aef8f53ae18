"""What the arguments of filters may be, checked at saving where they are written out, else at rendering."""

import re
from collections.abc import Callable
from typing import Final

from crm.core.errors import N_, Said
from crm.mobiletech.template_language.date_format import find_unknown_letter
from crm.mobiletech.template_language.number_filters import ROUNDINGS

ArgumentCheck = Callable[[object], Said | None]
"""Argument → what is wrong with it, to follow "the filter x ", or None."""

_MAX_TEXT_ARGUMENT: Final = 200
_MAX_SEPARATOR: Final = 5
_RANGE_IN_MASK: Final = re.compile(r".\.\..", re.DOTALL)


def wrong_argument(filter_name: str, wrong: Said) -> Said:
    """Return the whole complaint."""
    return Said(N_("the filter %(name)s %(wrong)s"), name=filter_name, wrong=wrong)


def anything(argument: object) -> Said | None:
    return None


def text(argument: object) -> Said | None:
    if isinstance(argument, str):
        return None if len(argument) <= _MAX_TEXT_ARGUMENT else Said(N_("has an argument that is too long"))
    return Said(N_("needs a text as argument"))


def separator(argument: object) -> Said | None:
    if argument is None or (isinstance(argument, str) and len(argument) <= _MAX_SEPARATOR):
        return None
    return Said(N_("needs a text of at most %(most)s characters as separator"), most=_MAX_SEPARATOR)


def mask(argument: object) -> Said | None:
    if isinstance(argument, str) and _RANGE_IN_MASK.search(argument):
        return Said(N_("does not support a range (a..z) in its mask"))
    return text(argument)


def whole(low: int, high: int, *, or_null: bool = False) -> ArgumentCheck:
    def check(argument: object) -> Said | None:
        is_whole = isinstance(argument, int) and not isinstance(argument, bool) and low <= argument <= high
        is_allowed_null = or_null and argument is None
        if is_whole or is_allowed_null:
            return None
        return Said(N_("needs a whole number from %(low)s to %(high)s"), low=low, high=high)

    return check


def one_of(*words: str) -> ArgumentCheck:
    def check(argument: object) -> Said | None:
        return None if argument in words else Said(N_("needs one of %(words)s"), words=", ".join(words))

    return check


rounding: Final = one_of(*ROUNDINGS)
side: Final = one_of("both", "left", "right")


def date_pattern(argument: object) -> Said | None:
    if wrong := text(argument):
        return wrong
    letter = find_unknown_letter(str(argument))
    return Said(N_('does not support the letter "%(letter)s"'), letter=letter) if letter else None


def pairs_or_text(argument: object) -> Said | None:
    if isinstance(argument, dict):
        is_sound = all(isinstance(key, str) and key for key in argument)
        return None if is_sound else Said(N_("needs texts to be replaced"))
    return text(argument)
