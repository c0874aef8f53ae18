"""What differs between two texts, word by word; a place for a value is one word."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

_WORD = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\w+|\s+|.", re.DOTALL)


class PieceKind(StrEnum):
    """Whether a piece stands in both texts, only in the newer or only in the older one."""

    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Piece:
    """Some words in a row of the same kind."""

    kind: PieceKind
    text: str


def compare_texts(old: str, new: str) -> Sequence[Piece]:
    """Return both texts as one; what was removed stands before what came in its place."""
    return list(_pieces(_WORD.findall(old), _WORD.findall(new)))


def _pieces(old: Sequence[str], new: Sequence[str]) -> Iterator[Piece]:
    for tag, start, end, new_start, new_end in SequenceMatcher(None, old, new).get_opcodes():
        before, after = "".join(old[start:end]), "".join(new[new_start:new_end])
        if tag == "equal":
            yield Piece(PieceKind.SAME, before)
            continue
        if before:
            yield Piece(PieceKind.REMOVED, before)
        if after:
            yield Piece(PieceKind.ADDED, after)
