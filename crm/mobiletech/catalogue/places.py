"""What several parts of the catalogue share: operators and short numbers as people give them."""

import re
from collections.abc import Iterable

from crm.core.errors import N_
from crm.mobiletech.catalogue.errors import InvalidEntryError
from crm.mobiletech.wire.operators import Operator

SHORT_NUMBER = re.compile(r"[0-9]{3,6}", re.ASCII)
LONGEST_NOTE = 500


def checked_operators(letters: Iterable[str]) -> list[str]:
    """Return the operators in their order; all of them are none, which means the same. Raises: InvalidEntryError."""
    wanted = set(letters)
    for letter in wanted - set(Operator):
        raise InvalidEntryError(
            N_("%(letter)r is none of T, O, 2 and S."), letter=letter[:20], field="operators"
        )
    return [] if wanted == set(Operator) else [each.value for each in Operator if each in wanted]


def checked_short_number(field: str, text: str) -> str:
    """Return a short number. Raises: InvalidEntryError."""
    if not SHORT_NUMBER.fullmatch(text.strip()):
        raise InvalidEntryError(N_("A short number has 3 to 6 digits, such as 8877."), field=field)
    return text.strip()


def checked_note(field: str, text: str, *, longest: int = LONGEST_NOTE) -> str:
    """Return a line of words that can be stored. Raises: InvalidEntryError."""
    written = text.strip()
    if len(written) > longest or "\0" in written:
        raise InvalidEntryError(N_("Write at most %(most)s characters."), most=longest, field=field)
    return written
