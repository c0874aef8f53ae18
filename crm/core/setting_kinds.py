"""What may stand in a setting: kinds of values, each with its rule."""

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from urllib.parse import urlsplit

from crm.core.errors import N_, Said
from crm.core.phone import find_slovak_mobile

_DURATION = re.compile(r"P(?=.)(?:(\d{1,4})D)?(?:T(?=.)(?:(\d{1,4})H)?(?:(\d{1,5})M)?(?:(\d{1,6})S)?)?")
# A name of labels, an IPv4 or an IPv6 address.
_HOST = re.compile(r"[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*\.?|[0-9A-Fa-f:.]+")
_TOO_MUCH = 1_000_000
_WHOLE = Decimal(100)


def parse_duration(value: str) -> timedelta:
    """Read an ISO 8601 duration of days and time, such as PT15M or P1DT6H.

    Raises: ValueError.
    """
    match = _DURATION.fullmatch(value.strip())
    if match is None:
        told = N_("%(value)r is no duration; write PT15M, PT6H or P1D")
        raise ValueError(Said(told, value=value))
    days, hours, minutes, seconds = (int(group or 0) for group in match.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


def _code(value: str) -> None:
    if not re.fullmatch(r"[A-Za-z0-9._-]{0,64}", value):
        raise ValueError(Said(N_("must be up to 64 letters, digits, dots, dashes or underscores")))


def _short_number(value: str) -> None:
    if not re.fullmatch(r"(\d{3,6})?", value, re.ASCII):
        raise ValueError(Said(N_("must be a short number of 3 to 6 digits, such as 8877")))


def _mobile_numbers(value: str) -> None:
    for number in filter(None, (part.strip() for part in value.split(","))):
        if find_slovak_mobile(number) is None:
            told = N_("must be Slovak mobile numbers with commas between; %(number)r is none")
            raise ValueError(Said(told, number=number))


def _url(value: str) -> None:
    parts = urlsplit(value)
    _ = parts.port  # raises ValueError on a port that is none
    is_address = parts.scheme in ("http", "https") and _HOST.fullmatch(parts.hostname or "")
    if value and (not is_address or parts.username):
        raise ValueError(
            Said(N_("must be an address such as https://gateway.example.sk/send, without user and password"))
        )


def _count(value: str) -> None:
    if not re.fullmatch(r"\d{1,6}", value, re.ASCII):
        raise ValueError(Said(N_("must be a whole number, 0 or more")))


def _optional_count(value: str) -> None:
    if value:
        _count(value)


def _amount(value: str) -> None:
    try:
        amount = Decimal(value)
    except InvalidOperation as error:
        raise ValueError(Said(N_("must be an amount such as 50 or 4.99"))) from error
    if not amount.is_finite() or not 0 <= amount < _TOO_MUCH or amount != round(amount, 2):
        raise ValueError(Said(N_("must be an amount of 0 or more with at most two decimals")))


def _percent(value: str) -> None:
    _amount(value)
    if Decimal(value) > _WHOLE:
        raise ValueError(Said(N_("must be at most 100 percent")))


def _duration(value: str) -> None:
    parse_duration(value)


def _durations(value: str) -> None:
    for part in value.split(","):
        parse_duration(part)


def _unit(value: str) -> None:
    if value not in UNITS:
        raise ValueError(Said(N_("must be seconds, minutes or hours")))


class Kind(StrEnum):
    """What sort of value a key takes: it decides the rule, and how a page shows it and asks for it."""

    CODE = "code"
    ADDRESS = "address"
    BILLKEY = "billkey"
    TEMPLATE = "template"
    SHORT_NUMBER = "short_number"
    MOBILE_NUMBERS = "mobile_numbers"
    DURATION = "duration"
    DURATIONS = "durations"
    COUNT = "count"
    HOURS = "hours"
    HOURS_OR_NONE = "hours_or_none"
    EUR = "eur"
    PERCENT = "percent"
    UNIT = "unit"


UNITS = ("seconds", "minutes", "hours")
CHECKS: Mapping[Kind, Callable[[str], None]] = {
    Kind.CODE: _code,
    Kind.ADDRESS: _url,
    Kind.BILLKEY: _code,
    Kind.TEMPLATE: _code,
    Kind.SHORT_NUMBER: _short_number,
    Kind.MOBILE_NUMBERS: _mobile_numbers,
    Kind.DURATION: _duration,
    Kind.DURATIONS: _durations,
    Kind.COUNT: _count,
    Kind.HOURS: _count,
    Kind.HOURS_OR_NONE: _optional_count,
    Kind.EUR: _amount,
    Kind.PERCENT: _percent,
    Kind.UNIT: _unit,
}
