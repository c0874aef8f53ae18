"""Does a text fit a keyword, and if not, how near was it? Pure: folded texts in, answers out.

Source: interface.md 5 (rules: exact, starts_with, typo). Folded is what `fold_words` makes: capitals, no
diacritics, no punctuation, words parted by one space.
"""

from collections.abc import Callable, Mapping
from enum import IntEnum, StrEnum

SHORTEST_TYPO = 4  # letters: with one error allowed, a shorter word would be half of the dictionary


class Match(StrEnum):
    """How the text of an SMS must fit the keyword of a rule."""

    EXACT = "exact"  # the whole text
    STARTS_WITH = "starts_with"  # its first whole words
    TYPO = "typo"  # the whole text, with one typing error at most


class Nearness(IntEnum):
    """Why a rule did not fit, the nearest miss last."""

    OTHER = 0
    INSIDE = 1  # the keyword stands in the text, among other words
    ONE_ERROR = 2  # one typing error away
    SHORT_NUMBER = 3  # it fits, and the SMS came to another short number
    OFF = 4  # it fits, and is switched off


def fits(match: Match, keyword: str, text: str) -> bool:
    """Return whether a folded text fits a folded keyword."""
    return bool(keyword) and _FITS[match](keyword, text)


def nearness(match: Match, keyword: str, text: str) -> Nearness:
    """Return how near a text was that does not fit."""
    if match is not Match.TYPO and is_one_error_away(keyword, text):
        return Nearness.ONE_ERROR
    return Nearness.INSIDE if f" {keyword} " in f" {text} " else Nearness.OTHER


def is_one_error_away(one: str, other: str) -> bool:
    """Return whether one letter more, less or another, or two neighbours swapped, makes one of the other."""
    if len(one) > len(other):
        one, other = other, one
    if len(other) - len(one) > 1 or one == other:
        return False
    start = _first_difference(one, other)
    if len(one) < len(other):
        return one[start:] == other[start + 1 :]
    if one[start + 1 :] == other[start + 1 :]:
        return True
    is_swap = one[start : start + 2] == other[start : start + 2][::-1]
    return is_swap and one[start + 2 :] == other[start + 2 :]


def count_letters(keyword: str) -> int:
    """Return how many letters and digits a folded keyword has."""
    return len(keyword.replace(" ", ""))


def _first_difference(one: str, other: str) -> int:
    for place, (letter, another) in enumerate(zip(one, other, strict=False)):
        if letter != another:
            return place
    return len(one)


def _is_same(keyword: str, text: str) -> bool:
    return keyword == text


def _starts_with(keyword: str, text: str) -> bool:
    return keyword == text or text.startswith(f"{keyword} ")


def _is_almost(keyword: str, text: str) -> bool:
    return keyword == text or is_one_error_away(keyword, text)


_FITS: Mapping[Match, Callable[[str, str], bool]] = {
    Match.EXACT: _is_same,
    Match.STARTS_WITH: _starts_with,
    Match.TYPO: _is_almost,
}
