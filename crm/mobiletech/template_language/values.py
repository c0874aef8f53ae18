"""Which values a template may be given, and how Twig prints, weighs and compares them."""

import re
from collections.abc import Callable
from datetime import date, datetime, time, timezone
from decimal import Decimal
from typing import Any, Final, Self
from zoneinfo import ZoneInfo

from crm.core.errors import N_, Said
from crm.mobiletech.template_language.errors import TemplateRenderError
from crm.mobiletech.template_language.limits import MAX_FRACTION_DIGITS, MAX_NUMBER, MAX_VALUE_CHARACTERS

Value = str | int | float | Decimal | bool | date | None
"""`datetime` is a `date`. Aware times are shown in Slovak time, naive ones as they are."""


class WrittenDecimal(Decimal):
    """A number that prints as somebody has written it."""

    written: str

    def __new__(cls, number: Decimal, written: str) -> Self:
        """Keep both."""
        made = super().__new__(cls, number)
        made.written = written
        return made


SLOVAK_TIME: Final = ZoneInfo("Europe/Bratislava")
_NUMERIC: Final = re.compile(r"\s*[+-]?(?:[0-9]{1,30}(?:\.[0-9]{0,30})?|\.[0-9]{1,30})\s*", re.ASCII)


def plain(name: str, given: object) -> Value:
    """Return the value if it is of a plain type, so that rendering never runs code of a stranger's class.

    Raises: TemplateRenderError with the parameter's name for any other type and for values out of bounds.
    """
    kind = type(given)
    if issubclass(kind, str):  # type() and not isinstance: a class may lie about itself
        given, kind = str.__str__(given), str  # a StrEnum or Markup becomes the text that it is
    is_in_bounds = _BOUNDS.get(kind)
    if is_in_bounds is None:
        reason = N_("the parameter %(name)s is of the type %(type)s, not text, a number or a date")
        raise TemplateRenderError(Said(reason, name=name, type=kind.__name__))
    if not is_in_bounds(given):
        reason = N_("the parameter %(name)s is too long, too large or not a real number or date")
        raise TemplateRenderError(Said(reason, name=name))
    value: Value = given  # type: ignore[assignment]  # the table knows its type
    return value


def number_is_in_bounds(number: int | float | Decimal) -> bool:
    exact = Decimal(str(number)) if isinstance(number, float) else Decimal(number)
    exponent = exact.as_tuple().exponent
    if not isinstance(exponent, int):  # infinite, or not a number
        return False
    return -MAX_NUMBER < exact < MAX_NUMBER and exponent >= -MAX_FRACTION_DIGITS


def printed(value: Value) -> str:
    """As Twig prints: true as 1, false and null as nothing, 4.0 as 4; a date as ISO, in Slovak time."""
    match value:
        case str():
            return value
        case None | False:
            return ""
        case True:
            return "1"
        case float():
            return without_trailing_zeros(Decimal(str(value)))
        case WrittenDecimal():
            return value.written
        case Decimal():
            return format(value, "f")
        case datetime():
            return local(value).strftime("%Y-%m-%d %H:%M")
        case _:
            return str(value)


def without_trailing_zeros(number: Decimal) -> str:
    digits = format(number, "f")
    if "." in digits:
        digits = digits.rstrip("0").rstrip(".")
    return "0" if digits == "-0" else digits


def truth(value: Value) -> bool:
    """As PHP decides it: the text "0" is false too."""
    return value != "0" and (isinstance(value, date) or bool(value))


def numeric(value: Value) -> Decimal | None:
    """Return the number that the value is or spells with digits and a point, else None."""
    match value:
        case bool() | None | date():
            return None
        case str():
            return Decimal(value.strip()) if _NUMERIC.fullmatch(value) else None
        case float():
            return Decimal(str(value))
        case _:
            return Decimal(value)


def local(moment: date) -> datetime:
    """Return the moment in Slovak time, without a zone."""
    if not isinstance(moment, datetime):
        return datetime.combine(moment, time())
    return moment.astimezone(SLOVAK_TIME).replace(tzinfo=None) if moment.tzinfo else moment


def _date_is_in_bounds(day: date) -> bool:
    zone = day.tzinfo if isinstance(day, datetime) else None
    return 1900 <= day.year < 9999 and type(zone) in (type(None), timezone, ZoneInfo)


_BOUNDS: Final[dict[type, Callable[[Any], bool]]] = {
    str: lambda text: len(text) <= MAX_VALUE_CHARACTERS,
    int: number_is_in_bounds,
    float: number_is_in_bounds,
    Decimal: number_is_in_bounds,
    bool: lambda _: True,
    type(None): lambda _: True,
    date: _date_is_in_bounds,
    datetime: _date_is_in_bounds,
}
