"""Which characters make an SMS dearer than it must be, and what to write instead of each.

Source: 3GPP TS 23.038: characters of the extension table take two septets; one that the alphabet lacks turns
the whole SMS into UCS-2, with 70 characters instead of 160.
"""

import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from crm.mobiletech.wire.gsm7 import SEPTETS
from crm.mobiletech.wire.sms_folding import fold_text

# What says the same for less; the empty text is "leave it out".
_INSTEAD: Mapping[str, str] = {
    "€": "EUR", "[": "(", "]": ")", "{": "(", "}": ")", "\\": "/", "|": "/", "~": "-", "^": "",
    "½": " 1/2", "¼": " 1/4", "¾": " 3/4", "№": "c.", "°": " st.", "±": "+-", "≤": "<", "≥": ">",
    "→": "-", "✓": "",
}  # fmt: skip
_DRAWN = frozenset(
    {"So", "Sk", "Mn", "Me", "Cf", "Co", "Cn"}
)  # emoji and their like: the text says the same without


class CostKind(StrEnum):
    """Why a character is dear: the alphabet lacks it, or it counts as two."""

    FOREIGN = "foreign"
    DOUBLE = "double"


@dataclass(frozen=True, kw_only=True, slots=True)
class Cost:
    """A dear character, how often it stands there, and what to write instead; None: only a person knows."""

    character: str
    kind: CostKind
    count: int
    instead: str | None


def list_costs(text: str) -> tuple[Cost, ...]:
    """Return what is dear in a text as it would be sent, each once, the dearest kind first.

    Beside a foreign character nothing counts as two: every character has sixteen bits then.
    """
    counted = Counter(fold_text(text).text)
    foreign = [_cost(each, CostKind.FOREIGN, counted) for each in counted if each not in SEPTETS]
    double = [_cost(each, CostKind.DOUBLE, counted) for each in counted if SEPTETS.get(each) == 2]
    return tuple(foreign or double)


def write_instead(text: str, character: str) -> str:
    """Return the text with what is cheaper instead of the character, where that is known."""
    instead = find_instead(character)
    return text if instead is None else unicodedata.normalize("NFC", text).replace(character, instead)


def find_instead(character: str) -> str | None:
    """Return what says the same for less, None if nothing does."""
    if character in _INSTEAD:
        return _INSTEAD[character]
    return "" if unicodedata.category(character) in _DRAWN else None


def _cost(character: str, kind: CostKind, counted: Mapping[str, int]) -> Cost:
    return Cost(character=character, kind=kind, count=counted[character], instead=find_instead(character))
