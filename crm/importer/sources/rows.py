"""Rows of CSV, each with the line where it begins and the place where it ends."""

import csv
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from crm.core.errors import N_
from crm.importer.errors import SourceError
from crm.importer.faults import Fault
from crm.importer.sources.lines import LONGEST_LINE, Lines

MOST_COLUMNS = 200
MOST_CELLS = 1000  # of a row: a wrong one has some too many, a hostile one a million

# A row ends where `Lines` says so at the latest, in a sentence of ours.
csv.field_size_limit(LONGEST_LINE)

# By a word in what Python's csv says.
_FAULTS = (
    ("new-line", N_("Line %(line)s has a carriage return in the midst of it, outside of quotation marks.")),
    ("unexpected end", N_("A quotation mark in line %(line)s is never closed: was the file cut off?")),
    (
        "expected after",
        N_(
            "In line %(line)s something follows a closing quotation mark: one within a value is written twice."
        ),
    ),
)


class Row(NamedTuple):
    """The cells of one row; `end` and `lines` say where the next one begins. `odd` is what is wrong with all of it."""

    line: int
    cells: Sequence[str]
    end: int
    lines: int
    odd: Fault | None = None


def read_csv(lines: Lines, delimiter: str, width: int) -> Iterator[Row]:
    """Give the rows that are left; empty lines are none, nor are rows without a value.

    A table program makes all rows as wide as the widest: empty cells beyond the width are cut.
    Raises: SourceError where quotation marks are wrong, and for a row beyond all measure.
    """
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    begins = lines.begin_row()
    try:
        for cells in reader:
            if len(cells) > MOST_CELLS:
                raise _too_wide(begins, len(cells))
            if any(map(str.strip, cells)):
                if len(cells) > width and not any(map(str.strip, cells[width:])):
                    del cells[width:]
                yield Row(begins, cells, lines.position, lines.number)
            begins = lines.begin_row()
    except csv.Error as error:
        raise SourceError(_told(str(error)), line=begins) from error


def _too_wide(line: int, count: int) -> SourceError:
    return SourceError(
        N_("Line %(line)s has %(count)s values: this is no list of rows."), line=line, count=count
    )


def _told(why: str) -> str:
    known = (told for word, told in _FAULTS if word in why)
    return next(known, N_("Line %(line)s cannot be read as CSV."))
