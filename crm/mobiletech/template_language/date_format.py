"""Write a date with PHP's format letters, the ones that a text for people needs."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Final

from crm.core.errors import N_, Said
from crm.mobiletech.template_language.errors import TemplateRenderError
from crm.mobiletech.template_language.values import Value, local

_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_TWIGS_PATTERN: Final = "F j, Y H:i"

_LETTERS: Final[dict[str, Callable[[datetime], str]]] = {
    "d": lambda at: f"{at.day:02}",
    "j": lambda at: f"{at.day}",
    "D": lambda at: _DAYS[at.weekday()][:3],
    "l": lambda at: _DAYS[at.weekday()],
    "N": lambda at: f"{at.isoweekday()}",
    "w": lambda at: f"{at.isoweekday() % 7}",
    "W": lambda at: f"{at.isocalendar().week:02}",
    "m": lambda at: f"{at.month:02}",
    "n": lambda at: f"{at.month}",
    "M": lambda at: _MONTHS[at.month - 1][:3],
    "F": lambda at: _MONTHS[at.month - 1],
    "Y": lambda at: f"{at.year}",
    "y": lambda at: f"{at.year % 100:02}",
    "G": lambda at: f"{at.hour}",
    "H": lambda at: f"{at.hour:02}",
    "g": lambda at: f"{at.hour % 12 or 12}",
    "h": lambda at: f"{at.hour % 12 or 12:02}",
    "i": lambda at: f"{at.minute:02}",
    "s": lambda at: f"{at.second:02}",
    "a": lambda at: "am" if at.hour < 12 else "pm",
    "A": lambda at: "AM" if at.hour < 12 else "PM",
}


def find_unknown_letter(pattern: str) -> str | None:
    """Return the first letter that PHP would replace and this table does not know."""
    letters = (sign for sign, is_literal in _signs(pattern) if not is_literal)
    return next(
        (sign for sign in letters if sign.isascii() and sign.isalpha() and sign not in _LETTERS), None
    )


def format_date(value: Value, pattern: str = _TWIGS_PATTERN) -> str:
    """Shape: `value` a date, an ISO 8601 text, or whole seconds since 1970.

    Raises: TemplateRenderError if the value is no date.
    """
    at = _moment(value)
    return "".join(
        sign if is_literal or sign not in _LETTERS else _LETTERS[sign](at)
        for sign, is_literal in _signs(pattern)
    )


def _signs(pattern: str) -> Iterator[tuple[str, bool]]:
    """Split a pattern into signs; the one after a backslash is literal."""
    signs = iter(pattern)
    for sign in signs:
        if sign == "\\":
            yield next(signs, ""), True
        else:
            yield sign, False


def _moment(value: Value) -> datetime:
    """ "now" is no date here: a template has no clock, the caller gives the time as a parameter."""
    try:
        match value:
            case bool():
                pass
            case date():
                return local(value)
            case int():
                return local(datetime.fromtimestamp(value, UTC))
            case str():
                return local(datetime.fromisoformat(value.strip()))
    except (ValueError, OverflowError, OSError) as error:
        raise _no_date() from error
    raise _no_date()


def _no_date() -> TemplateRenderError:
    reason = N_("the filter date was given something that is neither a date nor an ISO text of one")
    return TemplateRenderError(Said(reason))
