"""What was measured, as values and as a table."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

HEADINGS = ("figure", "measured", "limit in the same run", "ratio", "target", "reached")


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """One line of the table; `value` and `limit` have the same unit."""

    what: str
    value: float
    unit: str
    limit_is: str
    limit: float
    target: str
    is_met: bool
    note: str = ""

    @property
    def ratio(self) -> float:
        return self.value / self.limit

    def cells(self) -> tuple[str, ...]:
        """Return the line, without the note."""
        return (
            self.what,
            f"{_number(self.value)} {self.unit}",
            f"{_number(self.limit)} {self.unit} ({self.limit_is})",
            f"{self.ratio:.2f}" if self.ratio < 10 else f"{self.ratio:.0f}",
            self.target,
            "yes" if self.is_met else "NO",
        )


def say(text: str) -> None:
    """Tell the person who waits what is being done."""
    print(f"  {text}", flush=True)


def as_text(figures: Iterable[Figure]) -> str:
    """Return the table for a terminal."""
    rows = [HEADINGS, *(figure.cells() for figure in figures)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def as_markdown(figures: Sequence[Figure]) -> str:
    """Return the table for the results file, with the notes below it."""
    rows = [HEADINGS, ("---",) * len(HEADINGS), *(figure.cells() for figure in figures)]
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    notes = "\n".join(f"- {figure.what}: {figure.note}" for figure in figures if figure.note)
    return f"{table}\n\n{notes}\n"


def listed(values: Iterable[float]) -> str:
    """Return the values of the rounds for a note."""
    return ", ".join(map(_number, values))


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}"
