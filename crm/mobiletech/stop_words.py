"""The words that ask us to stop, and how any text is folded before words are compared.

Source: interface.md 8, STOP words. What people make of them is read by `crm.mobiletech.stop`.
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
