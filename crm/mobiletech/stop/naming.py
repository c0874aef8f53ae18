"""Which keyword does a STOP name? Pure."""

from collections.abc import Collection, Sequence

from crm.mobiletech.rules.matching import SHORTEST_TYPO, is_one_error_away
from crm.mobiletech.stop import vocabulary as known
from crm.mobiletech.stop.names import Names
from crm.mobiletech.stop.tokens import ASKING, Kind, Token

_PASSED = ASKING | {Kind.WANT, Kind.OURS, Kind.MINE, Kind.FILLING}


def find_keyword(tokens: Sequence[Token], places: Collection[int], names: Names) -> str | None:
    """Return the one keyword beside the STOP words at these places; None, which is everything, for none or two.

    Between them may stand what says nothing. "Nothing more" or "all" anywhere takes back what is named.
    """
    if not names.keywords:
        return None
    if any(token.word in known.EVERYTHING for token in tokens):
        return None
    named = _named_beside(tokens, frozenset(places), names)
    return named.pop() if len(named) == 1 else None


def _named_beside(tokens: Sequence[Token], places: frozenset[int], names: Names) -> set[str]:
    """Return the keywords of each run of words, up to those that mean something else, in which a STOP stands."""
    named: set[str] = set()
    run: set[str] = set()
    has_stop, at = False, 0
    while at < len(tokens):
        found = _keyword_at(tokens, at, names)
        if found is not None:
            run.add(found[1])
        elif tokens[at].kind in _PASSED:
            has_stop = has_stop or at in places
        else:
            named |= run if has_stop else set()
            run, has_stop = set(), False
        at += found[0] if found is not None else 1
    return named | (run if has_stop else set())


def _keyword_at(tokens: Sequence[Token], at: int, names: Names) -> tuple[int, str] | None:
    """Return the longest keyword that begins at a place, with how many words it has."""
    for length in range(names.longest, 0, -1):
        words = tuple(token.word for token in tokens[at : at + length])
        if words in names.by_words:
            return len(words), names.by_words[words]
    return _misspelt(tokens[at], names)


def _misspelt(token: Token, names: Names) -> tuple[int, str] | None:
    """Return the only keyword that is one typing error away from a word that means nothing by itself."""
    if token.kind not in (Kind.OTHER, Kind.OURS) or len(token.word) < SHORTEST_TYPO:
        return None
    meant = [keyword for keyword in names.keywords if is_one_error_away(keyword, token.word)]
    return (1, meant[0]) if len(meant) == 1 else None
