"""How long an SMS is, exactly: its alphabet, its units and the number of parts it is charged as.

Source: 3GPP TS 23.038 and 23.040: 160 septets or 70 UTF-16 units alone, 153 or 67 in each of several
parts, because a part carries a header. No character is ever cut in two between parts.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from crm.mobiletech.wire.gsm7 import SEPTETS, is_gsm7
from crm.mobiletech.wire.sms_folding import Folded, Replacement, clean_text, fold_text

__all__ = ["Encoding", "Folded", "Measured", "clean_text", "fold_text", "measure"]

_LAST_ONE_UNIT_CHARACTER = "\uffff"


class Encoding(StrEnum):
    """The alphabet of an SMS: seven bits a character, or sixteen."""

    GSM7 = "gsm7"
    UCS2 = "ucs2"


_UNITS_ALONE = {Encoding.GSM7: 160, Encoding.UCS2: 70}
_UNITS_IN_A_PART = {Encoding.GSM7: 153, Encoding.UCS2: 67}


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """A text as it would be sent, and what it costs.

    Units: `units` are septets in GSM-7, UTF-16 units in UCS-2. An empty text is one part.
    """

    encoding: Encoding
    units: int
    parts: int
    text: str
    replaced: tuple[Replacement, ...]


def measure(text: str, *, fold: bool = True) -> Measured:
    """Measure a text, folded to the GSM alphabet unless `fold` is off; it is cleaned in either case."""
    folded = fold_text(text) if fold else clean_text(text)
    encoding = Encoding.GSM7 if is_gsm7(folded.text) else Encoding.UCS2
    widths = [_width(character, encoding) for character in folded.text]
    units = sum(widths)
    return Measured(
        encoding=encoding,
        units=units,
        parts=1 if units <= _UNITS_ALONE[encoding] else _count_parts(widths, _UNITS_IN_A_PART[encoding]),
        text=folded.text,
        replaced=folded.replaced,
    )


def _width(character: str, encoding: Encoding) -> int:
    if encoding is Encoding.GSM7:
        return SEPTETS[character]
    return 1 if character <= _LAST_ONE_UNIT_CHARACTER else 2


def _count_parts(widths: Iterable[int], room: int) -> int:
    parts, used = 1, 0
    for width in widths:
        if used + width > room:
            parts, used = parts + 1, 0
        used += width
    return parts
