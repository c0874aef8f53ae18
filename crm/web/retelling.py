"""Sentences of ours that were stored as they were said, in English, told again in the language of the page.

A reason stands in the row of the message that it stopped, with names and numbers in its places. The catalogue
has the sentence with its places open, so the two can be matched. What a code means may be staff's own words, which
they wrote in both languages. What others said stays as they said it.
"""

import re
from ast import literal_eval
from contextlib import suppress
from functools import lru_cache
from itertools import chain, zip_longest

from crm.web.languages import SOURCE, get_language, read_catalogue, read_translations
from crm.web.status_words import find_own_meaning

# Where the sentences come from that are stored, and the pieces that stand in their places.
_SAID_IN = (
    "crm/core/",
    "crm/importer/",
    "crm/mobiletech/",
    "crm/payments/",
    "crm/sms_billing/",
    "crm/subscriptions/",
)
_PLACE = re.compile(r"%\((\w+)\)([rs])")


def retell(stored: str) -> str:
    """Return a stored sentence in the language of the page; one that is not ours comes back as it is."""
    language = get_language()
    if language == SOURCE:
        return stored
    return find_own_meaning(stored) or _retold(language, stored)


@lru_cache(maxsize=4096)
def _retold(language: str, stored: str) -> str:
    for pattern, message in _patterns(language):
        if found := pattern.fullmatch(stored):
            sentence = read_translations(language).ugettext(message)
            fields = {name: _value(found[name], kind, language) for name, kind in _PLACE.findall(message)}
            return sentence % fields if fields else sentence
    return stored


def _value(written: str, kind: str, language: str) -> object:
    """Return what stood in a place: a text in quotation marks (`%(code)r`), or words that may be ours again."""
    if kind == "r":
        with suppress(ValueError, SyntaxError):
            return literal_eval(written)
    return _retold(language, written)


@lru_cache
def _patterns(language: str) -> list[tuple[re.Pattern[str], str]]:
    """Return what recognises each sentence, the one with the most words of its own first.

    A single word is left out: in a place it may as well be somebody's name for a template.
    """
    try:
        catalogue = read_catalogue(language)
    except OSError:
        return []
    ours = [
        message.id
        for message in catalogue
        if isinstance(message.id, str) and " " in message.id and _is_stored(message.locations)
    ]
    return [(_pattern(message), message) for message in sorted(ours, key=_own_length, reverse=True)]


def _is_stored(locations: list[tuple[str, int]]) -> bool:
    return any(path.startswith(_SAID_IN) for path, _ in locations)


def _own_length(message: str) -> int:
    return len(_PLACE.sub("", message))


def _pattern(message: str) -> re.Pattern[str]:
    """Turn `There is no SMS template %(code)r.` into what matches it with any code in its place."""
    pieces = _PLACE.split(message)  # words, name, kind, words, name, kind, …, words
    words = [re.escape(piece.replace("%%", "%") if len(pieces) > 1 else piece) for piece in pieces[::3]]
    places = [f"(?P<{name}>.*?)" for name in pieces[1::3]]
    return re.compile("".join(chain(*zip_longest(words, places, fillvalue=""))), re.DOTALL)
