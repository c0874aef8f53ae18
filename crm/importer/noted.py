"""Numbers that an import has noted already: asking for each of a million again costs more than the message."""

from collections.abc import Collection

MOST_NOTED = 150_000


class Noted:
    """The numbers that were noted a short while ago: most of a file are of readers who wrote before."""

    def __init__(self) -> None:
        self._numbers: set[str] = set()

    def among(self, numbers: Collection[str]) -> set[str]:
        """Return those that were not noted."""
        return set(numbers) - self._numbers

    def add(self, numbers: Collection[str]) -> None:
        """Keep them in mind, and no more than MOST_NOTED."""
        if len(self._numbers) + len(numbers) > MOST_NOTED:
            self._numbers.clear()
        self._numbers.update(numbers)
