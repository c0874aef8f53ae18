"""How long an SMS is, exactly: its alphabet, its units and the number of parts it is charged as.

Source: 3GPP TS 23.038 and 23.040: 160 septets or 70 UTF-16 units alone, 153 or 67 in each of several
parts, because a part carries a header. No character is ever cut in two between parts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from crm.mobiletech.wire.gsm7 import SEPTETS, is_gsm7
from crm.mobiletech.wire.sms_folding import Folded, Replacement, clean_text, fold_text

__all__ = ["Encoding", "Folded", "Measured", "clean_text", "fold_text", "measure", "split_parts"]

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

    @property
    def room(self) -> int:
        """How many units the parts can hold together."""
        alone = self.parts == 1
        return _UNITS_ALONE[self.encoding] if alone else self.parts * _UNITS_IN_A_PART[self.encoding]


def measure(text: str, *, fold: bool = True) -> Measured:
    """Measure a text, folded to the GSM alphabet unless `fold` is off; it is cleaned in either case."""
    folded = fold_text(text) if fold else clean_text(text)
    encoding = Encoding.GSM7 if is_gsm7(folded.text) else Encoding.UCS2
    widths = _widths(folded.text, encoding)
    return Measured(
        encoding=encoding,
        units=sum(widths),
        parts=1 + len(_list_cuts(widths, encoding)),
        text=folded.text,
        replaced=folded.replaced,
    )


def split_parts(text: str, encoding: Encoding) -> list[str]:
    """Return a text, as it is sent, cut where a phone's parts end."""
    cuts = [0, *_list_cuts(_widths(text, encoding), encoding), len(text)]
    return [text[start:end] for start, end in pairwise(cuts)]


def _widths(text: str, encoding: Encoding) -> list[int]:
    if encoding is Encoding.GSM7:
        return [SEPTETS.get(character, 1) for character in text]
    return [1 if character <= _LAST_ONE_UNIT_CHARACTER else 2 for character in text]


def _list_cuts(widths: Sequence[int], encoding: Encoding) -> list[int]:
    """Return before which characters a new part begins."""
    cuts: list[int] = []
    if sum(widths) <= _UNITS_ALONE[encoding]:
        return cuts
    room, used = _UNITS_IN_A_PART[encoding], 0
    for place, width in enumerate(widths):
        if used + width > room:
            cuts.append(place)
            used = 0
        used += width
    return cuts
