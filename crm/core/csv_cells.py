"""Cells of a CSV that a spreadsheet shows and does not run.

A cell that begins as a formula does gets an apostrophe in front. Source: OWASP, CSV injection; ASVS 1.2.10.
"""

import csv
from collections.abc import Iterable
from io import StringIO

# Also the full-width forms, which spreadsheets of East Asia read as the plain ones.
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
ESCAPE = "'"
_ESCAPED = (*FORMULA_SIGNS, ESCAPE)  # of a file that comes back: else nobody knew whose apostrophe it is


def safe_cell(value: object) -> str:
    """Return the cell's text."""
    text = "" if value is None else str(value)
    return f"{ESCAPE}{text}" if text.startswith(FORMULA_SIGNS) else text


def csv_lines(rows: Iterable[Iterable[object]]) -> str:
    """Return rows as lines of CSV."""
    written = StringIO()
    csv.writer(written).writerows([safe_cell(value) for value in row] for row in rows)
    return written.getvalue()


def escape(cell: str) -> str:
    """Return the text of a cell that is read again: `unescape` makes of it what it was."""
    return f"{ESCAPE}{cell}" if cell.startswith(_ESCAPED) else cell


def unescape(cell: str) -> str:
    """Return what was escaped."""
    return cell[1:] if cell[:1] == ESCAPE and cell[1:].startswith(_ESCAPED) else cell
