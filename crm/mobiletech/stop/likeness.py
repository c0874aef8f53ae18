"""Is a word like a STOP word, though no single typing error makes it one? Pure."""

from crm.mobiletech.stop import vocabulary as known

_ERRORS = 2
_SHORTEST = 3


def is_alike(word: str) -> bool:
    """Return whether the word is a real one that is one error away, or any that is two errors away."""
    if word in known.NOT_ERRORS:
        return True
    if word in known.NOT_ALIKE or len(word) < _SHORTEST:
        return False
    return any(_is_near(meant, word) for meant in known.TOLERANT)


def _is_near(meant: str, word: str) -> bool:
    if abs(len(meant) - len(word)) > _ERRORS:
        return False
    # Of four letters two are half of the word: at least its sounds must be there.
    if meant == known.STOP and not (word[0] in "ST" and {"T", "P"} <= set(word)):
        return False
    return _count_errors(meant, word) <= _ERRORS


def _count_errors(one: str, other: str) -> int:
    """Return the distance with swaps of neighbours (optimal string alignment) of two short words."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, start=1):
        now = [i]
        for j, another in enumerate(other, start=1):
            cost = min(row[j] + 1, now[j - 1] + 1, row[j - 1] + (letter != another))
            if i > 1 and j > 1 and one[i - 2 : i] == another + other[j - 2]:
                cost = min(cost, before[j - 2] + 1)
            now.append(cost)
        before, row = row, now
    return row[-1]
