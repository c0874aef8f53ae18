"""Cells of a CSV that a spreadsheet shows and does not run.

A cell that begins as a formula does gets an apostrophe in front. Source: OWASP, CSV injection; ASVS 1.2.10.
"""

import csv
from collections.abc import Iterable
from io import StringIO

# Also the full-width forms, which spreadsheets of East Asia read as the plain ones.
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def safe_cell(value: object) -> str:
    """Return the cell's text."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(FORMULA_SIGNS) else text


def csv_lines(rows: Iterable[Iterable[object]]) -> str:
    """Return rows as lines of CSV."""
    written = StringIO()
    csv.writer(written).writerows([safe_cell(value) for value in row] for row in rows)
    return written.getvalue()
