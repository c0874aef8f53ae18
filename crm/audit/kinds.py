"""What an invariant is, and what breaks one."""

from dataclasses import dataclass
from typing import Any

SHOWN = 20


@dataclass(frozen=True, slots=True)
class Invariant:
    """What must hold, in words, and the query for what breaks it (at most SHOWN rows are read)."""

    name: str
    meaning: str
    query: str


@dataclass(frozen=True, slots=True)
class Finding:
    """Rows that break an invariant."""

    invariant: Invariant
    rows: tuple[dict[str, Any], ...]
