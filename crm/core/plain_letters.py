"""Write letters and signs plainly: what stands for them where an alphabet lacks them."""

import re
import unicodedata

# What Unicode's own decomposition does not know, or does worse: Hungarian ő is nearer to ö than to o.
_SPELLED = {
    "ő": "ö", "Ő": "Ö", "ű": "ü", "Ű": "Ü", "đ": "d", "Đ": "D", "ł": "l", "Ł": "L", "ı": "i",
    "œ": "oe", "Œ": "OE", "ð": "d", "Ð": "D", "þ": "th", "Þ": "Th", "ẞ": "SS",
    "©": "(c)", "®": "(R)", "×": "x", "÷": ":", "⁄": "/", "·": ".", "•": "-", "«": '"', "»": '"',
}  # fmt: skip
_ALIKE = {
    "'": "‘’‚‛′‹›`´ʼ",
    '"': "“”„‟″",
    "-": "‐‑‒–—―−⁃",
    " ": "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000",
    "...": "…",
    "": "\u00ad\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e"
    "\u2060\u2061\u2062\u2063\u2064\u2066\u2067\u2068\u2069\ufe0e\ufe0f\ufeff",
}
REPLACEMENTS = _SPELLED | {character: plain for plain, alike in _ALIKE.items() for character in alike}

# Of the alphabet of SMS (GSM-7), but not of ASCII, and without a decomposition.
_IN_ASCII = REPLACEMENTS | {
    "ß": "ss", "æ": "ae", "Æ": "AE", "ø": "o", "Ø": "O", "€": "EUR", "£": "GBP", "¥": "JPY", "§": "par.",
}  # fmt: skip
_UNPRINTED = re.compile("[\x00-\x1f\x7f]")


def to_ascii(text: str) -> str:
    """Write a text in printable ASCII: `ä` becomes `a`, `€` becomes `EUR`; what has no likeness vanishes.

    White space of any kind becomes one space, none at either end.
    """
    composed = unicodedata.normalize("NFC", " ".join(text.split()))
    spelled = "".join(_IN_ASCII.get(character, character) for character in composed)
    apart = "".join(_IN_ASCII.get(part, part) for part in unicodedata.normalize("NFKD", spelled))
    plain = _UNPRINTED.sub("", apart.encode("ascii", "ignore").decode())
    return " ".join(plain.split())
