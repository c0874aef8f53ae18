"""Does this text ask us to stop? Pure; the full matcher with keywords and typing errors comes with the money.

Source: interface.md 8, STOP words.
"""

import re
import unicodedata

STOP_WORDS = frozenset(
    {"STOP", "ZRUSIT", "ODHLASIT", "KONIEC", "UKONCIT", "NECHCEM", "UZ NEPOSIELAJTE"},
)
_NOT_A_WORD = re.compile(r"[^A-Z0-9]+")


def fold_words(text: str) -> str:
    """Return the text in capitals without diacritics and punctuation, words parted by one space."""
    if not text.isascii():
        signs = unicodedata.normalize("NFKD", text)
        text = "".join(sign for sign in signs if not unicodedata.combining(sign))
    return _NOT_A_WORD.sub(" ", text.upper()).strip()


def is_stop(text: str) -> bool:
    """Return whether the text is a STOP word, or STOP with a keyword in either order."""
    return are_stop_words(fold_words(text))


def are_stop_words(words: str) -> bool:
    """Return the same for a text that is folded already."""
    first, _, rest = words.partition(" ")
    last = words.rpartition(" ")[2]
    return words in STOP_WORDS or ("STOP" in (first, last) and len(rest.split()) == 1)
