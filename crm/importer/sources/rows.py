"""Rows of CSV and of JSON Lines, each with the line where it begins and the place where it ends."""

import csv
import json
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from crm.core.errors import N_
from crm.importer.errors import SourceError
from crm.importer.faults import Fault
from crm.importer.sources.lines import Lines

MOST_COLUMNS = 200
LONGEST_CELL = 128 * 1024  # of the csv module; a quote that is never closed ends there


class Row(NamedTuple):
    """The cells of one row; `end` and `lines` say where the next one begins. `odd` is what is wrong with all of it."""

    line: int
    cells: Sequence[str]
    end: int
    lines: int
    odd: Fault | None = None


def read_csv(lines: Lines, delimiter: str) -> Iterator[Row]:
    """Give the rows that are left; empty lines are none.

    Raises: SourceError where a quote is not closed.
    """
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    begins = lines.number + 1
    try:
        for cells in reader:
            if cells:
                yield Row(begins, cells, lines.position, lines.number)
            begins = lines.number + 1
    except csv.Error as error:
        told = N_(
            "Line %(line)s cannot be read as CSV: %(why)s. Is a quotation mark not closed, or not doubled?"
        )
        raise SourceError(told, line=begins, why=str(error)) from error


def read_jsonl(lines: Lines, header: Sequence[str]) -> Iterator[Row]:
    """Give the rows that are left, each with its values in the order of the header."""
    for text in lines:
        if text.strip():
            cells, odd = _read_object(text, header)
            yield Row(lines.number, cells, lines.position, lines.number, odd)


def read_keys(text: str) -> list[str]:
    """Return the keys of a JSON object. Raises: SourceError if it is none."""
    read = _loads(text)
    if not isinstance(read, dict):
        raise SourceError(N_("The first line is no JSON object."))
    return list(read)


def _read_object(text: str, header: Sequence[str]) -> tuple[Sequence[str], Fault | None]:
    read = _loads(text)
    if not isinstance(read, dict):
        shown = text.strip().replace("\0", "")
        return [shown], Fault(column="", value=shown, code="json", message=N_("This line is no JSON object."))
    cells = [_cell(read.get(key)) for key in header]
    unknown = [key for key in read if key not in header]
    if unknown:
        told = N_("The first lines of the file do not have this key.")
        return cells, Fault(column=_plain(unknown[0]), value="", code="unknown_column", message=told)
    bare = [_plain(cell) for cell in cells]
    if bare != cells:
        told = N_("This has a sign in it that no text has.")
        places = [key for key, cell, plain in zip(header, cells, bare, strict=True) if cell != plain]
        return bare, Fault(column=places[0], value="", code="control_character", message=told)
    return cells, None


def _plain(text: str) -> str:
    """Return the text without what PostgreSQL cannot keep: NUL, and halves of signs."""
    return text.replace("\0", "").encode(errors="ignore").decode()


def _loads(text: str) -> Any:
    try:
        return json.loads(text, parse_float=Decimal, parse_int=Decimal)
    except (ValueError, RecursionError, ArithmeticError):
        return None


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, (str, Decimal)):
        return str(value)
    return json.dumps(value, ensure_ascii=False, default=str)
