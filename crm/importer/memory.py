"""What an import keeps in mind from batch to batch, so as not to ask for each of a million rows what is known."""

from collections.abc import Collection

MOST_NUMBERS = 150_000


class Memory:
    """It may be wrong about nothing: a batch that was undone begins a new one.

    `all_are_new` until a row was here already: the first evening brings nothing but new ones.
    """

    def __init__(self) -> None:
        self.all_are_new = True
        self._numbers: set[str] = set()

    def list_unnoted(self, numbers: Collection[str]) -> set[str]:
        """Return those of the numbers that were not noted a short while ago: most readers wrote before."""
        return set(numbers) - self._numbers

    def note(self, numbers: Collection[str]) -> None:
        """Keep numbers in mind, and no more than MOST_NUMBERS."""
        if len(self._numbers) + len(numbers) > MOST_NUMBERS:
            self._numbers.clear()
        self._numbers.update(numbers)
