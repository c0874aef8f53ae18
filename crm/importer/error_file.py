"""The rows that an import refused, as a CSV file that can be mended and imported again by itself.

A row keeps its shape, for what is wrong may be just that: one with too few or too many values is written so. The
columns have our names, so the file needs no mapping; those that were left out are, and are named for it.
"""

import csv
from collections.abc import Iterator, Sequence
from io import StringIO

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.core.csv_cells import escape
from crm.importer.faults import Fault, read_fault
from crm.importer.layouts import ERROR_COLUMNS, NOT_IMPORTED, Layout, read_layout
from crm.importer.models import ImportRefusal, ImportRun
from crm.importer.sources.objects import shown

PAGE = 1000
BOM = "\ufeff"


def list_refusals(
    session: Session, run: ImportRun, *, after: int = 0, limit: int = PAGE
) -> Sequence[ImportRefusal]:
    """Return refused rows after a line, in the order of the file."""
    found = select(ImportRefusal).where(ImportRefusal.import_id == run.id, ImportRefusal.line > after)
    return session.execute(found.order_by(ImportRefusal.line).limit(limit)).scalars().all()


def faults_of(refusal: ImportRefusal) -> list[Fault]:
    """Return what is wrong with a refused row."""
    return [read_fault(each) for each in refusal.faults]


def write_errors(session: Session, run: ImportRun) -> Iterator[str]:
    """Give the file piece by piece: the line of each row, what was wrong with it, and its values."""
    layout = read_layout(run.layout)
    delimiter = layout.delimiter or ","
    telling = frozenset(place for place, name in enumerate(layout.header) if name in ERROR_COLUMNS)
    names = [name for place, name in enumerate(_names(layout)) if place not in telling]
    yield BOM + _line([*ERROR_COLUMNS, *names], delimiter)
    after = 0
    while refusals := list_refusals(session, run, after=after):
        after = refusals[-1].line
        for refusal in refusals:
            told = "; ".join(map(str, faults_of(refusal)))
            cells = [cell for place, cell in enumerate(refusal.cells) if place not in telling]
            yield _line([str(refusal.line), *map(escape, (told, *cells))], delimiter)
        session.expunge_all()


def _names(layout: Layout) -> list[str]:
    """Return our name of each column, and of one that was left out the file's own, marked."""
    return [
        ours or f"{NOT_IMPORTED}{shown(name).removeprefix(NOT_IMPORTED).strip()}"
        for name, ours in zip(layout.header, layout.columns, strict=True)
    ]


def _line(cells: Sequence[str], delimiter: str) -> str:
    written = StringIO()
    csv.writer(written, delimiter=delimiter, lineterminator="\r\n").writerow(cells)
    return written.getvalue()
