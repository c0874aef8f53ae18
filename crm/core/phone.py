"""Slovak mobile numbers: the one place that reads, writes and masks them.

Two spellings are ours: local (`0908123456`, how people's numbers are stored) and international
(`+421908123456`, how the gateway writes them). Any spelling a person types is read; nothing but a
Slovak mobile number is ever taken for one.
"""

import re

from crm.core.errors import N_, InvalidInputError

# Source: libphonenumber 9.0.43, mobile numbers of Slovakia, without the leading 0.
_NATIONAL = r"9(?:09[1-9][0-9]{5}|(?:0[1-8]|1[0-24-9]|4[03-57-9]|5[0-9])[0-9]{6})"

# Nine bare digits are refused: a Czech number is written just so. `+421 (0)908…` is common and clear.
_AS_THE_GATEWAY_WRITES = re.compile(rf"\+421{_NATIONAL}")
_SLOVAK_MOBILE = re.compile(rf"(?:(?:\+|00)?4210?|0)({_NATIONAL})")

# Spaces of every width, dashes, brackets, and the invisible marks that phones add when a number is copied.
_SEPARATORS = "\\s\\-./()\\[\\]\u00ad\u200b-\u200f\u2010-\u2015\u202a-\u202e\u2060\u2066-\u2069\u2212\ufeff"
_SEPARATOR = re.compile(f"[{_SEPARATORS}]+")

_GAP = f"[{_SEPARATORS}]{{0,3}}"
_NUMBER_IN_TEXT = re.compile(
    rf"\+{_GAP}[1-9](?:{_GAP}[0-9]){{7,14}}"  # any country, with a plus
    rf"|(?<![0-9:.])00[1-9](?:{_GAP}[0-9]){{7,12}}"  # any country, with two zeros
    rf"|421{_GAP}0?{_GAP}9(?:{_GAP}[0-9]){{8}}"  # ours, the plus forgotten
    rf"|(?<![0-9])0{_GAP}9(?:{_GAP}[0-9]){{8}}(?![0-9])"  # ours, local
)
_MASKABLE = re.compile(r"\+?[0-9]{9,15}")
_SHORT_NUMBER = re.compile(r"[0-9]{3,6}")


class InvalidPhoneError(InvalidInputError):
    """The text is not a Slovak mobile number; the sentence does not repeat it, so it is safe to log."""

    def __init__(self) -> None:
        super().__init__(
            N_("This is not a Slovak mobile number. Write it like 0908 123 456 or +421 908 123 456.")
        )


def find_slovak_mobile(text: str) -> str | None:
    """Read a number in any spelling and give its local form, or None for anything else."""
    match = _SLOVAK_MOBILE.fullmatch(_SEPARATOR.sub("", text))
    return f"0{match[1]}" if match else None


def to_local(text: str) -> str:
    """Give the local form, `0908123456`, of a number in any spelling.

    Raises: InvalidPhoneError if it is not a Slovak mobile number.
    """
    local = find_slovak_mobile(text)
    if local is None:
        raise InvalidPhoneError
    return local


def to_international(text: str) -> str:
    """Give the international form, `+421908123456`, of a number in any spelling.

    Raises: InvalidPhoneError if it is not a Slovak mobile number.
    """
    return f"+421{to_local(text)[1:]}"


def is_international(text: str) -> bool:
    """Return whether a text is a Slovak mobile number just as the gateway writes it, `+421908123456`."""
    return _AS_THE_GATEWAY_WRITES.fullmatch(text) is not None


def mask(text: str) -> str:
    """Hide who a number belongs to: `+421908***549`, `0908***456`.

    Short numbers such as `8877` belong to nobody and stay; what is no number at all becomes `***`.
    """
    number = _SEPARATOR.sub("", text)
    if _SHORT_NUMBER.fullmatch(number):
        return number
    if _MASKABLE.fullmatch(number):
        return f"{number[:-6]}***{number[-3:]}"
    return "***"


def mask_in_text(text: str) -> str:
    """Mask every phone number inside free text, such as a log line; when in doubt a number is masked."""
    return _NUMBER_IN_TEXT.sub(lambda match: mask(match[0]), text)
