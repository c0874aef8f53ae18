"""Fold a text to the GSM alphabet, so that one Slovak letter does not make an SMS twice as dear.

Of the Slovak letters only ä, é, Ä and É are in the alphabet. Any other would turn the whole SMS into
UCS-2 with 70 characters instead of 160; a non-breaking space or a curly quote does the same, unseen.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from crm.core.plain_letters import REPLACEMENTS
from crm.mobiletech.wire.gsm7 import SEPTETS, is_gsm7

# The accents of Latin letters. Marks of other scripts are part of their letters: Hindi without them is no Hindi.
_FIRST_ACCENT, _LAST_ACCENT = "\u0300", "\u036f"
_LINE_END = re.compile("\r\n|[\r\v\f\u0085\u2028\u2029]")
_UNSENDABLE = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")

Replacement = tuple[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Folded:
    """A text and what was changed in it.

    Shape: `replaced` has (from, to) once for each character, in the order of its first occurrence.
    """

    text: str
    replaced: tuple[Replacement, ...]


def clean_text(text: str) -> Folded:
    """Make a text fit for any SMS: line ends become LF, a tab a space, other control characters vanish.

    A phone shows none of them, XML refuses most, and half a surrogate pair is no character at all.
    """
    return _replace_each(_LINE_END.sub("\n", text), _clean_character)


def fold_text(text: str) -> Folded:
    """Clean a text and write it in the GSM alphabet as far as that can be done.

    What has no plain likeness, such as Cyrillic or an emoji, stays, and makes the SMS UCS-2.
    """
    # Composed first, so that a letter and its accent typed apart count as the letter they are.
    return _replace_each(unicodedata.normalize("NFC", _LINE_END.sub("\n", text)), _fold_character)


def _replace_each(text: str, replace: Callable[[str], str]) -> Folded:
    written = {character: replace(character) for character in dict.fromkeys(text)}
    return Folded(
        text="".join(written[character] for character in text),
        replaced=tuple((before, after) for before, after in written.items() if before != after),
    )


def _clean_character(character: str) -> str:
    if character == "\t":
        return " "
    return "" if _UNSENDABLE.match(character) else character


def _fold_character(character: str) -> str:
    if character in SEPTETS:
        return character
    if character in REPLACEMENTS:
        return REPLACEMENTS[character]
    # "2½" must not become "21/2", nor "10²" become "102": a wrong number is worse than a dear SMS.
    if unicodedata.category(character) == "No":
        return character
    plain = "".join(
        REPLACEMENTS.get(part, part)
        for part in unicodedata.normalize("NFKD", _clean_character(character))
        if not _FIRST_ACCENT <= part <= _LAST_ACCENT
    )
    return plain if is_gsm7(plain) else character
