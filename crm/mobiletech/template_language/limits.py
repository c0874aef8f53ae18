"""How large a template, its values and its text may become: each bound stops one kind of bomb."""

from typing import Final

MAX_SOURCE_CHARACTERS: Final = 2_000
MAX_TEXT_CHARACTERS: Final = 1_000
MAX_VALUE_CHARACTERS: Final = 20_000  # an inbound text of 10 kB may be a value that slice makes short
MAX_NUMBER: Final = 10**30
MAX_FRACTION_DIGITS: Final = 30
MAX_NESTING_IN_TAG: Final = 25  # brackets and operators of one tag; Python gives up at about 90
MAX_NESTED_IFS: Final = 10
CACHED_TEMPLATES: Final = 512
