"""How a value is written in a file, and what it becomes. Pure; what cannot be read is a CellError.

Values come in trimmed and not empty, but for those of a column that is taken as it stands.
"""

import json
import re
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from math import isfinite
from types import NoneType
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from crm.core.errors import N_
from crm.core.money import InvalidAmountError, parse_amount
from crm.core.phone import find_slovak_mobile, is_international, to_international
from crm.importer.errors import CellError
from crm.users.email_addresses import is_email_address

Parse = Callable[[str], Any]

# What is told of all columns that `moment` reads.
DATES = N_(
    "Dates: 2026-10-01 09:30:00 or 1.10.2026 9:30. Without an offset, such as +02:00, they are of the"
    " zone CRM_TIMEZONE; a day alone is its midnight."
)
LONGEST_TEXT = 255
LONGEST_MESSAGE = 2000
LONGEST_JSON = 8000
FIRST_YEAR, LAST_YEAR = 1990, 2199

_CODE = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
# A table program that takes a long number for one to reckon with writes it so, and its last digits are lost.
_SPOILT = re.compile(r"[0-9](?:[.,][0-9]+)?E\+[0-9]{1,3}", re.ASCII | re.IGNORECASE)
_EXTERNAL_ID = re.compile(rf"(?!(?i:{_SPOILT.pattern})\Z)[!-~]{{1,64}}", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_NO_TEXT = re.compile(r"[\x00\ud800-\udfff]")  # what PostgreSQL cannot keep
_FORMULA = re.compile(r"[=@＝＠]|[+\-＋－](?![0-9 (])")
_SLOVAK_DATE = re.compile(
    r"([0-9]{1,2})\.\s?([0-9]{1,2})\.\s?([0-9]{4})(?:,?\s+([0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?))?", re.ASCII
)
_ISO = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[ T]([0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?)"
    r"\s?(Z|[+-][0-9]{2}(?::?[0-9]{2})?)?)?",
    re.ASCII,
)
_STATUS = re.compile(r"[AD][0-9]{1,5}", re.ASCII)
_ADDRESS = re.compile(r"\+?[0-9A-Za-z]{3,15}", re.ASCII)
_FOREIGN = re.compile(r"\+[1-9][0-9]{7,14}", re.ASCII)
_UUID = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
_TRUE, _FALSE = ("1", "true", "yes", "t", "y", "ano", "áno"), ("0", "false", "no", "f", "n", "nie")


def text(value: str) -> str:
    """Read one line of text, such as a name: no control characters, nothing that a table would run."""
    if len(value) > LONGEST_TEXT:
        raise CellError("too_long", N_("This is longer than %(most)s characters."), most=LONGEST_TEXT)
    if _CONTROL.search(value):
        raise CellError("control_character", N_("This has a line break or a control character in it."))
    _refuse_formula(value)
    return value


def message_text(value: str) -> str:
    """Read the text of an SMS, as it stands."""
    if len(value) > LONGEST_MESSAGE:
        raise CellError("too_long", N_("This is longer than %(most)s characters."), most=LONGEST_MESSAGE)
    return value


def note(value: str) -> str:
    """Read a remark of several lines."""
    message_text(value)
    _refuse_formula(value)
    return value


def code(value: str) -> str:
    """Read a code or a gateway's id: up to 64 letters, digits, dots, dashes and underscores."""
    if not _CODE.fullmatch(value):
        _refuse_spoilt(value)
        raise CellError("code", N_("An id has 1 to 64 letters, digits, dots, dashes and underscores."))
    return value


def external_id(value: str) -> str:
    """Read an id of the old system."""
    if not _EXTERNAL_ID.fullmatch(value):
        _refuse_spoilt(value)
        raise CellError("external_id", N_("An id of the old system has 1 to 64 signs, without spaces."))
    _refuse_formula(value)
    return value


def number_of_people(value: str) -> str:
    """Read a person's number in any spelling; local form, `0908123456`."""
    local = find_slovak_mobile(value)
    if local is None:
        _refuse_spoilt(value)
        raise CellError("phone", N_("This is not a Slovak mobile number; write it like 0908123456."))
    return local


def address(value: str) -> str:
    """Read the sender or the receiver of a message: a number as the gateway has it, or a short number."""
    if is_international(value):
        return value
    if find_slovak_mobile(value):
        return to_international(value)
    if not _ADDRESS.fullmatch(value):
        _refuse_spoilt(value)
        raise CellError("number", N_("This is no number; write it like +421908123456 or 8877."))
    return value


def reader_number(value: str) -> str:
    """Read a reader's number on a message: a Slovak one in any spelling, or another one in international form."""
    if is_international(value):
        return value
    if find_slovak_mobile(value):
        return to_international(value)
    if not _FOREIGN.fullmatch(value):
        _refuse_spoilt(value)
        raise CellError("number", N_("This is no reader's number; write it like +421908123456."))
    return value


def email(value: str) -> str:
    """Read an e-mail address."""
    if not is_email_address(value):
        raise CellError("email", N_("This is no e-mail address."))
    return value


def flag(value: str) -> bool:
    """Read yes or no, 1 or 0, true or false."""
    lowered = value.lower()
    if lowered in _TRUE:
        return True
    if lowered in _FALSE:
        return False
    raise CellError("flag", N_("Write 1 or 0."))


def whole(value: str, *, least: int = 0, most: int = 2**31 - 1) -> int:
    """Read a whole number within bounds."""
    if not re.fullmatch(r"-?[0-9]{1,12}", value, re.ASCII):
        raise CellError("integer", N_("This is no whole number."))
    number = int(value)
    if not least <= number <= most:
        raise CellError("range", N_("Write a number from %(least)s to %(most)s."), least=least, most=most)
    return number


def amount(value: str) -> Decimal:
    """Read an amount of money above 0, such as 4.99 or 4,99."""
    try:
        read = parse_amount(value)
    except InvalidAmountError as error:
        raise CellError("amount", error.message, **error.fields) from error
    if read <= 0:
        raise CellError("amount", N_("An amount is above 0."))
    return read


def price(value: str) -> Decimal:
    """Read a price, which may be 0."""
    try:
        return parse_amount(value)
    except InvalidAmountError as error:
        raise CellError("amount", error.message, **error.fields) from error


def currency(value: str) -> str:
    """Read a currency, three capitals."""
    if not re.fullmatch(r"[A-Z]{3}", value, re.ASCII):
        raise CellError("currency", N_("A currency is three capitals, such as EUR."))
    return value


def uuid(value: str) -> UUID:
    """Read a UUID."""
    if not _UUID.fullmatch(value):
        raise CellError("uuid", N_("This is no UUID."))
    return UUID(value)


def status_code(value: str) -> str:
    """Read a delivery status as the gateway reports it, such as D1."""
    if not _STATUS.fullmatch(value):
        raise CellError("status", N_("A status is A or D and one to five digits, such as D1."))
    return value


def json_object(value: str) -> dict[str, Any]:
    """Read a JSON object of plain texts and numbers."""
    if len(value) > LONGEST_JSON:
        raise CellError("too_long", N_("This is longer than %(most)s characters."), most=LONGEST_JSON)
    try:
        read = json.loads(value)
    except (ValueError, RecursionError) as error:
        raise CellError("json", N_("This is no JSON.")) from error
    if not isinstance(read, dict) or not all(map(_is_plain, read.values())):
        raise CellError("json", N_("Write a JSON object of texts and numbers, such as {}."))
    if any(_NO_TEXT.search(each) for pair in read.items() for each in pair if isinstance(each, str)):
        raise CellError("control_character", N_("This has a sign in it that no text has."))
    return read


def one_of(*allowed: str, also: Mapping[str, str] | None = None) -> Parse:
    """Return the reader of one of some words; `also` are other words for them."""
    known = {each: each for each in allowed} | dict(also or {})

    def read(value: str) -> str:
        if value not in known:
            raise CellError("choice", N_("This must be one of %(choices)s."), choices=_listed(known))
        return known[value]

    return read


def moment(zone: ZoneInfo) -> Parse:
    """Return the reader of a moment; one without an offset is of the zone.

    Shape: `2026-10-01 09:30:00`, `2026-10-01T09:30:00Z`, `2026-10-01` or `1.10.2026 9:30`; out comes aware UTC.
    """
    offset = lru_cache(maxsize=20_000)(lambda hour: _offset(hour, zone))  # no clock is changed within an hour

    def read(value: str) -> datetime:
        match = _ISO.fullmatch(value)
        day, time, written = match.groups() if match else _slovak(value)
        try:
            if written:
                at = datetime.fromisoformat(f"{day}T{time}{'+00:00' if written == 'Z' else written}")
            else:
                local = f"{day}T{time or '00:00'}"
                at = datetime.fromisoformat(local).replace(tzinfo=UTC) - offset(local[:13])
        except (ValueError, OverflowError) as error:
            raise CellError("date", N_("There is no such date or time.")) from error
        if not FIRST_YEAR <= at.year <= LAST_YEAR:
            told = N_("The year must be from %(first)s to %(last)s.")
            raise CellError("date_range", told, first=FIRST_YEAR, last=LAST_YEAR)
        return at.astimezone(UTC) if at.tzinfo is not UTC else at

    return read


def _refuse_spoilt(value: str) -> None:
    """Refuse a number of which a table program has kept the first digits; this says more than that it is none."""
    if _SPOILT.fullmatch(value):
        told = N_(
            "A table program has spoilt this number: format the column as text there before you save the file."
        )
        raise CellError("spoilt", told)


def _refuse_formula(value: str) -> None:
    if _FORMULA.match(value):
        told = N_("This begins like a formula, with %(sign)s: write it without that sign.")
        raise CellError("formula", told, sign=value[0])


def _is_plain(value: object) -> bool:
    """Return whether a value of JSON is one that a template can show; Infinity and NaN are none."""
    return isfinite(value) if isinstance(value, float) else isinstance(value, (str, int, bool, NoneType))


def _slovak(value: str) -> tuple[str, str | None, None]:
    match = _SLOVAK_DATE.fullmatch(value)
    if match is None:
        raise CellError("date", N_("Write a date and a time such as 2026-10-01 09:30:00."))
    day, month, year, time = match.groups()
    return (
        f"{year}-{int(month):02}-{int(day):02}",
        time and time.rjust(8 if time.count(":") > 1 else 5, "0"),
        None,
    )


def _offset(hour: str, zone: ZoneInfo) -> timedelta:
    return datetime.fromisoformat(hour).replace(tzinfo=zone).utcoffset() or timedelta(0)


def _listed(known: Collection[str]) -> str:
    return ", ".join(known)
