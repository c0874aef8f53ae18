"""Part a source into what is sent as it stands and the tags between, also one that cannot be read yet."""

import re
from collections.abc import Callable
from typing import Final

_TAG: Final = re.compile(
    r"""(
        \{\{ (?: '[^']*' | "[^"]*" | (?!\}\}). )*+ \}\}
      | \{% (?: '[^']*' | "[^"]*" | (?!%\}). )*+ %\}
      | \{\# .*? \#\}
    )""",
    re.DOTALL | re.VERBOSE,
)


def literal_text(source: str) -> str:
    """Return what of a source is sent as it stands."""
    return "".join(_TAG.split(source)[::2])


def change_literals(source: str, change: Callable[[str], str]) -> str:
    """Return the source with only that changed which is sent as it stands."""
    pieces = _TAG.split(source)
    pieces[::2] = [change(piece) for piece in pieces[::2]]
    return "".join(pieces)
