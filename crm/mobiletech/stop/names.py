"""The keywords that a STOP can name, ready to be found: as they are, and as Slovak bends them. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

_ENDINGS = ("", *"AUEYIO", "OM", "AM", "OV", "EM", "EJ", "OU", "ACH", "AMI")
_VOWELS = "AEIOUY"
_SHORTEST_STEM = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What names a keyword: its words as they are, or its one word as it is bent."""

    keywords: frozenset[str]
    parts: frozenset[str]  # every word that stands in one of them, bent or not
    by_words: Mapping[tuple[str, ...], str]
    longest: int  # words


@lru_cache(maxsize=16)
def names_of(keywords: frozenset[str]) -> Names:
    """Return the names of the folded keywords; a form that could be bent from two is none's."""
    exact = {tuple(keyword.split()): keyword for keyword in keywords}
    bent: dict[str, set[str]] = {}
    for keyword in keywords:
        for form in _forms(keyword):
            bent.setdefault(form, set()).add(keyword)
    by_words = {(form,): next(iter(meant)) for form, meant in bent.items() if len(meant) == 1} | exact
    return Names(
        keywords=keywords,
        parts=frozenset(part for words in by_words for part in words),
        by_words=by_words,
        longest=max(map(len, by_words), default=0),
    )


def _forms(keyword: str) -> Iterable[str]:
    """Return how the word ends in other cases: NOVINY, NOVINAM; KLUB, KLUBU."""
    stem = keyword[:-1] if keyword[-1:] in _VOWELS else keyword
    return [stem + ending for ending in _ENDINGS] if len(stem) >= _SHORTEST_STEM and " " not in stem else []
