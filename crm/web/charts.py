"""Where the parts of a chart stand: pure arithmetic, from counts to the attributes of SVG.

Across is in per cent, so that a chart fills whatever width it has while its words keep their size; down is in pixels.
"""

from collections.abc import Sequence
from dataclasses import dataclass

_STEPS = (1, 1.5, 2, 3, 4, 5, 6, 8, 10)
_GAP = 0.25  # of a column's room
_LEAST_HEIGHT = 2.0  # what is not nothing is seen
_LEAST_WIDTH = 0.6


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: where its room begins and ends, the bar in it, and the part of the bar that stands out."""

    room_x: str
    room_width: str
    x: str
    width: str
    middle: str
    top: float
    height: float
    part_top: float
    part_height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A lying bar and the part of it that stands out, from the left."""

    width: str
    part_width: str


def lay_out_columns(
    counts: Sequence[tuple[int, int]], *, most: int, top: float, bottom: float
) -> list[Column]:
    """Return a column for each (whole, part): `most` reaches from the bottom to the top, nothing stands at zero."""
    room = 100 / max(len(counts), 1)
    return [
        _column(number, room, (_height(whole, most, bottom - top), _height(part, most, bottom - top)), bottom)
        for number, (whole, part) in enumerate(counts)
    ]


def lay_out_bar(whole: int, part: int, *, most: int) -> Bar:
    """Return the bar of a count beside others, of which the largest is `most`."""
    return Bar(width=_percent(_width(whole, most)), part_width=_percent(_width(part, most)))


def round_up(most: int) -> int:
    """Return the next number that people count in, a whole one: 1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30 and so on."""
    scale = 1.0
    while True:
        for step in _STEPS:
            if most <= step * scale and (step * scale).is_integer():
                return int(step * scale)
        scale *= 10


def _column(number: int, room: float, heights: tuple[float, float], bottom: float) -> Column:
    height, part_height = heights
    return Column(
        room_x=_percent(room * number),
        room_width=_percent(room),
        x=_percent(room * (number + _GAP / 2)),
        width=_percent(room * (1 - _GAP)),
        middle=_percent(room * (number + 0.5)),
        top=bottom - height,
        height=height,
        part_top=bottom - part_height,
        part_height=part_height,
    )


def _height(count: int, most: int, room: float) -> float:
    return max(round(room * count / most, 1), _LEAST_HEIGHT) if count and most else 0.0


def _width(count: int, most: int) -> float:
    return max(100 * count / most, _LEAST_WIDTH) if count and most else 0.0


def _percent(number: float) -> str:
    return f"{number:.4g}%"
